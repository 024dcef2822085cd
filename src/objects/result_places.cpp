#include "objects/result_places.hpp"

#include <utility>

namespace lambdapool::objects {
namespace {

// A URL is as good as the credentials that signed it, which are renewed minutes before they expire.
constexpr std::chrono::minutes signed_for{1};

}  // namespace

ResultPlaces::ResultPlaces(Use use, std::function<std::string(const std::string& name)> sign)
    : use_(use), sign_(std::move(sign)) {}

std::shared_ptr<const ResultPlaces::Place> ResultPlaces::take(Call call, Clock::time_point now) {
  std::unique_lock lock(mutex_);
  Taken place;
  if (free_.empty()) {
    place = std::make_shared<Place>(Place{.name = "result-" + std::to_string(call)});
  } else {
    place = std::move(free_.back());
    free_.pop_back();
  }
  if (place->url.empty() || now - place->signed_at >= signed_for) {
    lock.unlock();
    place->url = sign_(place->name);
    place->signed_at = now;
    lock.lock();
  }
  of_calls_.insert_or_assign(call, place);
  return place;
}

std::string ResultPlaces::name_of(Call call) const {
  const std::lock_guard lock(mutex_);
  const auto found = of_calls_.find(call);
  return found == of_calls_.end() ? std::string() : found->second->name;
}

std::string ResultPlaces::left_empty(Call call) {
  const std::lock_guard lock(mutex_);
  auto place = taken_from(call);
  if (!place) return "";
  if (use_ == Use::once) return place->name;
  free_.push_back(std::move(place));
  return "";
}

std::string ResultPlaces::forget(Call call) {
  const std::lock_guard lock(mutex_);
  const auto place = taken_from(call);
  return place ? place->name : "";
}

std::vector<std::string> ResultPlaces::left_empty() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& place : free_) names.push_back(place->name);
  return names;
}

// With the mutex held.
ResultPlaces::Taken ResultPlaces::taken_from(Call call) {
  auto node = of_calls_.extract(call);
  return node ? std::move(node.mapped()) : nullptr;
}

}  // namespace lambdapool::objects
