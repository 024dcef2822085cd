// What there is none of here, said as AWS says it of what is not there: code signing configurations, event
// sources, provisioned concurrency, policies of layers. And what is refused.
#pragma once

#include "local/control/operation.hpp"

namespace lambdapool::local {

Answer get_function_code_signing(Context& context, Call call);
Answer put_function_code_signing(Context& context, Call call, const Json& body);
Answer delete_function_code_signing(Context& context, Call call);
Answer get_provisioned(Context& context, Call call);
Answer delete_provisioned(Context& context, Call call);
Answer list_event_sources(Context& context, Call call);
Answer list_code_signing(Context& context, Call call);
Answer absent_code_signing(Context& context, Call call);
Answer absent(Context& context, Call call);
Answer refused(Context& context, Call call);

}  // namespace lambdapool::local
