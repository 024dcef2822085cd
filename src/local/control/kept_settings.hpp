// Settings of a function with calls of their own that are kept and answered, and that nothing is done with
// here: when its runtime is updated, and whether loops of invocations are stopped.
#pragma once

#include "local/control/operation.hpp"

namespace lambdapool::local {

Answer get_runtime_management(Context& context, Call call);
Answer put_runtime_management(Context& context, Call call, const Json& body);
Answer get_recursion(Context& context, Call call);
Answer put_recursion(Context& context, Call call, const Json& body);

}  // namespace lambdapool::local
