#include "objects/result_places.hpp"

#include <utility>

namespace lambdapool::objects {
namespace {

// A URL is as good as the credentials that signed it, which are renewed minutes before they expire.
constexpr std::chrono::minutes signed_for{1};

}  // namespace

ResultPlaces::ResultPlaces(Use use, std::function<std::string(const std::string& name)> sign)
    : use_(use), sign_(std::move(sign)) {}

ResultPlaces::Place ResultPlaces::take(Call call, Clock::time_point now) {
  std::unique_lock lock(mutex_);
  Place place;
  if (!free_.empty()) {
    place = std::move(free_.back());
    free_.pop_back();
  }
  lock.unlock();
  if (place.name.empty()) place.name = "result-" + std::to_string(call);
  if (place.url.empty() || now - place.signed_at >= signed_for) {
    place.url = sign_(place.name);
    place.signed_at = now;
  }
  lock.lock();
  of_calls_.insert_or_assign(call, place);
  return place;
}

std::string ResultPlaces::name_of(Call call) const {
  const std::lock_guard lock(mutex_);
  const auto found = of_calls_.find(call);
  return found == of_calls_.end() ? std::string() : found->second.name;
}

std::string ResultPlaces::left_empty(Call call) {
  const std::lock_guard lock(mutex_);
  Place place = taken_from(call);
  std::string name = place.name;
  if (use_ == Use::again && !name.empty()) free_.push_back(std::move(place));
  return name;
}

std::string ResultPlaces::forget(Call call) {
  const std::lock_guard lock(mutex_);
  return taken_from(call).name;
}

// With the mutex held.
ResultPlaces::Place ResultPlaces::taken_from(Call call) {
  const auto node = of_calls_.extract(call);
  return node ? node.mapped() : Place{};
}

}  // namespace lambdapool::objects
