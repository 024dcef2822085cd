#include "function_request.hpp"

#include <nanobind/stl/map.h>
#include <nanobind/stl/set.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace nb = nanobind;

namespace lambdapool::python {
namespace {

using Texts = std::vector<std::string>;
using Pairs = std::map<std::string, std::string>;

// Whether the setting was known and taken.
bool take_text(deploy::FunctionRequest& request, const std::string& key, const nb::handle& value) {
  std::optional<std::string>* const member = key == "requirements"      ? &request.requirements
                                             : key == "runtime"         ? &request.runtime
                                             : key == "response_mode"   ? &request.response_mode
                                             : key == "architecture"    ? &request.architecture
                                             : key == "description"     ? &request.description
                                             : key == "role"            ? &request.role
                                             : key == "bucket"          ? &request.bucket
                                             : key == "service_account" ? &request.service_account
                                                                        : nullptr;
  if (member) *member = nb::cast<std::string>(value);
  return member != nullptr;
}

bool take_number(deploy::FunctionRequest& request, const std::string& key, const nb::handle& value) {
  std::optional<int>* const member = key == "memory"              ? &request.memory_mb
                                     : key == "timeout"           ? &request.timeout_s
                                     : key == "ephemeral_storage" ? &request.ephemeral_mb
                                     : key == "per_instance"      ? &request.per_instance
                                                                  : nullptr;
  if (member) *member = nb::cast<int>(value);
  return member != nullptr;
}

bool take_texts(deploy::FunctionRequest& request, const std::string& key, const nb::handle& value) {
  std::optional<Texts>* const member = key == "layers"            ? &request.layers
                                       : key == "allow_secrets"   ? &request.allowed_secrets
                                       : key == "subnets"         ? &request.subnets
                                       : key == "security_groups" ? &request.security_groups
                                       : key == "policies"        ? &request.policies
                                                                  : nullptr;
  if (member) *member = nb::cast<Texts>(value);
  return member != nullptr;
}

}  // namespace

deploy::FunctionRequest function_request(const std::string& name, const nb::dict& settings,
                                         KeepsEnvironment keeps_environment) {
  deploy::FunctionRequest request;
  request.name = name;
  for (const auto& [name_of_setting, value] : settings) {
    const auto key = nb::cast<std::string>(name_of_setting);
    if (take_text(request, key, value) || take_number(request, key, value) || take_texts(request, key, value))
      continue;
    if (key == "paths") {
      request.paths = nb::cast<Texts>(value);
    } else if (key == "env") {
      request.environment = nb::cast<Pairs>(value);
      request.whole_environment = keeps_environment == KeepsEnvironment::no;
    } else if (key == "tags") {
      request.tags = nb::cast<Pairs>(value);
    } else if (key == "unset_env") {
      request.unset_environment = nb::cast<std::set<std::string>>(value);
    } else if (key == "untag") {
      request.untags = nb::cast<std::set<std::string>>(value);
    } else if (key == "concurrency") {
      request.concurrency.emplace();
      if (!value.is_none()) request.concurrency->executions = nb::cast<int>(value);
    } else {
      throw std::invalid_argument("there is no setting '" + key + "'");
    }
  }
  return request;
}

}  // namespace lambdapool::python
