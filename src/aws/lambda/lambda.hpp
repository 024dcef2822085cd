// The calls that deal with functions (create, update, find, list, delete, tag): build a request, parse its
// response. No sockets, no clock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::aws {

struct LayerReference {
  std::string arn;
  std::int64_t code_size = 0;
};

struct VpcConfig {
  std::vector<std::string> subnets;
  std::vector<std::string> security_groups;
  bool operator==(const VpcConfig&) const = default;
};

struct S3Object {
  std::string bucket;
  std::string key;
};

// GetFunctionConfiguration's members that somebody here reads.
struct FunctionConfiguration {
  std::string name;
  std::string arn;
  std::string runtime;
  std::string role;
  std::string handler;
  std::string description;
  std::int64_t code_size = 0;  // bytes, zipped
  std::string code_sha256;     // base64
  int memory_mb = 0;
  int timeout_s = 0;
  std::string last_modified;  // 2026-11-22T19:00:00.000+0000
  std::string version;
  std::string revision_id;
  std::string state;  // "" where the answer has none
  std::string state_reason;
  std::string last_update_status;  // "" where the answer has none
  std::string last_update_status_reason;
  std::string architecture;
  std::string log_group;  // "" where the answer has none
  std::map<std::string, std::string> environment;
  std::vector<LayerReference> layers;
  int ephemeral_mb = 512;
  VpcConfig vpc = {};
};

struct CreateFunction {
  std::string name;
  std::string runtime;
  std::string role;
  std::string handler;
  std::string_view zip;  // bytes; not sent where the code is in S3
  std::optional<S3Object> code_in_s3 = {};
  std::string description = {};
  std::string architecture = "x86_64";
  int memory_mb = 128;
  int timeout_s = 3;
  std::vector<std::string> layers = {};
  std::map<std::string, std::string> environment = {};
  std::map<std::string, std::string> tags = {};
  std::optional<int> ephemeral_mb = {};
  std::optional<VpcConfig> vpc = {};
};

struct UpdateFunctionCode {
  std::string name;
  std::string_view zip;  // bytes; not sent where the code is in S3
  std::optional<std::string> architecture = {};
  std::optional<std::string> revision_id = {};
  std::optional<S3Object> code_in_s3 = {};
};

// Only what is set is sent, so only that changes.
struct UpdateFunctionConfiguration {
  std::string name;
  std::optional<int> memory_mb = {};
  std::optional<int> timeout_s = {};
  std::optional<std::vector<std::string>> layers = {};
  std::optional<std::string> runtime = {};
  std::optional<std::string> handler = {};
  std::optional<std::map<std::string, std::string>> environment = {};
  std::optional<std::string> revision_id = {};
  std::optional<std::string> role = {};
  std::optional<std::string> description = {};
  std::optional<int> ephemeral_mb = {};
  std::optional<VpcConfig> vpc = {};
};

struct FunctionDescription {  // GetFunction
  FunctionConfiguration configuration;
  std::map<std::string, std::string> tags;
  std::optional<int> reserved_concurrency = {};
  std::string code_url = {};  // where the code can be had for ten minutes, without a signature
};

struct FunctionPage {
  std::vector<FunctionConfiguration> functions;
  std::optional<std::string> next_marker;
};

http::Request create_function_request(const CreateFunction& call);
http::Request update_function_code_request(const UpdateFunctionCode& call);
http::Request update_function_configuration_request(const UpdateFunctionConfiguration& call);
http::Request get_function_request(const std::string& name);
http::Request get_function_configuration_request(const std::string& name);
http::Request delete_function_request(const std::string& name);
http::Request list_functions_request(const std::optional<std::string>& marker);
http::Request tag_resource_request(const std::string& arn, const std::map<std::string, std::string>& tags);
http::Request untag_resource_request(const std::string& arn, const std::vector<std::string>& keys);
http::Request put_function_concurrency_request(const std::string& name, int executions);
http::Request delete_function_concurrency_request(const std::string& name);

Result<FunctionConfiguration> parse_configuration(
    const http::Response& response);  // Create, Update*, GetConfiguration
Result<FunctionDescription> parse_get_function(const http::Response& response);
Result<FunctionPage> parse_list_functions(const http::Response& response);
Result<void> parse_no_content(
    const http::Response& response);  // also of an answer whose content nobody reads

}  // namespace lambdapool::aws
