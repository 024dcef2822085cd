// CreateFunction, GetFunction, GetFunctionConfiguration, ListFunctions, UpdateFunctionCode,
// UpdateFunctionConfiguration, DeleteFunction.
#pragma once

#include "local/control/operation.hpp"

namespace lambdapool::local {

Answer create_function(Context& context, Call call, const Json& body);
Answer get_function(Context& context, Call call);
Answer get_function_configuration(Context& context, Call call);
Answer list_functions(Context& context, Call call);
Answer update_function_code(Context& context, Call call, const Json& body);
Answer update_function_configuration(Context& context, Call call, const Json& body);
Answer delete_function(Context& context, Call call);

}  // namespace lambdapool::local
