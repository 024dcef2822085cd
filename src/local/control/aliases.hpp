// CreateAlias, GetAlias, UpdateAlias, DeleteAlias, ListAliases.
#pragma once

#include "local/control/operation.hpp"

namespace lambdapool::local {

Answer create_alias(Context& context, Call call, const Json& body);
Answer get_alias(Context& context, Call call);
Answer update_alias(Context& context, Call call, const Json& body);
Answer delete_alias(Context& context, Call call);
Answer list_aliases(Context& context, Call call);

}  // namespace lambdapool::local
