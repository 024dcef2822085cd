// Asks the instance metadata service and the container endpoints, as patiently as botocore does and no more:
// on a machine that has neither, an answer must be there in a second.
#pragma once

#include "aws/credentials/credential_source.hpp"
#include "aws/credentials/instance_metadata.hpp"
#include "core/error.hpp"
#include "identity/exchange.hpp"

namespace lambdapool::identity {

// Error kind credentials with `instance.nothing_there` where there is no such service or no role.
Result<aws::Credentials> ask_instance(const aws::InstanceMetadata& instance, Exchange& exchange);
Result<std::string> ask_instance_region(const aws::InstanceMetadata& instance, Exchange& exchange);

Result<aws::Credentials> ask_container(const aws::Container& container, Exchange& exchange);

}  // namespace lambdapool::identity
