#include "local/url/config.hpp"

#include <algorithm>

#include "local/control/request_body.hpp"

namespace lambdapool::local {
namespace {

struct ListBounds {
  const char* member;
  const char* path;
  std::size_t most;
  std::size_t longest;
};
constexpr ListBounds lists[] = {{"AllowHeaders", "cors.allowHeaders", 100, 1'024},
                                {"AllowMethods", "cors.allowMethods", 6, 6},
                                {"AllowOrigins", "cors.allowOrigins", 100, 253},
                                {"ExposeHeaders", "cors.exposeHeaders", 100, 1'024}};

OrRefusal<void> copy_list(const Json& given, const ListBounds& bounds, Json& cors) {
  auto values = read_strings(given, bounds.member);
  if (!values) return tl::unexpected(values.error());
  if (!*values) return {};
  const auto shown = [&] { return Json(**values).dump(-1, ' ', false, Json::error_handler_t::replace); };
  if ((*values)->size() > bounds.most)
    return validation_error(shown(), bounds.path,
                            "Member must have length less than or equal to " + std::to_string(bounds.most));
  const auto fits = [&](const std::string& value) {
    return value.size() <= bounds.longest &&
           std::all_of(value.begin(), value.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; });
  };
  if (!std::all_of((*values)->begin(), (*values)->end(), fits))
    return validation_error(
        shown(), bounds.path,
        "Member must satisfy constraint: [Member must have length less than or equal to " +
            std::to_string(bounds.longest) + ", Member must satisfy regular expression pattern: .*]");
  cors[bounds.member] = **values;
  return {};
}

// Conditions of a caller whom nobody knows. What asks for an account or an organization is not met.
bool is_met(const Json& statement, const char* auth_type) {
  const auto condition = statement.find("Condition");
  if (condition == statement.end()) return true;
  for (const auto& [comparison, keys] : condition->items()) {
    for (const auto& [key, value] : keys.items()) {
      const bool met = key == "lambda:FunctionUrlAuthType"     ? value == auth_type
                       : key == "lambda:InvokedViaFunctionUrl" ? value == "true"
                                                               : false;
      if (!met) return false;
    }
  }
  return true;
}

bool allows(const Json& policy, std::string_view action) {
  const auto statements = policy.find("Statement");
  if (statements == policy.end()) return false;
  return std::any_of(statements->begin(), statements->end(), [action](const Json& statement) {
    const auto allowed = statement.value("Action", "");
    return statement.value("Principal", Json()) == "*" &&
           (allowed == action || allowed == "lambda:*" || allowed == "*") && is_met(statement, "NONE");
  });
}

}  // namespace

OrRefusal<Json> read_cors(const Json& body) {
  const auto given = body.find("Cors");
  if (given == body.end() || given->is_null()) return Json();
  if (!given->is_object()) return refuse(400, "SerializationException", "'Cors' must be an object");
  Json cors = Json::object();
  for (const auto& bounds : lists)
    if (auto copied = copy_list(*given, bounds, cors); !copied) return tl::unexpected(copied.error());
  auto credentials = read_boolean(*given, "AllowCredentials");
  if (!credentials) return tl::unexpected(credentials.error());
  if (*credentials) cors["AllowCredentials"] = **credentials;
  auto max_age = read_integer(*given, "MaxAge");
  if (!max_age) return tl::unexpected(max_age.error());
  if (*max_age && (**max_age < 0 || **max_age > 86'400))
    return validation_error(std::to_string(**max_age), "cors.maxAge",
                            **max_age < 0 ? "Member must have value greater than or equal to 0"
                                          : "Member must have value less than or equal to 86400");
  if (*max_age) cors["MaxAge"] = **max_age;
  return cors;
}

std::optional<Cors> cors_from(const Json& content) {
  const auto stored = content.find("Cors");
  if (stored == content.end() || !stored->is_object() || stored->empty()) return std::nullopt;
  const auto list = [&](const char* member) {
    return read_strings(*stored, member).value_or(std::nullopt).value_or(std::vector<std::string>{});
  };
  return Cors{list("AllowOrigins"),
              list("AllowMethods"),
              list("AllowHeaders"),
              list("ExposeHeaders"),
              read_boolean(*stored, "AllowCredentials").value_or(std::nullopt).value_or(false),
              read_integer(*stored, "MaxAge").value_or(std::nullopt)};
}

bool lets_everybody_call(const Json& policy) {
  return allows(policy, "lambda:InvokeFunctionUrl") && allows(policy, "lambda:InvokeFunction");
}

}  // namespace lambdapool::local
