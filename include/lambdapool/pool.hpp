// LambdaPool: your functions on AWS Lambda, as if it were a process pool.
//
// F is a function, a member function (its object is then the first argument), a function object, a lambda
// whose captures are plain numbers, fn<&f>, or with(f, state...). Arguments are converted to F's parameter
// types before they are sent. What the function throws is thrown here: see errors.hpp.
#pragma once

#include "lambdapool/detail/start.hpp"
#include "lambdapool/options.hpp"

namespace lambdapool {

class LambdaPool {
 public:
  using Options = lambdapool::Options;

  explicit LambdaPool(const Options& options) : connection_(detail::Connection::open(options)) {}
  ~LambdaPool() { connection_->close(); }  // calls that have not finished fail with Cancelled
  LambdaPool(const LambdaPool&) = delete;
  LambdaPool& operator=(const LambdaPool&) = delete;

  // Calls f in a worker and waits for the result.
  template <class F, class... Args>
  ResultOf<F, Args...> apply(const F& f, Args&&... args) {
    return apply_async(f, std::forward<Args>(args)...).get();
  }

  template <class F, class... Args>
  Future<ResultOf<F, Args...>> apply_async(const F& f, Args&&... args) {
    return detail::start_call(*connection_, f, std::forward<Args>(args)...);
  }

  // Calls f for each element; a std::vector of the results in the elements' order (void: nothing). Throws
  // the first failure, and then starts nothing more.
  template <class F, std::ranges::input_range Range>
  detail::VectorOf<detail::MapResult<F, Range>> map(const F& f, Range&& range, MapOptions options = {}) {
    return map_async(f, std::forward<Range>(range), options).get();
  }

  template <class F, std::ranges::input_range Range>
  Future<detail::VectorOf<detail::MapResult<F, Range>>> map_async(const F& f, Range&& range,
                                                                  MapOptions options = {}) {
    using Results = detail::Every<detail::MapResult<F, Range>>;
    return detail::start_map<Results>(*connection_, f, std::forward<Range>(range), options,
                                      detail::OnFailure::stop);
  }

  // As map, over a range of tuples that hold f's arguments.
  template <class F, std::ranges::input_range Range>
  detail::VectorOf<detail::StarResult<F, Range>> starmap(const F& f, Range&& range, MapOptions options = {}) {
    using Results = detail::Every<detail::StarResult<F, Range>>;
    return detail::start_starmap<Results>(*connection_, f, std::forward<Range>(range), options,
                                          detail::OnFailure::stop)
        .get();
  }

  // As map, for a fan-out in which failure is data: every element has an outcome, none is thrown.
  template <class F, std::ranges::input_range Range>
  std::vector<Outcome<detail::MapResult<F, Range>>> map_outcomes(const F& f, Range&& range,
                                                                 MapOptions options = {.chunksize = 1}) {
    using Results = detail::Outcomes<detail::MapResult<F, Range>>;
    return detail::start_map<Results>(*connection_, f, std::forward<Range>(range), options,
                                      detail::OnFailure::go_on)
        .get();
  }

  // What stands for `value` in the arguments of any of this pool's calls, and is sent to each worker once:
  // see shared.hpp. Throws LambdaPoolError where it cannot be stored.
  template <Sendable T>
  Shared<T> share(T value) {
    auto sharing = std::make_shared<const detail::Sharing>(connection_->share(Shared<T>::encoded(value)));
    return {std::make_shared<const T>(std::move(value)), std::move(sharing)};
  }

  // Runs f for each element of a sample with each of these sizes of memory, in versions of the function that
  // stay; printed (text()) it is a table of times and costs with the best choices. Throws what an element
  // failed with, unless the memory was too little for it; InvalidArgument where the pool does not deploy.
  template <class F, std::ranges::input_range Range, class Result = detail::MapResult<F, Range>>
  Tuning tune(const F& f, Range&& sample,
              const std::vector<int>& memory_mb = {sizes_to_tune.begin(), sizes_to_tune.end()}) {
    return detail::tune(*connection_, f, std::forward<Range>(sample), memory_mb);
  }

  // What the calls of this pool took and cost so far; a map's own is its future's report().
  Report report() const { return connection_->report(); }

 private:
  std::shared_ptr<detail::Connection> connection_;
};

}  // namespace lambdapool
