#include "local/run/run_operations.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "local/run/run_answer.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local::run {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t operations_kept = 1'000;
constexpr double wait_seconds_max = 30;

json service_of(const std::string& text) {
  json service = json::parse(text);
  service["@type"] = "type.googleapis.com/google.cloud.run.v2.Service";
  return service;
}

// Of "30s"; what is none is as if it was not there.
milliseconds wait_of(const std::string& body) {
  const json asked = json::parse(body, nullptr, false);
  const json timeout = asked.is_object() ? asked.value("timeout", json()) : json();
  const double seconds =
      timeout.is_string() ? std::atof(timeout.get<std::string>().c_str()) : wait_seconds_max;
  return milliseconds(static_cast<std::int64_t>(std::clamp(seconds, 0.0, wait_seconds_max) * 1'000));
}

}  // namespace

std::string RunOperations::begin(const std::string& service) {
  const std::string id = random_uuid();
  operations_[id].metadata = service_of(service);
  order_.push_back(id);
  if (order_.size() > operations_kept) {
    operations_.erase(order_.front());
    order_.erase(order_.begin());
  }
  return id;
}

void RunOperations::succeed(const std::string& id, const std::string& service) {
  finish(id, {{"response", service_of(service)}});
}

void RunOperations::fail(const std::string& id, int code, const std::string& message) {
  finish(id, {{"error", {{"code", code}, {"message", message}}}});
}

void RunOperations::finish(const std::string& id, json result) {
  const auto found = operations_.find(id);
  if (found == operations_.end()) return;
  found->second.done = true;
  found->second.result = std::move(result);
  for (const auto& [number, waiting] : std::exchange(found->second.waiting, {})) waiting.answer();
}

http::Response RunOperations::shown(const std::string& parent, const std::string& id) const {
  const auto found = operations_.find(id);
  if (found == operations_.end()) return refusal(404, "Operation '" + id + "' does not exist.");
  json shown{{"name", parent + "/operations/" + id},
             {"metadata", found->second.metadata},
             {"done", found->second.done}};
  if (found->second.done) shown.update(found->second.result);
  return json_answer(dumped(shown));
}

void RunOperations::wait(const std::string& parent, const std::string& id, const std::string& body,
                         std::function<void(http::Response)> answer) {
  const auto found = operations_.find(id);
  if (found == operations_.end() || found->second.done) return answer(shown(parent, id));
  const auto number = next_waiting_++;
  Waiting waiting;
  waiting.answer = [this, parent, id, told = std::move(answer)] { told(shown(parent, id)); };
  waiting.timer = loop_.call_after(wait_of(body), [this, id, number] {
    const auto still = operations_.find(id);
    if (still == operations_.end()) return;
    if (const auto late = still->second.waiting.extract(number)) late.mapped().answer();
  });
  found->second.waiting.emplace(number, std::move(waiting));
}

}  // namespace lambdapool::local::run
