#include "deploy/request.hpp"

namespace lambdapool::deploy {

bool asks_for_anything(const FunctionRequest& o) {
  return !o.paths.empty() || o.memory_mb || o.timeout_s || o.layers || o.runtime || o.ephemeral_mb ||
         o.description || !o.environment.empty() || !o.unset_environment.empty() || o.whole_environment ||
         !o.tags.empty() || !o.untags.empty() || o.subnets || o.security_groups || o.concurrency ||
         o.per_instance || o.service_account || o.role || o.policies || o.response_mode;
}

}  // namespace lambdapool::deploy
