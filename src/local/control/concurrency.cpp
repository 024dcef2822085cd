#include "local/control/concurrency.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/control/request_body.hpp"

namespace lambdapool::local {
namespace {

// What must stay for functions without a reservation: AWS keeps 100 of 1,000.
std::int64_t unreserved_minimum(const Context& context) {
  return std::min(100, context.account_concurrency / 10);
}

// Rows that are damaged count as nothing.
std::int64_t total_code_size(Database& database) {
  auto row = database.prepare(
      "SELECT coalesce((SELECT sum(CASE WHEN json_valid(config) THEN json_extract(config, '$.code.size') "
      "END) "
      "FROM versions), 0) + coalesce((SELECT sum(CASE WHEN json_valid(content) THEN "
      "json_extract(content, '$.code.size') END) FROM layer_versions), 0)");
  return row.next() ? row.number(0) : 0;
}

}  // namespace

Answer put_concurrency(Context& context, Call call, const Json& body) {
  auto reference = parse_function_reference(call.parameters[0], context.region);
  if (reference && !reference->qualifier.empty()) {
    return invalid_parameter(
        "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
        "operation. Please specify either a function name or an unqualified function ARN.");
  }
  if (reference && !find_function(context.database, reference->name))
    return not_found("Function not found: " + function_arn(context.region, reference->name, latest));
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  auto wanted = read_integer(body, "ReservedConcurrentExecutions");
  if (!wanted) return tl::unexpected(wanted.error());
  if (!*wanted || **wanted < 0) {
    return validation_error(*wanted ? std::to_string(**wanted) : "null", "reservedConcurrentExecutions",
                            "Member must have value greater than or equal to 0");
  }
  Transaction transaction(context.database);
  const auto others = reserved_total(context.database, target->function.name);
  if (context.account_concurrency - others - **wanted < unreserved_minimum(context)) {
    return without_type(
        invalid_parameter("Specified ReservedConcurrentExecutions for function decreases account's "
                          "UnreservedConcurrentExecution below "
                          "its minimum value of [" +
                          std::to_string(unreserved_minimum(context)) + "]."));
  }
  set_reserved(context.database, target->function.name, **wanted);
  transaction.commit();
  return json_response(200, {{"ReservedConcurrentExecutions", **wanted}});
}

Answer get_concurrency(Context& context, Call call) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  Json json = Json::object();
  if (target->function.reserved) json["ReservedConcurrentExecutions"] = *target->function.reserved;
  return json_response(200, json);
}

Answer delete_concurrency(Context& context, Call call) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  set_reserved(context.database, target->function.name, std::nullopt);
  return no_content();
}

Answer get_account_settings(Context& context, Call) {
  constexpr std::int64_t code_storage = 322'122'547'200;  // 300 GB
  const auto unreserved = context.account_concurrency - reserved_total(context.database);
  Json json;
  json["AccountLimit"] = {{"TotalCodeSize", code_storage},
                          {"CodeSizeUnzipped", limits::unzipped_bytes_max},
                          {"CodeSizeZipped", limits::zip_bytes_max},
                          {"ConcurrentExecutions", context.account_concurrency},
                          {"UnreservedConcurrentExecutions", unreserved}};
  json["AccountUsage"] = {{"TotalCodeSize", total_code_size(context.database)},
                          {"FunctionCount", count_functions(context.database)}};
  return json_response(200, json);
}

}  // namespace lambdapool::local
