// LambdaExecutor: the same as LambdaPool in the manner of an executor. Its end waits for what was submitted.
#pragma once

#include <atomic>

#include "lambdapool/detail/start.hpp"
#include "lambdapool/errors.hpp"
#include "lambdapool/options.hpp"

namespace lambdapool {

class LambdaExecutor {
 public:
  using Options = lambdapool::Options;
  enum class Wait { no, yes };
  enum class Pending { finish, cancel };

  explicit LambdaExecutor(const Options& options) : connection_(detail::Connection::open(options)) {}
  ~LambdaExecutor() {
    shutdown();
    connection_->close();
  }
  LambdaExecutor(const LambdaExecutor&) = delete;
  LambdaExecutor& operator=(const LambdaExecutor&) = delete;

  template <class F, class... Args>
  Future<ResultOf<F, Args...>> submit(const F& f, Args&&... args) {
    return detail::start_call(open_connection(), f, std::forward<Args>(args)...);
  }

  // Calls f for each element and waits; the results in the elements' order (void: nothing).
  template <class F, std::ranges::input_range Range>
  detail::VectorOf<detail::MapResult<F, Range>> map(const F& f, Range&& range, MapOptions options = {}) {
    using Results = detail::Every<detail::MapResult<F, Range>>;
    return detail::start_map<Results>(open_connection(), f, std::forward<Range>(range), options,
                                      detail::OnFailure::stop)
        .get();
  }

  // As LambdaPool::share.
  template <Sendable T>
  Shared<T> share(T value) {
    auto sharing =
        std::make_shared<const detail::Sharing>(open_connection().share(Shared<T>::encoded(value)));
    return {std::make_shared<const T>(std::move(value)), std::move(sharing)};
  }

  // As LambdaPool::report.
  Report report() const { return connection_->report(); }

  // Takes nothing more: submit and map throw InvalidArgument from now on. Waits for what was submitted,
  // unless told not to, or to cancel it.
  void shutdown(Wait wait = Wait::yes, Pending pending = Pending::finish) {
    shut_ = true;
    if (pending == Pending::cancel) connection_->close();
    if (wait == Wait::yes) connection_->wait_until_idle();
  }

 private:
  detail::Connection& open_connection() {
    if (shut_) throw InvalidArgument("this LambdaExecutor has been shut down; make a new one to submit more");
    return *connection_;
  }

  std::shared_ptr<detail::Connection> connection_;
  std::atomic<bool> shut_ = false;
};

}  // namespace lambdapool
