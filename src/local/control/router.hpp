// From method and target to one of Lambda's operations. The paths are those of botocore's model.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lambdapool::local {

enum class Operation {
  invoke,
  invoke_streaming,
  create_function,
  get_function,
  get_function_configuration,
  list_functions,
  update_function_code,
  update_function_configuration,
  delete_function,
  publish_version,
  list_versions,
  create_alias,
  get_alias,
  update_alias,
  delete_alias,
  list_aliases,
  publish_layer_version,
  get_layer_version,
  list_layers,  // and GetLayerVersionByArn, told apart by ?find=LayerVersion
  list_layer_versions,
  delete_layer_version,
  add_layer_permission,
  remove_layer_permission,
  get_layer_policy,
  tag_resource,
  untag_resource,
  list_tags,
  put_concurrency,
  get_concurrency,
  delete_concurrency,
  get_account_settings,
  add_permission,
  remove_permission,
  get_policy,
  put_event_invoke_config,
  update_event_invoke_config,
  get_event_invoke_config,
  delete_event_invoke_config,
  list_event_invoke_configs,
  create_url,
  get_url,
  update_url,
  delete_url,
  list_urls,
  get_function_code_signing,
  put_function_code_signing,
  delete_function_code_signing,
  get_runtime_management,
  put_runtime_management,
  get_recursion,
  put_recursion,
  get_provisioned,  // and ListProvisionedConcurrencyConfigs, told apart by ?List=ALL
  delete_provisioned,
  list_event_sources,
  list_code_signing,
  absent_code_signing,  // what needs a code signing configuration, of which there are none
  absent,               // what needs another resource of which there are none
  refused,              // OperationEntry::note says what there is not
  download_code,        // what GetFunction's Location leads to; signed by its token, not by SigV4
};

// What a caller can expect: docs/operations.md is made of it.
enum class Support {
  works,    // as on Lambda, or truly: what cannot be here is said not to be
  kept,     // answered as it was given, without effect
  refused,  // 400, and why
};

struct OperationEntry {
  Operation operation;
  std::string_view name;  // AWS's
  std::string_view method;
  std::string_view path;  // "*" stands for one variable part
  Support support;
  std::string_view note;  // of a refused one: what there is not
};

std::span<const OperationEntry> operations();  // of Lambda's API

std::string_view aws_name(Operation operation);  // "CreateFunction"

struct Route {
  Operation operation = Operation::invoke;
  std::vector<std::string> parameters;            // the path's variable parts, decoded, from left to right
  std::multimap<std::string, std::string> query;  // decoded
  const OperationEntry* entry = nullptr;
  std::string query_value(const std::string& name) const;  // the first of that name, or ""
};

std::multimap<std::string, std::string> parse_query(std::string_view text);  // "a=b&c", and forms
std::string decode_query(std::string_view text);  // a name or a value of a query: %XX, and + for a space

// nullopt: no operation has this method and path.
std::optional<Route> route(std::string_view method, std::string_view target);

}  // namespace lambdapool::local
