// An aggregate's members without reflection: how many there are is found by trying how many initialisers
// its braces take, and structured bindings then name them. Members that are C arrays take one initialiser
// an element (brace elision), so each member's share is measured by putting `{}` in its place.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lambdapool::detail {

inline constexpr std::size_t max_fields = 20;

struct Anything {
  template <class T>
  operator T() const noexcept {  // only ever named in unevaluated braces; clang wants a body all the same
    __builtin_unreachable();
  }
};

template <class Derived>
struct AnyBaseOf {
  template <class T>
    requires(std::is_base_of_v<T, Derived> && !std::is_same_v<T, Derived>)
  operator T() const noexcept {
    __builtin_unreachable();
  }
};

template <std::size_t>
using AnythingAt = Anything;

template <class T, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires { T{AnythingAt<I>{}...}; };
}

template <class T, std::size_t... I, std::size_t... J>
constexpr bool takes_around_empty(std::index_sequence<I...>, std::index_sequence<J...>) {
  return requires { T{AnythingAt<I>{}..., {}, AnythingAt<J>{}...}; };
}

// Upwards until twenty more than the last count that fitted have failed: members that cannot be left out
// make small counts fail, so the first failure is not the end.
template <class T, std::size_t N = 0, std::size_t Best = 0>
constexpr std::size_t initialisers() {
  if constexpr (N > Best + max_fields || N > 256) {
    return Best;
  } else if constexpr (takes<T>(std::make_index_sequence<N>{})) {
    return initialisers<T, N + 1, N>();
  } else {
    return initialisers<T, N + 1, Best>();
  }
}

template <class T, std::size_t At, std::size_t After>
constexpr std::size_t most_after() {
  if constexpr (takes_around_empty<T>(std::make_index_sequence<At>{}, std::make_index_sequence<After>{})) {
    return After;
  } else if constexpr (After == 0) {
    return std::size_t(-1);
  } else {
    return most_after<T, At, After - 1>();
  }
}

template <class T, std::size_t Total, std::size_t At = 0>
constexpr std::size_t fields_from() {
  if constexpr (At >= Total) {
    return 0;
  } else {
    constexpr std::size_t after = most_after<T, At, Total - At - 1>();
    constexpr std::size_t share = after == std::size_t(-1) ? 1 : Total - At - after;
    return 1 + fields_from<T, Total, At + share>();
  }
}

template <class T>
inline constexpr bool has_base = requires { T{AnyBaseOf<T>{}}; };

template <class T>
inline constexpr std::size_t field_count = fields_from<T, initialisers<T>()>();

// References to the members, in order. `T` may be const.
template <class T>
constexpr auto fields_of(T& v) {
  constexpr std::size_t count = field_count<std::remove_const_t<T>>;
  if constexpr (count == 0) {
    return std::tuple<>();
  } else if constexpr (count == 1) {
    auto& [a] = v;
    return std::tie(a);
  } else if constexpr (count == 2) {
    auto& [a, b] = v;
    return std::tie(a, b);
  } else if constexpr (count == 3) {
    auto& [a, b, c] = v;
    return std::tie(a, b, c);
  } else if constexpr (count == 4) {
    auto& [a, b, c, d] = v;
    return std::tie(a, b, c, d);
  } else if constexpr (count == 5) {
    auto& [a, b, c, d, e] = v;
    return std::tie(a, b, c, d, e);
  } else if constexpr (count == 6) {
    auto& [a, b, c, d, e, f] = v;
    return std::tie(a, b, c, d, e, f);
  } else if constexpr (count == 7) {
    auto& [a, b, c, d, e, f, g] = v;
    return std::tie(a, b, c, d, e, f, g);
  } else if constexpr (count == 8) {
    auto& [a, b, c, d, e, f, g, h] = v;
    return std::tie(a, b, c, d, e, f, g, h);
  } else if constexpr (count == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = v;
    return std::tie(a, b, c, d, e, f, g, h, i);
  } else if constexpr (count == 10) {
    auto& [a, b, c, d, e, f, g, h, i, j] = v;
    return std::tie(a, b, c, d, e, f, g, h, i, j);
  } else if constexpr (count == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = v;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k);
  } else if constexpr (count == 12) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l] = v;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l);
  } else if constexpr (count == 13) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = v;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m);
  } else if constexpr (count == 14) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = v;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
  } else if constexpr (count == 15) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = v;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o);
  } else if constexpr (count == 16) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = v;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
  } else if constexpr (count == 17) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = v;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q);
  } else if constexpr (count == 18) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r] = v;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r);
  } else if constexpr (count == 19) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s] = v;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s);
  } else if constexpr (count == 20) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t] = v;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t);
  }
}

}  // namespace lambdapool::detail
