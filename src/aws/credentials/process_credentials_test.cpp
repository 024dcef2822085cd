#include "aws/credentials/process_credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/timestamp.hpp"

namespace lambdapool::aws {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> words(const std::string& command) {
  return split_command(command).value_or(std::vector<std::string>{"error"});
}

TEST(CredentialProcess, ItsCommandIsSplitAsAShellWould) {
  EXPECT_THAT(words("/bin/tool --for  me"), ElementsAre("/bin/tool", "--for", "me"));
  EXPECT_THAT(words(R"("/a b/tool" 'it''s' "say \"hi\" \n" c\ d "")"),
              ElementsAre("/a b/tool", "its", R"(say "hi" \n)", "c d", ""));
  EXPECT_THAT(words("$HOME/tool *"), ElementsAre("$HOME/tool", "*"));
}

TEST(CredentialProcess, AMalformedCommandIsRefused) {
  EXPECT_THAT(split_command("'tool").error().message, HasSubstr("quotation mark"));
  EXPECT_THAT(split_command("tool \\").error().message, HasSubstr("backslash"));
  EXPECT_THAT(split_command("  ").error().message, HasSubstr("empty"));
}

TEST(CredentialProcess, PrintsKeysThatMayEnd) {
  auto keys = parse_process_output(R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"s"})");
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->identity.access_key_id, "A");
  EXPECT_FALSE(keys->expires);
  keys = parse_process_output(
      R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-11-22T22:14:26Z"})");
  ASSERT_TRUE(keys);
  EXPECT_EQ(format_timestamp(*keys->expires), "2026-11-22T22:14:26Z");
}

TEST(CredentialProcess, AnythingElseItPrintsIsRefused) {
  EXPECT_THAT(parse_process_output("oops").error().message, HasSubstr("JSON"));
  EXPECT_THAT(parse_process_output(R"({"Version":2})").error().message, HasSubstr("Version"));
  EXPECT_THAT(parse_process_output(R"({"Version":1})").error().message, HasSubstr("AccessKeyId"));
  EXPECT_THAT(
      parse_process_output(R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"x"})")
          .error()
          .message,
      HasSubstr("Expiration"));
}

}  // namespace
}  // namespace lambdapool::aws
