// A profile's credential_process: the command line taken apart as a shell would, and what the program prints.
#pragma once

#include <string>
#include <vector>

#include "aws/credentials/credentials.hpp"
#include "core/error.hpp"

namespace lambdapool::aws {

// Words, quotes and backslashes as in a POSIX shell; nothing is expanded. Error: a quote is left open, or
// there is no word.
Result<std::vector<std::string>> split_command(const std::string& command);

// {"Version": 1, "AccessKeyId", "SecretAccessKey", and perhaps "SessionToken", "Expiration"}. Errors are in
// the middle of a sentence. Without a source.
Result<Credentials> parse_process_output(const std::string& output);

}  // namespace lambdapool::aws
