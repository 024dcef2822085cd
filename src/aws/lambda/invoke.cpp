#include "aws/lambda/invoke.hpp"

#include "aws/lambda/function_error.hpp"
#include "aws/lambda/paths.hpp"
#include "aws/service_error.hpp"
#include "core/encoding.hpp"

namespace lambdapool::aws {
namespace {

std::string invocations_path(const std::string& name) { return function_path(name, "/invocations"); }

}  // namespace

http::Request invoke_request(const std::string& name, std::string payload) {
  return {"POST", invocations_path(name), {{"X-Amz-Log-Type", "Tail"}}, std::move(payload)};
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
