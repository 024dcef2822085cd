#include "local/control/router.hpp"

#include <array>

#include "core/encoding.hpp"

namespace lambdapool::local {
namespace {

struct Entry {
  Operation operation;
  std::string_view name;
  std::string_view method;
  std::string_view path;  // "*" stands for one variable part
};

constexpr std::array<Entry, 42> table{{
    {Operation::invoke, "InvokeFunction", "POST", "/2015-03-31/functions/*/invocations"},
    {Operation::invoke_streaming, "InvokeWithResponseStream", "POST",
     "/2021-11-15/functions/*/response-streaming-invocations"},
    {Operation::create_function, "CreateFunction", "POST", "/2015-03-31/functions"},
    {Operation::get_function, "GetFunction", "GET", "/2015-03-31/functions/*"},
    {Operation::get_function_configuration, "GetFunctionConfiguration", "GET",
     "/2015-03-31/functions/*/configuration"},
    {Operation::list_functions, "ListFunctions", "GET", "/2015-03-31/functions"},
    {Operation::update_function_code, "UpdateFunctionCode", "PUT", "/2015-03-31/functions/*/code"},
    {Operation::update_function_configuration, "UpdateFunctionConfiguration", "PUT",
     "/2015-03-31/functions/*/configuration"},
    {Operation::delete_function, "DeleteFunction", "DELETE", "/2015-03-31/functions/*"},
    {Operation::publish_version, "PublishVersion", "POST", "/2015-03-31/functions/*/versions"},
    {Operation::list_versions, "ListVersionsByFunction", "GET", "/2015-03-31/functions/*/versions"},
    {Operation::create_alias, "CreateAlias", "POST", "/2015-03-31/functions/*/aliases"},
    {Operation::get_alias, "GetAlias", "GET", "/2015-03-31/functions/*/aliases/*"},
    {Operation::update_alias, "UpdateAlias", "PUT", "/2015-03-31/functions/*/aliases/*"},
    {Operation::delete_alias, "DeleteAlias", "DELETE", "/2015-03-31/functions/*/aliases/*"},
    {Operation::list_aliases, "ListAliases", "GET", "/2015-03-31/functions/*/aliases"},
    {Operation::publish_layer_version, "PublishLayerVersion", "POST", "/2018-10-31/layers/*/versions"},
    {Operation::get_layer_version, "GetLayerVersion", "GET", "/2018-10-31/layers/*/versions/*"},
    {Operation::list_layers, "ListLayers", "GET", "/2018-10-31/layers"},
    {Operation::list_layer_versions, "ListLayerVersions", "GET", "/2018-10-31/layers/*/versions"},
    {Operation::delete_layer_version, "DeleteLayerVersion", "DELETE", "/2018-10-31/layers/*/versions/*"},
    {Operation::tag_resource, "TagResource", "POST", "/2017-03-31/tags/*"},
    {Operation::untag_resource, "UntagResource", "DELETE", "/2017-03-31/tags/*"},
    {Operation::list_tags, "ListTags", "GET", "/2017-03-31/tags/*"},
    {Operation::put_concurrency, "PutFunctionConcurrency", "PUT", "/2017-10-31/functions/*/concurrency"},
    {Operation::get_concurrency, "GetFunctionConcurrency", "GET", "/2019-09-30/functions/*/concurrency"},
    {Operation::delete_concurrency, "DeleteFunctionConcurrency", "DELETE",
     "/2017-10-31/functions/*/concurrency"},
    {Operation::get_account_settings, "GetAccountSettings", "GET", "/2016-08-19/account-settings"},
    {Operation::add_permission, "AddPermission", "POST", "/2015-03-31/functions/*/policy"},
    {Operation::remove_permission, "RemovePermission", "DELETE", "/2015-03-31/functions/*/policy/*"},
    {Operation::get_policy, "GetPolicy", "GET", "/2015-03-31/functions/*/policy"},
    {Operation::put_event_invoke_config, "PutFunctionEventInvokeConfig", "PUT",
     "/2019-09-25/functions/*/event-invoke-config"},
    {Operation::update_event_invoke_config, "UpdateFunctionEventInvokeConfig", "POST",
     "/2019-09-25/functions/*/event-invoke-config"},
    {Operation::get_event_invoke_config, "GetFunctionEventInvokeConfig", "GET",
     "/2019-09-25/functions/*/event-invoke-config"},
    {Operation::delete_event_invoke_config, "DeleteFunctionEventInvokeConfig", "DELETE",
     "/2019-09-25/functions/*/event-invoke-config"},
    {Operation::list_event_invoke_configs, "ListFunctionEventInvokeConfigs", "GET",
     "/2019-09-25/functions/*/event-invoke-config/list"},
    {Operation::create_url, "CreateFunctionUrlConfig", "POST", "/2021-10-31/functions/*/url"},
    {Operation::get_url, "GetFunctionUrlConfig", "GET", "/2021-10-31/functions/*/url"},
    {Operation::update_url, "UpdateFunctionUrlConfig", "PUT", "/2021-10-31/functions/*/url"},
    {Operation::delete_url, "DeleteFunctionUrlConfig", "DELETE", "/2021-10-31/functions/*/url"},
    {Operation::list_urls, "ListFunctionUrlConfigs", "GET", "/2021-10-31/functions/*/urls"},
    {Operation::download_code, "download of code", "GET", "/code/*"},
}};

std::string_view next_part(std::string_view& path) {
  path.remove_prefix(1);  // the slash
  const auto part = path.substr(0, path.find('/'));
  path.remove_prefix(part.size());
  return part;
}

bool matches(std::string_view pattern, std::string_view path, std::vector<std::string_view>& parameters) {
  parameters.clear();
  while (!pattern.empty() && !path.empty()) {
    const auto expected = next_part(pattern);
    const auto part = next_part(path);
    if (expected == "*" && !part.empty()) {
      parameters.push_back(part);
    } else if (expected != part) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

std::multimap<std::string, std::string> parse_query(std::string_view text) {
  std::multimap<std::string, std::string> query;
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (pair.empty()) continue;
    const auto value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    query.emplace(decode_query(pair.substr(0, equals)), decode_query(value));
  }
  return query;
}

}  // namespace

std::string decode_query(std::string_view text) {
  std::string spaced(text);
  for (auto& c : spaced) {
    if (c == '+') c = ' ';
  }
  return percent_decode(spaced);
}

std::string_view aws_name(Operation operation) {
  for (const auto& entry : table) {
    if (entry.operation == operation) return entry.name;
  }
  return "";
}

std::string Route::query_value(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

std::optional<Route> route(std::string_view method, std::string_view target) {
  auto path = target.substr(0, target.find('?'));
  const auto query = path.size() < target.size() ? target.substr(path.size() + 1) : std::string_view{};
  if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);  // some clients end lists with a slash
  if (path.empty() || path.front() != '/') return std::nullopt;
  std::vector<std::string_view> parameters;
  for (const auto& entry : table) {
    if (entry.method != method || !matches(entry.path, path, parameters)) continue;
    Route found{entry.operation, {}, parse_query(query)};
    for (const auto part : parameters) found.parameters.push_back(percent_decode(part));
    return found;
  }
  return std::nullopt;
}

}  // namespace lambdapool::local
