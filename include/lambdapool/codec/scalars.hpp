// Codecs of numbers, enumerations, strings, time and of the views that arguments may be.
#pragma once

#include <array>
#include <chrono>
#include <complex>
#include <limits>
#include <ratio>
#include <span>
#include <string>
#include <string_view>

#include "lambdapool/codec/bytes.hpp"
#include "lambdapool/codec/schema.hpp"

namespace lambdapool {

template <class T>
  requires(std::is_arithmetic_v<T> || std::is_enum_v<T>)
struct Codec<T> {
  static constexpr std::uint64_t tag = [] {
    if constexpr (std::is_enum_v<T>) {
      return detail::mix(detail::hash_text("enum"), sizeof(T));
    } else {
      using Limits = std::numeric_limits<T>;
      return detail::mix(detail::hash_text(Limits::is_integer ? "integer" : "floating"),
                         sizeof(T) * 1000 + Limits::digits * 2 + Limits::is_signed);
    }
  }();
  static void write(Writer& out, T value) { out.scalar(value); }
  static T read(Reader& in) {
    if constexpr (std::is_same_v<T, bool>) {
      const auto byte = in.scalar<std::uint8_t>();
      if (byte > 1) throw MalformedMessage("a bool is neither 0 nor 1");
      return byte == 1;
    } else {
      return in.scalar<T>();
    }
  }
};

template <class Char, class Traits, class Allocator>
struct Codec<std::basic_string<Char, Traits, Allocator>> {
  static constexpr std::uint64_t tag = detail::mix(detail::hash_text("string"), sizeof(Char));
  using String = std::basic_string<Char, Traits, Allocator>;
  static void write(Writer& out, const String& value) {
    out.length(value.size());
    out.raw(value.data(), value.size() * sizeof(Char));
  }
  static String read(Reader& in) { return in.block<String>(in.length(sizeof(Char))); }
};

template <>
struct Codec<std::string_view> {
  static constexpr std::uint64_t tag = Codec<std::string>::tag;
  static void write(Writer& out, std::string_view value) { out.text(value); }
  static std::string_view read(Reader& in) { return in.text(); }
};

// A span that is a parameter views the message itself; nothing is copied.
template <class T, std::size_t Extent>
  requires(detail::is_plain<T>() && Extent == std::dynamic_extent)
struct Codec<std::span<const T, Extent>> {
  static constexpr std::uint64_t tag = detail::mix(detail::hash_text("span"), sizeof(T));
  using Parts = detail::Types<T>;
  static void write(Writer& out, std::span<const T> value) {
    out.length(value.size());
    out.align(alignof(T));
    out.raw(value.data(), value.size_bytes());
  }
  static std::span<const T> read(Reader& in) {
    const std::size_t size = in.length(sizeof(T));
    in.align(alignof(T));
    return {static_cast<const T*>(in.aligned(size * sizeof(T), alignof(T))), size};
  }
};

template <class T>
struct Codec<std::complex<T>> {
  static constexpr std::uint64_t tag = detail::hash_text("complex");
  using Parts = detail::Types<T>;
  static void write(Writer& out, const std::complex<T>& value) {
    out.scalar(value.real());
    out.scalar(value.imag());
  }
  static std::complex<T> read(Reader& in) {
    const T real = in.scalar<T>();
    return {real, in.scalar<T>()};
  }
};

template <class Count, class Period>
struct Codec<std::chrono::duration<Count, Period>> {
  static constexpr std::uint64_t tag =
      detail::mix(detail::mix(detail::hash_text("duration"), Period::num), Period::den);
  using Parts = detail::Types<Count>;
  using Duration = std::chrono::duration<Count, Period>;
  static void write(Writer& out, const Duration& value) { Codec<Count>::write(out, value.count()); }
  static Duration read(Reader& in) { return Duration(Codec<Count>::read(in)); }
};

template <class Clock, class Duration>
struct Codec<std::chrono::time_point<Clock, Duration>> {
  static_assert(!std::is_same_v<Clock, std::chrono::steady_clock>,
                "lambdapool: a steady_clock's time means nothing on another machine; send a duration, or a "
                "system_clock's time");
  static constexpr std::uint64_t tag = detail::hash_text("time");
  using Parts = detail::Types<Duration>;
  using Point = std::chrono::time_point<Clock, Duration>;
  static void write(Writer& out, const Point& value) {
    Codec<Duration>::write(out, value.time_since_epoch());
  }
  static Point read(Reader& in) { return Point(Codec<Duration>::read(in)); }
};

}  // namespace lambdapool
