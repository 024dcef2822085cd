// Where the instance metadata service is and how patiently it is asked.
#pragma once

#include <chrono>
#include <string>

#include "aws/credentials/config_file.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::aws {

struct InstanceMetadata {
  enum class Version1 { allowed, disabled };
  bool disabled = false;
  http::Endpoint endpoint = {};
  std::string base_path = {};
  std::chrono::milliseconds timeout{1'000};
  int attempts = 1;
  Version1 version1 = Version1::allowed;
  std::string nothing_there = {};  // the error message where there is no such service, or no role
};

// The settings of AWS_EC2_METADATA_... and the profile; for the region too.
Result<InstanceMetadata> instance_metadata(const Environment& environment, const Profile& profile);

}  // namespace lambdapool::aws
