// AddPermission, RemovePermission, GetPolicy. The policies are kept and shown; they decide who may call a
// function's URL without a signature, and nothing else: the local Lambda's callers are one user.
#pragma once

#include "local/control/operation.hpp"

namespace lambdapool::local {

Answer add_permission(Context& context, Call call, const Json& body);
Answer remove_permission(Context& context, Call call);
Answer get_policy(Context& context, Call call);

}  // namespace lambdapool::local
