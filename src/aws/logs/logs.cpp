#include "aws/logs/logs.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "aws/json_answer.hpp"
#include "aws/service_error.hpp"

namespace lambdapool::aws::logs {

namespace {

using nlohmann::json;

tl::unexpected<Error> not_a_page(const http::Response& response) {
  Error error;
  error.kind = ErrorKind::protocol;
  error.message = "the endpoint answered HTTP " + std::to_string(response.status) +
                  " with a body that is not a page of log events; is it a CloudWatch Logs endpoint?";
  error.http_status = response.status;
  error.request_id = response.headers.get("x-amzn-requestid");
  error.detail = response.body;
  return tl::unexpected(std::move(error));
}

}  // namespace

std::string default_group(const std::string& function) { return "/aws/lambda/" + function; }

http::Request filter_log_events_request(const FilterLogEvents& call) {
  json body = {{"logGroupName", call.group}, {"startTime", call.start_ms}};
  if (call.next_token) body["nextToken"] = *call.next_token;
  return {"POST",
          "/",
          {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", "Logs_20140328.FilterLogEvents"}},
          body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

Result<LogPage> parse_filter_log_events(const http::Response& response) {
  if (response.status < 200 || response.status >= 300) return tl::unexpected(service_error(response));
  const auto body = json::parse(response.body, nullptr, false);
  if (!body.is_object()) return not_a_page(response);
  LogPage page;
  const auto& events = member(body, "events");
  for (const auto& event : events.is_array() ? events : json::array()) {
    if (!event.is_object()) return not_a_page(response);
    page.events.push_back({text(event, "eventId"), text(event, "logStreamName"), number(event, "timestamp"),
                           text(event, "message")});
  }
  if (auto token = text(body, "nextToken"); !token.empty()) page.next_token = std::move(token);
  return page;
}

}  // namespace lambdapool::aws::logs
