// Which function a pool or an executor calls, how many calls at once, and as whom.
#pragma once

#include <cstddef>
#include <string>

namespace lambdapool {

// Everything but the function may be left out: what is empty comes from the environment and from AWS's
// own configuration files, as with any AWS tool.
struct Options {
  int workers = 10;                    // at most so many calls in flight
  std::string lambda_function = {};    // as given to `lambdapool create`; also NAME:QUALIFIER or an ARN
  std::string target = {};             // "aws" or "local"; else LAMBDAPOOL_TARGET; else aws
  std::string region = {};             // else AWS_REGION, AWS_DEFAULT_REGION, the profile's
  std::string profile = {};            // a profile of AWS's configuration files
  std::string aws_access_key_id = {};  // with aws_secret_access_key: these keys and no others
  std::string aws_secret_access_key = {};
  std::string aws_session_token = {};
};

struct MapOptions {
  // Items in one invocation. 0: lambdapool chooses, one where items are slow, many where they are quick.
  // (map_outcomes: one, so that a worker's death is the failure of one item.)
  std::size_t chunksize = 0;
};

}  // namespace lambdapool
