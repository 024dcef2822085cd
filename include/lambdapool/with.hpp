// with(f, state...): a function and what it needs beside its arguments.
//
//   std::map<std::string, double> rates = load();
//   pool.map(lp::with([](const std::map<std::string, double>& rates, const Trade& t) {
//     return t.amount * rates.at(t.currency);
//   }, rates), trades);
//
// The state travels once an invocation through the codec, and comes before the arguments.
#pragma once

#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lambdapool {

namespace detail {

// What an argument is sent as where a callable does not say: by value, and literals as strings.
template <class Arg>
struct SentAs {
  using Decayed = std::decay_t<Arg>;
  static constexpr bool literal = std::is_same_v<Decayed, const char*> || std::is_same_v<Decayed, char*>;
  using type = std::conditional_t<literal, std::string, Decayed>;
};

}  // namespace detail

template <class F, class... State>
struct With {
  F function;
  std::tuple<State...> state;
};

template <class F, class... State>
With<std::decay_t<F>, typename detail::SentAs<State>::type...> with(F&& function, State&&... state) {
  return {std::forward<F>(function), {std::forward<State>(state)...}};
}

}  // namespace lambdapool
