// Codecs of sequences, sets and maps: a length, then the elements.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <list>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "lambdapool/codec/bytes.hpp"
#include "lambdapool/codec/schema.hpp"

namespace lambdapool {

namespace detail {

// A reservation never exceeds what the rest of the message could fill if its bytes were the elements.
template <class Element>
std::size_t reservation(const Reader& in, std::size_t count) {
  return std::min(count, in.remaining() / sizeof(Element) + 16);
}

template <class Container>
struct SequenceCodec {
  using Element = typename Container::value_type;
  static constexpr std::uint64_t tag = hash_text("sequence");
  using Parts = Types<Element>;

  static void write(Writer& out, const Container& values) {
    out.length(values.size());
    for (const Element& value : values) Codec<Element>::write(out, value);
  }
  static Container read(Reader& in) {
    const Reader::Nesting nesting(in);
    const std::size_t count = in.length();
    Container values;
    if constexpr (requires { values.reserve(count); }) values.reserve(reservation<Element>(in, count));
    for (std::size_t i = 0; i < count; ++i) values.push_back(Codec<Element>::read(in));
    return values;
  }
};

template <class Container>
struct SetCodec {
  using Key = typename Container::key_type;
  static constexpr std::uint64_t tag = hash_text("set");
  using Parts = Types<Key>;

  static void write(Writer& out, const Container& values) {
    out.length(values.size());
    for (const Key& value : values) Codec<Key>::write(out, value);
  }
  static Container read(Reader& in) {
    const Reader::Nesting nesting(in);
    const std::size_t count = in.length();
    Container values;
    for (std::size_t i = 0; i < count; ++i) values.insert(values.end(), Codec<Key>::read(in));
    return values;
  }
};

template <class Container>
struct MapCodec {
  using Key = typename Container::key_type;
  using Mapped = typename Container::mapped_type;
  static constexpr std::uint64_t tag = hash_text("map");
  using Parts = Types<Key, Mapped>;

  static void write(Writer& out, const Container& values) {
    out.length(values.size());
    for (const auto& [key, value] : values) {
      Codec<Key>::write(out, key);
      Codec<Mapped>::write(out, value);
    }
  }
  static Container read(Reader& in) {
    const Reader::Nesting nesting(in);
    const std::size_t count = in.length();
    Container values;
    for (std::size_t i = 0; i < count; ++i) {
      Key key = Codec<Key>::read(in);
      values.emplace_hint(values.end(), std::move(key), Codec<Mapped>::read(in));
    }
    return values;
  }
};

}  // namespace detail

template <class T, class A>
  requires(!detail::is_block<T>)
struct Codec<std::vector<T, A>> : detail::SequenceCodec<std::vector<T, A>> {};

// Numbers go as one block.
template <class T, class A>
  requires detail::is_block<T>
struct Codec<std::vector<T, A>> {
  static constexpr std::uint64_t tag = detail::hash_text("sequence");
  using Parts = detail::Types<T>;
  static void write(Writer& out, const std::vector<T, A>& values) {
    out.length(values.size());
    out.raw(values.data(), values.size() * sizeof(T));
  }
  static std::vector<T, A> read(Reader& in) { return in.block<std::vector<T, A>>(in.length(sizeof(T))); }
};

template <class A>
struct Codec<std::vector<bool, A>> {
  static constexpr std::uint64_t tag = detail::hash_text("sequence of bool");
  static void write(Writer& out, const std::vector<bool, A>& values) {
    out.length(values.size());
    for (bool value : values) out.scalar(value);
  }
  static std::vector<bool, A> read(Reader& in) {
    const std::string_view bytes = in.text();
    std::vector<bool, A> values(bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) values[i] = bytes[i] != 0;
    return values;
  }
};

template <class T, class A>
struct Codec<std::deque<T, A>> : detail::SequenceCodec<std::deque<T, A>> {};
template <class T, class A>
struct Codec<std::list<T, A>> : detail::SequenceCodec<std::list<T, A>> {};

template <class... T>
struct Codec<std::set<T...>> : detail::SetCodec<std::set<T...>> {};
template <class... T>
struct Codec<std::multiset<T...>> : detail::SetCodec<std::multiset<T...>> {};
template <class... T>
struct Codec<std::unordered_set<T...>> : detail::SetCodec<std::unordered_set<T...>> {};
template <class... T>
struct Codec<std::unordered_multiset<T...>> : detail::SetCodec<std::unordered_multiset<T...>> {};
template <class... T>
struct Codec<std::map<T...>> : detail::MapCodec<std::map<T...>> {};
template <class... T>
struct Codec<std::multimap<T...>> : detail::MapCodec<std::multimap<T...>> {};
template <class... T>
struct Codec<std::unordered_map<T...>> : detail::MapCodec<std::unordered_map<T...>> {};
template <class... T>
struct Codec<std::unordered_multimap<T...>> : detail::MapCodec<std::unordered_multimap<T...>> {};

// A C array is a member of an aggregate only: it is read in place.
template <class T, std::size_t N>
struct Codec<T[N]> {
  static constexpr std::uint64_t tag = detail::mix(detail::hash_text("array"), N);
  using Parts = detail::Types<T>;
  static void write(Writer& out, const T (&values)[N]) {
    for (const T& value : values) Codec<T>::write(out, value);
  }
  static void read_into(Reader& in, T (&values)[N]) {
    for (T& value : values) {
      if constexpr (std::is_array_v<T>) {
        Codec<T>::read_into(in, value);
      } else {
        value = Codec<T>::read(in);
      }
    }
  }
};

template <class T, std::size_t N>
struct Codec<std::array<T, N>> {
  static constexpr std::uint64_t tag = detail::mix(detail::hash_text("array"), N);
  static constexpr bool by_members = true;
  using Parts = detail::Types<T>;
  static void write(Writer& out, const std::array<T, N>& values) {
    if constexpr (N == 0) out.length(0);  // every value takes a byte or more
    for (const T& value : values) Codec<T>::write(out, value);
  }
  static std::array<T, N> read(Reader& in) {
    if constexpr (N == 0) {
      in.raw(1);
      return {};
    } else {
      return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<T, N>{{(void(I), Codec<T>::read(in))...}};
      }(std::make_index_sequence<N>{});
    }
  }
};

}  // namespace lambdapool
