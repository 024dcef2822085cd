// Which items of a job are run again.
#include <algorithm>

#include "api/job.hpp"
#include "core/random.hpp"
#include "lambdapool/errors.hpp"

namespace lambdapool::api {
namespace {

bool says(const Retry& retry, const std::exception& failure) {
  try {
    return retry.on(failure);
  } catch (...) {  // on the I/O thread nobody would catch it, and the item would have no outcome
    return false;
  }
}

bool is_named(const Retry& retry, const std::exception_ptr& failure) noexcept {
  if (!retry.on) return false;
  try {
    std::rethrow_exception(failure);
  } catch (const LambdaPoolError& error) {
    return pool::may_have_run(error.kind()) && says(retry, error);
  } catch (const std::exception& known) {
    return says(retry, known);
  } catch (...) {
    return false;
  }
}

}  // namespace

// The predicate is the user's: it may ask or cancel this very job, or send others.
bool Job::is_named_unlocked(const Retry& retry, const std::exception_ptr& failure) {
  mutex_.unlock();
  const bool named = is_named(retry, failure);
  mutex_.lock();
  return named;
}

// Half to all of what doubles with each time.
bool Job::comes_again(std::size_t item, const std::exception_ptr& failure, Told& told) {
  const Retry& retry = setting_.retry;
  const auto known = runs_again_.find(item);
  const int made = known == runs_again_.end() ? 0 : known->second;
  if (done_ || made >= retry.times) return false;
  const bool named = is_named_unlocked(retry, failure);
  if (done_) return true;  // cancelled meanwhile: its outcome is no matter any more
  if (!named) return false;
  const auto longest = std::min(backoff_max, retry.backoff * (std::int64_t{1} << std::min(made, 20)));
  told.again.emplace_back(item, std::chrono::milliseconds(static_cast<std::int64_t>(
                                    static_cast<double>(longest.count()) * (0.5 + 0.5 * random_fraction()))));
  runs_again_[item] = made + 1;
  ++run_again_;
  return true;
}

bool Job::climbs(std::size_t item, Told& told) {
  std::size_t& rung = rungs_[item];
  if (done_ || rung >= setting_.variants) return false;
  ++rung;
  ++told.climbed;
  told.again.emplace_back(item, 0);
  ++run_again_;
  return true;
}

}  // namespace lambdapool::api
