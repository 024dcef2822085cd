#include "cli/execution_role.hpp"

#include "core/encoding.hpp"

namespace lambdapool::cli {
namespace {

constexpr const char* path = "/lambdapool/";
constexpr std::size_t name_max = 64;

}  // namespace

std::string role_name(const std::string& function_name) {
  const std::string name = "lambdapool-role-" + function_name;
  if (name.size() <= name_max) return name;
  return name.substr(0, name_max - 9) + "-" + sha256_hex(function_name).substr(0, 8);
}

bool is_made_role(const std::string& role_arn, const std::string& function_name) {
  const std::string ending = std::string(":role") + path + role_name(function_name);
  return role_arn.size() > ending.size() && role_arn.compare(role_arn.size() - ending.size(), ending.size(), ending) == 0;
}

}  // namespace lambdapool::cli
