#include <nlohmann/json.hpp>

#include "aws/json_answer.hpp"
#include "aws/lambda/configuration.hpp"
#include "aws/lambda/lambda.hpp"

namespace lambdapool::aws {

using nlohmann::json;

Result<FunctionConfiguration> parse_configuration(const http::Response& response) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  auto configuration = configuration_of(*body);
  if (configuration.name.empty()) return tl::unexpected(unreadable(response, "no FunctionName"));
  return configuration;
}

Result<FunctionDescription> parse_get_function(const http::Response& response) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  FunctionDescription out{configuration_of(member(*body, "Configuration")), texts(member(*body, "Tags"))};
  if (out.configuration.name.empty())
    return tl::unexpected(unreadable(response, "no Configuration.FunctionName"));
  out.code_url = text(member(*body, "Code"), "Location");
  const auto& reserved = member(member(*body, "Concurrency"), "ReservedConcurrentExecutions");
  if (reserved.is_number_integer()) out.reserved_concurrency = reserved.get<int>();
  return out;
}

Result<FunctionPage> parse_list_functions(const http::Response& response) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  const auto& functions = member(*body, "Functions");
  if (!functions.is_array()) return tl::unexpected(unreadable(response, "no list of Functions"));
  FunctionPage page;
  for (const auto& function : functions) page.functions.push_back(configuration_of(function));
  if (auto marker = text(*body, "NextMarker"); !marker.empty()) page.next_marker = std::move(marker);
  return page;
}

Result<void> parse_no_content(const http::Response& response) {
  if (response.status < 200 || response.status >= 300) return tl::unexpected(service_error(response));
  return {};
}

}  // namespace lambdapool::aws
