#include "deploy/function/settings.hpp"

#include <gtest/gtest.h>

namespace lambdapool::deploy {
namespace {

const std::string layer = "arn:aws:lambda:us-east-1:123456789012:layer:";

std::string refusal(const FunctionRequest& options, const FunctionLimits& limits = lambda_limits()) {
  const auto valid = validate(options, limits);
  return valid ? "" : valid.error().message;
}

FunctionRequest named(std::string name) {
  FunctionRequest options;
  options.name = std::move(name);
  return options;
}

TEST(Settings, AcceptTheLimitsThemselves) {
  FunctionRequest options = named(std::string(64, 'a'));
  options.memory_mb = 10'240;
  options.timeout_s = 1'800;
  options.layers = {layer + "a:1", layer + "b:1", layer + "c:1", layer + "d:1", layer + "e:12"};
  EXPECT_EQ(refusal(options), "");
  options.memory_mb = 128;
  options.timeout_s = 1;
  options.layers->clear();
  EXPECT_EQ(refusal(options), "");
}

TEST(Settings, RefuseMemoryAndTimeoutBeyondTheLimits) {
  for (const int memory : {127, 10'241, -1}) {
    FunctionRequest options = named("f");
    options.memory_mb = memory;
    EXPECT_EQ(refusal(options),
              "memory must be between 128 and 10240 MB, not " + std::to_string(memory) + ".");
  }
  for (const int timeout : {0, 1'801}) {
    FunctionRequest options = named("f");
    options.timeout_s = timeout;
    EXPECT_EQ(refusal(options),
              "timeout must be between 1 and 1800 seconds, not " + std::to_string(timeout) + ".");
  }
}

TEST(Settings, AreCloudRunsWhereTheFunctionIsThere) {
  FunctionRequest options = named("f");
  options.memory_mb = 32'768;
  options.timeout_s = 3'600;
  options.description = std::string(512, 'x');
  options.environment = {{"AWS_REGION", "eu-west-1"}, {"LARGE", std::string(5'000, 'x')}};
  EXPECT_EQ(refusal(options, run_limits()), "");
  options.environment = {{"PORT", "80"}};
  EXPECT_EQ(refusal(options, run_limits()),
            "environment variable PORT is set by Cloud Run and can't be changed.");
  options.environment.clear();
  options.memory_mb = 32'769;
  EXPECT_EQ(refusal(options, run_limits()), "memory must be between 128 and 32768 MB, not 32769.");
}

TEST(Settings, RefuseNamesThatLambdaDoesNotKnow) {
  for (const char* name : {"", "a b", "a/b", "a.b", "ä", "a:1"}) EXPECT_NE(refusal(named(name)), "") << name;
  EXPECT_NE(refusal(named(std::string(65, 'a'))), "");
}

TEST(Settings, RefuseWhatIsNoLayerVersion) {
  for (const std::string& bad : {std::string("num py"), layer + "numpy", layer + "numpy:x", layer + ":1"}) {
    FunctionRequest options = named("f");
    options.layers = {bad};
    EXPECT_NE(refusal(options).find("'" + bad + "' is neither a layer version's ARN"), std::string::npos)
        << bad;
  }
}

TEST(Settings, RefuseASixthLayerAndALayerGivenTwice) {
  FunctionRequest options = named("f");
  options.layers = {layer + "a:1", layer + "b:1", layer + "c:1", layer + "d:1", layer + "e:1", layer + "f:1"};
  EXPECT_EQ(refusal(options), "a function can use at most 5 layers, not 6.");
  options.layers = {layer + "a:1", layer + "a:2"};
  EXPECT_EQ(refusal(options), "layer '" + layer + "a' is given twice.");
}

TEST(Settings, RefusePathsThatAreNotThere) {
  FunctionRequest options = named("f");
  options.paths = {"no/such/path"};
  EXPECT_EQ(refusal(options), "path 'no/such/path' does not exist.");
  options = named("f");
  options.requirements = "no-requirements.txt";
  EXPECT_EQ(refusal(options), "requirements file 'no-requirements.txt' does not exist.");
}

}  // namespace
}  // namespace lambdapool::deploy
