// Create, Get, Update, Delete and ListFunctionUrlConfig(s).
#pragma once

#include "local/control/operation.hpp"

namespace lambdapool::local {

Answer create_function_url(Context& context, Call call, const Json& body);
Answer get_function_url(Context& context, Call call);
Answer update_function_url(Context& context, Call call, const Json& body);
Answer delete_function_url(Context& context, Call call);
Answer list_function_urls(Context& context, Call call);

}  // namespace lambdapool::local
