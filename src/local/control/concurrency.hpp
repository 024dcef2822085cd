// PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency, GetAccountSettings.
#pragma once

#include "local/control/operation.hpp"

namespace lambdapool::local {

Answer put_concurrency(Context& context, Call call, const Json& body);
Answer get_concurrency(Context& context, Call call);
Answer delete_concurrency(Context& context, Call call);
Answer get_account_settings(Context& context, Call call);

}  // namespace lambdapool::local
