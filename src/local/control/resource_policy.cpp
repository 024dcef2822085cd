#include "local/control/resource_policy.hpp"

#include <algorithm>

#include "local/control/arn.hpp"

namespace lambdapool::local {
namespace {

constexpr std::size_t policy_bytes_max = 20'480;

Json::iterator statement_in(Json& policy, const std::string& id) {
  auto& statements = policy["Statement"];
  return std::find_if(statements.begin(), statements.end(),
                      [&id](const Json& statement) { return statement.value("Sid", "") == id; });
}

}  // namespace

OrRefusal<StatementRequest> read_statement_request(const Json& body) {
  auto id = require_string(body, "StatementId");
  if (!id) return tl::unexpected(id.error());
  auto action = require_string(body, "Action");
  if (!action) return tl::unexpected(action.error());
  auto principal = require_string(body, "Principal");
  if (!principal) return tl::unexpected(principal.error());
  return StatementRequest{*id, *action, *principal};
}

OrRefusal<void> check_statement_id(const std::string& id) {
  if (!is_name(id)) return pattern_error(id, "statementId", "([a-zA-Z0-9-_]+)");
  if (id.size() > 100)
    return validation_error(id, "statementId", "Member must have length less than or equal to 100");
  return {};
}

Json allowing_statement(const StatementRequest& request, const Json& principal, const std::string& resource) {
  return {{"Sid", request.id},
          {"Effect", "Allow"},
          {"Principal", principal},
          {"Action", request.action},
          {"Resource", resource}};
}

Json new_policy() { return {{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", Json::array()}}; }

OrRefusal<void> add_statement(Json& policy, const Json& statement) {
  const auto id = statement["Sid"].get<std::string>();
  if (statement_in(policy, id) != policy["Statement"].end())
    return conflict("The statement id (" + id +
                    ") provided already exists. Please provide a new statement id, or remove the existing "
                    "statement.");
  policy["Statement"].push_back(statement);
  if (const auto size = policy.dump().size(); size > policy_bytes_max)
    return refuse(400, "PolicyLengthExceededException",
                  "The final policy size (" + std::to_string(size) + ") is bigger than the limit (" +
                      std::to_string(policy_bytes_max) + ").");
  return {};
}

OrRefusal<Json::iterator> find_statement(Json& policy, const std::string& id) {
  const auto found = statement_in(policy, id);
  if (found == policy["Statement"].end())
    return not_found("Statement " + id + " is not found in resource policy.");
  return found;
}

tl::unexpected<Refusal> no_policy() { return not_found("No policy is associated with the given resource."); }

OrRefusal<void> check_policy_revision(const std::string& revision, const std::string& expected,
                                      const std::string& call) {
  if (expected.empty() || expected == revision) return {};
  return refuse(412, "PreconditionFailedException",
                "The Revision Id provided does not match the latest Revision Id. Call the " + call +
                    " API to retrieve the latest Revision Id");
}

}  // namespace lambdapool::local
