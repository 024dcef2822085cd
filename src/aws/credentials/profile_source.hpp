// What one profile says about its credentials, in the order in which botocore looks.
#pragma once

#include <optional>

#include "aws/credentials/credential_source.hpp"

namespace lambdapool::aws::profile_source {

// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME go before the profile's own settings.
enum class EnvironmentToo { no, yes };

// Web identity, IAM Identity Center, keys in the credentials file, `aws login`, credential_process, keys in
// the config file. nullopt: the profile has none of them.
std::optional<Result<CredentialSource>> find(const Profile& profile, const SharedFiles& files,
                                             const Environment& environment, EnvironmentToo environment_too);

// The role that the profile names, without the identity that assumes it.
Result<AssumedRole> role(const Profile& profile);

}  // namespace lambdapool::aws::profile_source
