// Future: a result that is on its way. Destroying one neither waits nor cancels.
#pragma once

#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "lambdapool/codec.hpp"
#include "lambdapool/detail/connection.hpp"

namespace lambdapool {

// One item's result in map_outcomes: a value or a failure, and asking which is no exception.
template <class T>
class Outcome {
 public:
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  explicit Outcome(Value value) : held_(std::in_place_index<0>, std::move(value)) {}
  explicit Outcome(std::exception_ptr failure) : held_(std::in_place_index<1>, std::move(failure)) {}

  bool has_value() const { return held_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  // The value; throws the failure where there is none.
  const Value& value() const& {
    if (!has_value()) std::rethrow_exception(error());
    return std::get<0>(held_);
  }
  Value&& value() && {
    if (!has_value()) std::rethrow_exception(error());
    return std::get<0>(std::move(held_));
  }
  // The failure, or null.
  std::exception_ptr error() const { return has_value() ? nullptr : std::get<1>(held_); }

 private:
  std::variant<Value, std::exception_ptr> held_;
};

namespace detail {

// How many items' results make a T, and how: a value, a vector of them, a vector of outcomes.
template <class T>
struct Single {
  static T collect(Job& job, std::size_t) {
    if constexpr (std::is_void_v<T>) {
      job.result(0);
    } else {
      return decode<T>(job.result(0), Reader::Reading::last_time);
    }
  }
};

template <class T>
struct Every {
  static std::vector<T> collect(Job& job, std::size_t count) {
    std::vector<T> results;
    results.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
      results.push_back(decode<T>(job.result(i), Reader::Reading::last_time));
    return results;
  }
};
template <>
struct Every<void> {
  static void collect(Job& job, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) job.result(i);
  }
};

template <class T>
struct Outcomes {
  static std::vector<Outcome<T>> collect(Job& job, std::size_t count) {
    std::vector<Outcome<T>> outcomes;
    outcomes.reserve(count);
    for (std::size_t i = 0; i < count; ++i) outcomes.push_back(one(job, i));
    return outcomes;
  }
  static Outcome<T> one(Job& job, std::size_t i) {
    try {
      const std::string_view bytes = job.result(i);
      if constexpr (std::is_void_v<T>) {
        return Outcome<T>(std::monostate{});
      } else {
        return Outcome<T>(decode<T>(bytes, Reader::Reading::last_time));
      }
    } catch (...) {
      return Outcome<T>(std::current_exception());
    }
  }
};

}  // namespace detail

template <class T>
class Future {
 public:
  Future() = default;

  bool valid() const { return job_ && !taken_; }

  // Waits for the result, or throws what the call failed with. Once; then the future is no longer valid.
  T get() {
    checked().wait();
    taken_ = true;
    const Forget results{*job_};
    return collect_(*job_, count_);
  }

  // What the calls of it that have ended logged, 4 KB of each, in the order in which they were sent: what the
  // tasks printed, between what Lambda logs of them. Also after get(). Items of one chunk share a call.
  std::string logs() const { return job().logs(); }

  // What its calls took and cost so far; also after get().
  Report report() const { return job().report(); }

  void wait() const { checked().wait(); }

  template <class Rep, class Period>
  std::future_status wait_for(const std::chrono::duration<Rep, Period>& time) const {
    return wait_until(std::chrono::steady_clock::now() +
                      std::chrono::ceil<std::chrono::steady_clock::duration>(time));
  }
  std::future_status wait_until(std::chrono::steady_clock::time_point deadline) const {
    return checked().wait_until(deadline) ? std::future_status::ready : std::future_status::timeout;
  }

  // True: what had not been sent will not be, and get() throws Cancelled. False: too late. Also while another
  // thread is in get(); of nothing else here two threads may make use at once.
  bool cancel() { return job().cancel(); }

  // For pools only: `collect` makes the result of a finished job.
  using Collect = T (*)(detail::Job&, std::size_t);
  Future(std::shared_ptr<detail::Job> job, std::size_t count, Collect collect)
      : job_(std::move(job)), count_(count), collect_(collect) {}

 private:
  struct Forget {
    detail::Job& job;
    ~Forget() { job.forget_results(); }
  };

  detail::Job& job() const {
    if (!job_) throw std::future_error(std::future_errc::no_state);
    return *job_;
  }
  detail::Job& checked() const {
    if (taken_) throw std::future_error(std::future_errc::no_state);
    return job();
  }

  std::shared_ptr<detail::Job> job_;
  bool taken_ = false;  // by get()
  std::size_t count_ = 0;
  Collect collect_ = nullptr;
};

}  // namespace lambdapool
