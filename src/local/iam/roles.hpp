// IAM, as far as it is about roles: what tools ask for that make one for a function. Roles and their policies
// are kept and shown; nothing is decided by them, and a function's role need not be among them.
#pragma once

#include <string_view>

#include "local/iam/query_call.hpp"
#include "local/store/database.hpp"

namespace lambdapool::local {

inline constexpr std::string_view iam_xmlns = "https://iam.amazonaws.com/doc/2010-05-08/";

Answer answer_iam_call(Database& database, const QueryCall& call);

// Those about a role that is there: its policies, tags and trust. Empty result: it is none of them.
std::optional<Answer> answer_role_call(Database& database, const QueryCall& call);

// Shared by the two.
OrRefusal<std::string> name_in(const QueryCall& call, const std::string& parameter, std::size_t longest);
OrRefusal<std::string> policy_document_in(const QueryCall& call, const std::string& parameter);
OrRefusal<void> refuse_others(const QueryCall& call, const std::vector<std::string_view>& known);
tl::unexpected<Refusal> no_such_entity(std::string message);

}  // namespace lambdapool::local
