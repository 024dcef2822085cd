// From a callable and arguments to a job: what pools and executors have in common.
#pragma once

#include <ranges>
#include <tuple>

#include "lambdapool/detail/call.hpp"
#include "lambdapool/detail/task.hpp"
#include "lambdapool/future.hpp"

namespace lambdapool::detail {

// A call that cannot travel has had its compile error in ResultOf; nothing more is said about it here.
template <class F, class... Args>
Future<ResultOf<F, Args...>> start_call(Connection& connection, const F& f, Args&&... args) {
  using This = Call<F, Args...>;
  using R = ResultOf<F, Args...>;
  if constexpr (This::possible) {
    using Parameters = typename This::Parameters;
    std::vector<std::string> items;
    items.push_back(encode_item(Parameters{}, std::forward<Args>(args)...));
    std::string head = head_of<std::decay_t<F>, typename This::Declared>(f, Parameters{});
    return {connection.start(std::move(head), std::move(items), {.chunksize = 1}, OnFailure::stop), 1,
            &Single<R>::collect};
  } else {
    return {};
  }
}

// ResultOf a task that takes a range's elements, or (starmap) what its tuples hold.
template <class F, class Range>
using MapResult = ResultOf<F, std::ranges::range_reference_t<Range>>;

template <class F, class Tuple, class I>
struct StarCall;
template <class F, class Tuple, std::size_t... I>
struct StarCall<F, Tuple, std::index_sequence<I...>> {
  using This = Call<F, decltype(std::get<I>(std::declval<Tuple>()))...>;
  using Result = ResultOf<F, decltype(std::get<I>(std::declval<Tuple>()))...>;
  template <class T>
  static std::string encode(T&& tuple) {
    return encode_item(typename This::Parameters{}, std::get<I>(std::forward<T>(tuple))...);
  }
};
template <class F, class Range>
using StarOf = StarCall<
    F, std::ranges::range_reference_t<Range>,
    std::make_index_sequence<std::tuple_size_v<std::remove_cvref_t<std::ranges::range_reference_t<Range>>>>>;
template <class F, class Range>
using StarResult = typename StarOf<F, Range>::Result;

// `Results` is Every or Outcomes of the task's result.
template <class Results, class This, class F, class Range, class Encode>
auto start_items(Connection& connection, const F& f, Range&& range, MapOptions options, OnFailure on_failure,
                 Encode encode_one) {
  using Collected = decltype(Results::collect(std::declval<Job&>(), 0));
  if constexpr (This::possible) {
    std::vector<std::string> items;
    if constexpr (std::ranges::sized_range<Range>) items.reserve(std::ranges::size(range));
    for (auto&& element : range) items.push_back(encode_one(std::forward<decltype(element)>(element)));
    const std::size_t count = items.size();
    std::string head = head_of<std::decay_t<F>, typename This::Declared>(f, typename This::Parameters{});
    return Future<Collected>(connection.start(std::move(head), std::move(items), options, on_failure), count,
                             &Results::collect);
  } else {
    return Future<Collected>();
  }
}

template <class Results, class F, class Range>
auto start_map(Connection& connection, const F& f, Range&& range, MapOptions options, OnFailure on_failure) {
  using This = Call<F, std::ranges::range_reference_t<Range>>;
  return start_items<Results, This>(
      connection, f, std::forward<Range>(range), options, on_failure, [](auto&& element) {
        return encode_item(typename This::Parameters{}, std::forward<decltype(element)>(element));
      });
}

template <class Results, class F, class Range>
auto start_starmap(Connection& connection, const F& f, Range&& range, MapOptions options,
                   OnFailure on_failure) {
  using Star = StarOf<F, Range>;
  return start_items<Results, typename Star::This>(
      connection, f, std::forward<Range>(range), options, on_failure,
      [](auto&& element) { return Star::encode(std::forward<decltype(element)>(element)); });
}

template <class F, class Range>
Tuning tune(Connection& connection, const F& f, Range&& sample, const std::vector<int>& memory_mb) {
  using This = Call<F, std::ranges::range_reference_t<Range>>;
  if constexpr (This::possible) {
    std::vector<std::string> items;
    for (auto&& element : sample)
      items.push_back(encode_item(typename This::Parameters{}, std::forward<decltype(element)>(element)));
    return connection.tune(head_of<std::decay_t<F>, typename This::Declared>(f, typename This::Parameters{}),
                           items, memory_mb);
  } else {
    return Tuning({});
  }
}

template <class R>
using VectorOf = decltype(Every<R>::collect(std::declval<Job&>(), 0));

}  // namespace lambdapool::detail
