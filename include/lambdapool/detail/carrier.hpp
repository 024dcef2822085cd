// How a callable itself travels. Its code is already on the other side, since that runs this very
// executable; what is sent is which function a pointer means, and what a lambda has captured.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <type_traits>

#include "lambdapool/codec/bytes.hpp"
#include "lambdapool/codec/schema.hpp"
#include "lambdapool/detail/signature.hpp"

namespace lambdapool::detail {

// A function's address as module, offset and symbol. Throw InvalidArgument and MalformedMessage.
void write_function(Writer& out, const void* address);
const void* read_function(Reader& in);

// Throws InvalidArgument where an aligned word of the object, from `lowest` on, is the address of something
// in this process. Whether a word is a number or an address it cannot know; its caller knows whose words may
// be addresses.
void refuse_addresses(const void* object, std::size_t size, std::uintptr_t lowest = 0);

// What a constant expression may make of bytes has no pointer in it, nor a union, in which there might be
// one.
template <class F, bool = (static_cast<void>(std::bit_cast<F>(std::array<unsigned char, sizeof(F)>{})), true)>
constexpr bool is_made_of_bytes(int) {
  return true;
}
template <class F>
constexpr bool is_made_of_bytes(...) {
  return false;
}

// What to look for in a lambda's captures, which no language feature lists. A number is refused for no value
// of its own where it is captured beside numbers, in any executable: in one that is not position independent,
// the addresses begin at 4,194,304.
template <class F>
void refuse_captured_addresses(const void* image) {
  if constexpr (!is_made_of_bytes<F>(0)) {
    refuse_addresses(image, sizeof(F));
  } else {
#if !defined(__clang__)
    // g++ sees no pointers in an array of them. Such arrays are short, and what they point to is mostly high.
    if constexpr (sizeof(F) <= 256) refuse_addresses(image, sizeof(F), std::uintptr_t{1} << 32);
#else
    static_cast<void>(image);
#endif
  }
}

template <class T>
inline constexpr bool is_std_function = false;
template <class S>
inline constexpr bool is_std_function<std::function<S>> = true;
template <class T>
inline constexpr bool is_reference_wrapper = false;
template <class T>
inline constexpr bool is_reference_wrapper<std::reference_wrapper<T>> = true;

template <class F>
inline constexpr bool travels_as_bytes = std::is_trivially_copyable_v<F> && std::is_standard_layout_v<F>;

template <class F>
struct Carrier {
  static constexpr bool possible = std::is_class_v<F> && !is_std_function<F> && !is_reference_wrapper<F> &&
                                   !std::is_bind_expression_v<F> && (Sendable<F> || travels_as_bytes<F>);

  static void write(Writer& out, const F& f) {
    if constexpr (std::is_empty_v<F>) {
      (void)out, (void)f;
    } else if constexpr (Sendable<F>) {
      Codec<F>::write(out, f);
    } else {
      alignas(F) std::byte image[sizeof(F)];
      std::memcpy(image, &f, sizeof f);
#if __has_builtin(__builtin_clear_padding) && !defined(__clang__)
      __builtin_clear_padding(reinterpret_cast<F*>(image));
#endif
      refuse_captured_addresses<F>(image);
      out.raw(image, sizeof image);
    }
  }
  static F read(Reader& in) {
    if constexpr (std::is_empty_v<F> && std::is_default_constructible_v<F>) {
      return F();
    } else if constexpr (!std::is_empty_v<F> && Sendable<F>) {
      return Codec<F>::read(in);
    } else {
      std::array<char, sizeof(F)> image{};
      if constexpr (!std::is_empty_v<F>) std::memcpy(image.data(), in.raw(sizeof(F)).data(), sizeof(F));
      return std::bit_cast<F>(image);
    }
  }
};

template <FunctionPointer F>
struct Carrier<F> {
  static constexpr bool possible = true;
  static void write(Writer& out, F f) { write_function(out, reinterpret_cast<const void*>(f)); }
  static F read(Reader& in) { return reinterpret_cast<F>(const_cast<void*>(read_function(in))); }
};

// The Itanium ABI's pair of words: an address, or a virtual function's place in the table, and an
// adjustment of `this`. What tells the two apart is the lowest bit of the first, on arm64 of the second.
template <MemberPointer F>
struct Carrier<F> {
  static constexpr bool possible = true;
  struct Words {
    std::intptr_t function;
    std::intptr_t adjustment;
  };
  static_assert(sizeof(F) == sizeof(Words));

  static bool is_virtual(const Words& words) {
#if defined(__aarch64__)
    return (words.adjustment & 1) != 0;
#else
    return (words.function & 1) != 0;
#endif
  }
  static void write(Writer& out, F f) {
    const auto words = std::bit_cast<Words>(f);
    out.scalar(is_virtual(words));
    out.scalar(words.adjustment);
    if (is_virtual(words)) {
      out.scalar(words.function);
    } else {
      write_function(out, reinterpret_cast<const void*>(words.function));
    }
  }
  static F read(Reader& in) {
    Words words{};
    const bool table = in.scalar<std::uint8_t>() != 0;
    words.adjustment = in.scalar<std::intptr_t>();
    words.function = table ? in.scalar<std::intptr_t>() : reinterpret_cast<std::intptr_t>(read_function(in));
    if (is_virtual(words) != table) throw MalformedMessage("a member function's address is not one");
    return std::bit_cast<F>(words);
  }
};

template <class G, class... State>
struct Carrier<With<G, State...>> {
  static constexpr bool possible = Carrier<G>::possible && (Sendable<State> && ...);
  static void write(Writer& out, const With<G, State...>& with) {
    Carrier<G>::write(out, with.function);
    std::apply([&](const State&... state) { (Codec<State>::write(out, state), ...); }, with.state);
  }
  static With<G, State...> read(Reader& in) {
    return With<G, State...>{Carrier<G>::read(in), std::tuple<State...>{Codec<State>::read(in)...}};
  }
};

}  // namespace lambdapool::detail
