// Keys from IAM Identity Center: the AWS CLI's cached sign-in, renewed and written back where that is due,
// exchanged for the role's keys.
#pragma once

#include "aws/credentials/credential_source.hpp"
#include "core/error.hpp"
#include "identity/service_call.hpp"

namespace lambdapool::identity {

Result<aws::Credentials> ask_single_sign_on(const aws::SingleSignOn& source, ServiceCall& call);

}  // namespace lambdapool::identity
