// Whatever ~/.aws holds is read or an error: config and credentials (and what a profile then says), the SSO
// cache, a credential_process's answer.
#include <cstdlib>
#include <string>
#include <string_view>

#include "aws/credentials/config_file.hpp"
#include "aws/credentials/credential_source.hpp"
#include "aws/credentials/instance_metadata.hpp"
#include "aws/credentials/process_credentials.hpp"
#include "aws/credentials/sso.hpp"
#include "memory_file.hpp"

using namespace lambdapool;

namespace {

void read_profiles(std::string_view text) {
  const fuzz::MemoryFile file(text);
  const Environment environment({{"AWS_CONFIG_FILE", file.path()},
                                 {"AWS_SHARED_CREDENTIALS_FILE", file.path()},
                                 {"AWS_EC2_METADATA_DISABLED", "true"},
                                 {"HOME", "/nonexistent"}});
  const auto files = aws::SharedFiles::read(environment);
  if (!files) return;
  for (const char* name : {"default", "dev", "a"}) {
    const auto profile = files->profile(name);
    aws::instance_metadata(environment, profile).has_value();
    aws::choose_source({.profile = name}, environment, *files).has_value();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto kind : {aws::ConfigFile::Kind::config, aws::ConfigFile::Kind::credentials})
    aws::ConfigFile::parse(kind, text, "file").has_value();
  read_profiles(text);
  aws::split_command(text).has_value();
  aws::parse_process_output(text).has_value();
  const auto token = aws::sso::parse_token(text);
  if (!token) return 0;
  const auto again =
      aws::sso::parse_token(aws::sso::format_token(*token, "https://d.awsapps.com/start", "eu-west-1"));
  if (!again || again->access_token != token->access_token || again->refresh_token != token->refresh_token)
    std::abort();
  return 0;
}
