#include "local/invoke/event_destination.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "local/control/function_config.hpp"

namespace lambdapool::local {
namespace {

std::string timestamp_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto text = iso_time(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  return text.substr(0, text.find('+')) + "Z";
}

Json as_json(const std::string& text) {
  auto json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? Json(text) : json;
}

}  // namespace

std::string destination_record(const EventInvocation& event, const EventEnd& end) {
  const bool qualified =
      end.function_arn.find(":function:" + event.reference.name + ":") != std::string::npos;
  Json record{{"version", "1.0"}, {"timestamp", timestamp_now()}};
  record["requestContext"] = {{"requestId", event.invocation.request_id},
                              {"functionArn", end.function_arn + (qualified ? "" : ":$LATEST")},
                              {"condition", end.condition},
                              {"approximateInvokeCount", end.attempts}};
  record["requestPayload"] = as_json(event.invocation.payload);
  if (end.result) {
    record["responseContext"] = {{"statusCode", 200}, {"executedVersion", end.executed_version}};
    if (end.result->function_error) record["responseContext"]["functionError"] = "Unhandled";
    record["responsePayload"] = as_json(end.result->payload);
  }
  return record.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lambdapool::local
