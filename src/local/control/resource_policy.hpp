// What the policies of functions and of layer versions have in common: statements that a call each adds and
// removes by its id.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "local/control/refusal.hpp"
#include "local/control/request_body.hpp"

namespace lambdapool::local {

struct StatementRequest {
  std::string id;
  std::string action;
  std::string principal;
};
OrRefusal<StatementRequest> read_statement_request(const Json& body);  // that its members are there
OrRefusal<void> check_statement_id(const std::string& id);
Json allowing_statement(const StatementRequest& request, const Json& principal, const std::string& resource);

Json new_policy();
// Its id is new there, and the policy stays within 20,480 bytes; else the policy is not to be kept.
OrRefusal<void> add_statement(Json& policy, const Json& statement);
OrRefusal<Json::iterator> find_statement(Json& policy, const std::string& id);

tl::unexpected<Refusal> no_policy();
// `call`: the operation that tells the revision.
OrRefusal<void> check_policy_revision(const std::string& revision, const std::string& expected,
                                      const std::string& call);

}  // namespace lambdapool::local
