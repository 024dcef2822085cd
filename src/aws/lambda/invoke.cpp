#include "aws/lambda/invoke.hpp"

#include "aws/lambda/function_error.hpp"
#include "aws/lambda/paths.hpp"
#include "aws/service_error.hpp"
#include "core/encoding.hpp"

namespace lambdapool::aws {
namespace {

constexpr std::string_view plain_version = "/2015-03-31", streaming_version = "/2021-11-15";
constexpr std::string_view plain_end = "/invocations", streaming_end = "/response-streaming-invocations";

std::string invocations_path(const std::string& name) { return function_path(name, plain_end); }

}  // namespace

http::Request invoke_request(const std::string& name, std::string payload) {
  return {"POST", invocations_path(name), {{"X-Amz-Log-Type", "Tail"}}, std::move(payload)};
}

http::Request invoke_streaming_request(const std::string& name, std::string payload) {
  http::Request request = invoke_request(name, std::move(payload));
  request.target = streaming_target(request.target);
  return request;
}

std::string streaming_target(std::string_view plain) {
  plain.remove_prefix(plain_version.size());
  plain.remove_suffix(plain_end.size());
  return std::string(streaming_version).append(plain).append(streaming_end);
}

std::string plain_target(std::string_view streaming) {
  streaming.remove_prefix(streaming_version.size());
  streaming.remove_suffix(streaming_end.size());
  return std::string(plain_version).append(streaming).append(plain_end);
}

http::Request invoke_dry_run_request(const std::string& name) {
  return {"POST", invocations_path(name), {{"X-Amz-Invocation-Type", "DryRun"}}};
}

Result<Invoked> parse_invoke(http::Response response, std::string_view function) {
  if (response.status < 200 || response.status >= 300) return tl::unexpected(service_error(response));
  std::string request_id(response.headers.get("x-amzn-requestid"));
  std::string log(response.headers.get("x-amz-log-result"));
  if (response.headers.find("x-amz-function-error") == nullptr) {
    return Invoked{std::move(response.body), std::move(request_id), std::move(log)};
  }
  auto error = function_error(std::move(response.body), base64_decode(log).value_or(""), function);
  error.request_id = std::move(request_id);
  return tl::unexpected(std::move(error));
}

}  // namespace lambdapool::aws
