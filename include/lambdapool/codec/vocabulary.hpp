// Codecs of pair, tuple, optional, variant and unique_ptr, and of your own types: aggregates as they are,
// classes that name their members with `static auto lambdapool_fields(auto& self)`.
#pragma once

#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

#include "lambdapool/codec/aggregate.hpp"
#include "lambdapool/codec/bytes.hpp"
#include "lambdapool/codec/schema.hpp"

namespace lambdapool {

template <class A, class B>
struct Codec<std::pair<A, B>> {
  static constexpr std::uint64_t tag = detail::hash_text("tuple");
  using Parts = detail::Types<A, B>;
  static void write(Writer& out, const std::pair<A, B>& value) {
    Codec<A>::write(out, value.first);
    Codec<B>::write(out, value.second);
  }
  static std::pair<A, B> read(Reader& in) {
    A first = Codec<A>::read(in);
    return {std::move(first), Codec<B>::read(in)};
  }
};

template <class... T>
struct Codec<std::tuple<T...>> {
  static constexpr std::uint64_t tag = detail::hash_text("tuple");
  using Parts = detail::Types<T...>;
  static void write(Writer& out, const std::tuple<T...>& value) {
    if constexpr (sizeof...(T) == 0) out.length(0);
    std::apply([&](const T&... part) { (Codec<T>::write(out, part), ...); }, value);
  }
  static std::tuple<T...> read(Reader& in) {
    if constexpr (sizeof...(T) == 0) in.raw(1);
    return std::tuple<T...>{Codec<T>::read(in)...};
  }
};

template <class T>
struct Codec<std::optional<T>> {
  static constexpr std::uint64_t tag = detail::hash_text("optional");
  using Parts = detail::Types<T>;
  static void write(Writer& out, const std::optional<T>& value) {
    out.scalar(value.has_value());
    if (value) Codec<T>::write(out, *value);
  }
  static std::optional<T> read(Reader& in) {
    const Reader::Nesting nesting(in);
    if (!Codec<bool>::read(in)) return std::nullopt;
    return std::optional<T>(Codec<T>::read(in));
  }
};

template <class T>
  requires(!std::is_array_v<T> && !std::is_polymorphic_v<T>)
struct Codec<std::unique_ptr<T>> {
  static constexpr std::uint64_t tag = detail::hash_text("optional");
  using Parts = detail::Types<T>;
  static void write(Writer& out, const std::unique_ptr<T>& value) {
    out.scalar(value != nullptr);
    if (value) Codec<T>::write(out, *value);
  }
  static std::unique_ptr<T> read(Reader& in) {
    const Reader::Nesting nesting(in);
    if (!Codec<bool>::read(in)) return nullptr;
    return std::make_unique<T>(Codec<T>::read(in));
  }
};

template <>
struct Codec<std::monostate> {
  static constexpr std::uint64_t tag = detail::hash_text("nothing");
  static void write(Writer& out, std::monostate) { out.length(0); }
  static std::monostate read(Reader& in) {
    in.raw(1);
    return {};
  }
};

template <class... T>
struct Codec<std::variant<T...>> {
  static constexpr std::uint64_t tag = detail::hash_text("variant");
  using Parts = detail::Types<T...>;
  using Variant = std::variant<T...>;
  static void write(Writer& out, const Variant& value) {
    if (value.valueless_by_exception()) throw std::bad_variant_access();
    out.length(value.index());
    std::visit([&]<class U>(const U& held) { Codec<U>::write(out, held); }, value);
  }
  static Variant read(Reader& in) {
    const Reader::Nesting nesting(in);
    const std::uint64_t index = in.number();
    if (index >= sizeof...(T)) throw MalformedMessage("a variant's index is beyond its alternatives");
    return read_at(in, index, std::index_sequence_for<T...>{});
  }

 private:
  template <std::size_t... I>
  static Variant read_at(Reader& in, std::uint64_t index, std::index_sequence<I...>) {
    using Read = Variant (*)(Reader&);
    static constexpr Read readers[] = {
        [](Reader& from) { return Variant(std::in_place_index<I>, Codec<T>::read(from)); }...};
    return readers[index](in);
  }
};

namespace detail {

template <class T>
concept NamesItsFields = requires(T& value) { T::lambdapool_fields(value); };

template <class T>
concept PlainAggregate = std::is_class_v<T> && std::is_aggregate_v<T> && !std::is_empty_v<T> &&
                         !NamesItsFields<T> && !has_base<T> && field_count<T> <= max_fields;

template <class T>
auto tie_fields(T& value) {
  if constexpr (NamesItsFields<std::remove_const_t<T>>) {
    return std::remove_const_t<T>::lambdapool_fields(value);
  } else {
    return fields_of(value);
  }
}

template <class Tuple>
struct FieldTypes;
template <class... T>
struct FieldTypes<std::tuple<T&...>> {
  using type = Types<std::remove_const_t<T>...>;
  static constexpr bool has_array = (std::is_array_v<T> || ...);
};

template <class T>
void read_field(Reader& in, T& field) {
  if constexpr (std::is_array_v<T>) {
    Codec<T>::read_into(in, field);
  } else {
    field = Codec<T>::read(in);
  }
}

template <class T, class Fields>
struct MembersCodec;

template <class T, class... Field>
struct MembersCodec<T, Types<Field...>> {
  static void write(Writer& out, const T& value) {
    auto fields = tie_fields(value);
    if constexpr (sizeof...(Field) == 0) out.length(0);
    std::apply([&](const Field&... field) { (Codec<Field>::write(out, field), ...); }, fields);
  }
  static T read_in_place(Reader& in) {
    const Reader::Nesting nesting(in);
    T value{};
    if constexpr (sizeof...(Field) == 0) in.raw(1);
    auto fields = tie_fields(value);
    std::apply([&](Field&... field) { (read_field(in, field), ...); }, fields);
    return value;
  }
  static T read_as_braces(Reader& in) {
    const Reader::Nesting nesting(in);
    return T{Codec<Field>::read(in)...};
  }
};

}  // namespace detail

template <detail::NamesItsFields T>
struct Codec<T> {
  static_assert(
      std::is_default_constructible_v<T>,
      "lambdapool: a class with lambdapool_fields is read into a default-constructed object; give it "
      "a default constructor or specialise lambdapool::Codec for it");
  static constexpr std::uint64_t tag = detail::hash_text("members");
  using Fields = detail::FieldTypes<decltype(detail::tie_fields(std::declval<T&>()))>;
  using Parts = typename Fields::type;
  static void write(Writer& out, const T& value) { detail::MembersCodec<T, Parts>::write(out, value); }
  static T read(Reader& in) { return detail::MembersCodec<T, Parts>::read_in_place(in); }
};

template <detail::PlainAggregate T>
struct Codec<T> {
  static constexpr std::uint64_t tag = detail::hash_text("members");
  static constexpr bool by_members = true;
  using Fields = detail::FieldTypes<decltype(detail::tie_fields(std::declval<T&>()))>;
  using Parts = typename Fields::type;
  static void write(Writer& out, const T& value) { detail::MembersCodec<T, Parts>::write(out, value); }
  static T read(Reader& in) {
    if constexpr (Fields::has_array) {
      return detail::MembersCodec<T, Parts>::read_in_place(in);
    } else {
      return detail::MembersCodec<T, Parts>::read_as_braces(in);
    }
  }
};

template <class T>
  requires(std::is_class_v<T> && std::is_aggregate_v<T> && std::is_empty_v<T> && !detail::NamesItsFields<T>)
struct Codec<T> {
  static constexpr std::uint64_t tag = detail::hash_text("nothing");
  static void write(Writer& out, const T&) { out.length(0); }
  static T read(Reader& in) {
    in.raw(1);
    return T{};
  }
};

}  // namespace lambdapool
