// What a type looks like on the wire, at compile time: whether it can travel at all, whether its bytes are
// its encoding, and a fingerprint by which two programs notice that they disagree about it.
//
// Codec<T> says how T is written and read; `Parts` and `tag` in it say what it is made of. A type that
// contains itself (a tree) is followed once: `Seen` lists what is being looked at.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace lambdapool {

// Specialise it for a type that you cannot change:
//   template <> struct lambdapool::Codec<Money> {
//     static void write(Writer& out, const Money& m) { Codec<long>::write(out, m.cents()); }
//     static Money read(Reader& in) { return Money(Codec<long>::read(in)); }
//   };
template <class T>
struct Codec;

namespace detail {

template <class... T>
struct Types {};

template <class T, class... Ts>
inline constexpr bool one_of = (std::is_same_v<T, Ts> || ...);

template <class T>
concept HasCodec = requires { sizeof(Codec<T>); };

template <class T>
struct PartsOf {
  using type = Types<>;
};
template <class T>
  requires requires { typename Codec<T>::Parts; }
struct PartsOf<T> {
  using type = typename Codec<T>::Parts;
};

template <class T, class... Seen>
constexpr bool can_travel();

template <class... Seen, class... Part>
constexpr bool all_can_travel(Types<Part...>) {
  return (can_travel<Part, Seen...>() && ...);
}

template <class T, class... Seen>
constexpr bool can_travel() {
  if constexpr (one_of<T, Seen...>) {
    return true;
  } else if constexpr (!HasCodec<T>) {
    return false;
  } else {
    return all_can_travel<T, Seen...>(typename PartsOf<T>::type{});
  }
}

constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) hash = (hash ^ ((value >> (8 * i)) & 0xff)) * 0x100000001b3u;
  return hash;
}

constexpr std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

template <class T>
constexpr std::uint64_t tag_of() {
  if constexpr (requires { Codec<T>::tag; }) {
    return Codec<T>::tag;
  } else {
    return hash_text(__PRETTY_FUNCTION__);
  }
}

template <class T, class... Seen>
constexpr std::uint64_t fingerprint_of();

template <class... Seen, class... Part>
constexpr std::uint64_t fingerprint_all(std::uint64_t hash, Types<Part...>) {
  ((hash = mix(hash, fingerprint_of<Part, Seen...>())), ...);
  return mix(hash, sizeof...(Part));
}

template <class T, class... Seen>
constexpr std::uint64_t fingerprint_of() {
  if constexpr (one_of<T, Seen...>) {
    return hash_text("the same again");
  } else {
    return fingerprint_all<T, Seen...>(tag_of<T>(), typename PartsOf<T>::type{});
  }
}

// Plain: made of nothing but numbers, so that any bytes are a value and memcpy is the codec.
template <class T>
constexpr bool is_plain();

template <class... Part>
constexpr bool all_plain(Types<Part...>) {
  return sizeof...(Part) > 0 && (is_plain<Part>() && ...);
}

template <class T>
constexpr bool is_plain() {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return !std::is_same_v<T, bool>;
  } else if constexpr (requires { Codec<T>::by_members; }) {
    return std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T> &&
           all_plain(typename PartsOf<T>::type{});
  } else {
    return false;
  }
}

// A number: a vector of them is copied as one block.
template <class T>
inline constexpr bool is_block = is_plain<T>() && (std::is_arithmetic_v<T> || std::is_enum_v<T>);

}  // namespace detail

// A type that can be an argument or a result of a task.
template <class T>
concept Sendable = detail::can_travel<T>();

// Differs between two types whose encodings differ.
template <class T>
inline constexpr std::uint64_t schema_fingerprint = detail::fingerprint_of<T>();

}  // namespace lambdapool
