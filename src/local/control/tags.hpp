// TagResource, UntagResource, ListTags.
#pragma once

#include "local/control/operation.hpp"

namespace lambdapool::local {

Answer tag_resource(Context& context, Call call, const Json& body);
Answer untag_resource(Context& context, Call call);
Answer list_tags(Context& context, Call call);

}  // namespace lambdapool::local
