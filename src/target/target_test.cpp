#include "target/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>

#include "target/project_place.hpp"

namespace lambdapool::target {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// An empty home directory, so that nothing of the machine's own configuration is read.
class TargetTest : public testing::Test {
 protected:
  TargetTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "lambdapool-target-XXXXXX";
    home_ = ::mkdtemp(pattern.data());
  }
  ~TargetTest() override { std::filesystem::remove_all(home_); }

  Environment environment(std::map<std::string, std::string> more = {}) {
    more.insert({{"HOME", home_.string()},
                 {"LAMBDAPOOL_HOME", (home_ / "data").string()},
                 {"AWS_EC2_METADATA_DISABLED", "true"}});
    return Environment(std::move(more));
  }
  std::filesystem::path home_;
};

const std::map<std::string, std::string> keys = {
    {"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "secret"}, {"AWS_REGION", "eu-west-1"}};

TEST_F(TargetTest, IsAwsUnlessSaidOtherwise) {
  auto target = resolve({}, environment(keys));
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(target->name, "aws");
  EXPECT_EQ(target->region, "eu-west-1");
  EXPECT_EQ(target->endpoint.url(), "https://lambda.eu-west-1.amazonaws.com");
  EXPECT_EQ(target->provider->current()->identity.access_key_id, "AKID");
  EXPECT_EQ(target->service, nullptr);
}

TEST_F(TargetTest, TheEnvironmentNamesEndpointAndAuthorities) {
  auto variables = keys;
  variables["AWS_ENDPOINT_URL_LAMBDA"] = "http://localhost:4566";
  variables["AWS_CA_BUNDLE"] = "/some/ca.pem";
  auto target = resolve({.target = "aws"}, environment(variables));
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(target->endpoint.url(), "http://localhost:4566");
  EXPECT_EQ(target->settings.ca_bundle, "/some/ca.pem");
}

TEST_F(TargetTest, PlainHttpToAnotherMachineNeedsToBeAllowed) {
  auto variables = keys;
  variables["AWS_ENDPOINT_URL_LAMBDA"] = "http://192.0.2.1:4566";
  const auto refused = resolve({.target = "aws"}, environment(variables));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid_argument);
  EXPECT_TRUE(resolve({.target = "aws", .allow_http = true}, environment(variables)));
  variables["LAMBDAPOOL_ALLOW_HTTP"] = "1";
  EXPECT_TRUE(resolve({.target = "aws"}, environment(variables)));
}

TEST_F(TargetTest, ProxiesAreForAwsAndNotForLocal) {
  auto variables = keys;
  variables["HTTPS_PROXY"] = variables["HTTP_PROXY"] = "http://proxy.example:3128";
  auto target = resolve({.target = "aws"}, environment(variables));
  ASSERT_TRUE(target) << target.error().message;
  auto proxy = target->proxies.choose(target->endpoint);
  ASSERT_TRUE(proxy && *proxy);
  EXPECT_EQ((*proxy)->endpoint.url(), "http://proxy.example:3128");
  auto local = resolve({.target = "local"}, environment(variables));
  ASSERT_TRUE(local) << local.error().message;
  EXPECT_FALSE(local->proxies.choose(local->endpoint)->has_value());
}

TEST_F(TargetTest, AProxyThatIsNoUrlIsRefusedBeforeAnythingIsSent) {
  auto variables = keys;
  variables["HTTPS_PROXY"] = "socks5://proxy.example";
  auto target = resolve({.target = "aws"}, environment(variables));
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().kind, ErrorKind::invalid_argument);
  EXPECT_THAT(target.error().message, HasSubstr("HTTPS_PROXY"));
}

TEST_F(TargetTest, WithoutCredentialsBothWaysOutAreNamed) {
  auto target = resolve({}, environment());
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().kind, ErrorKind::credentials);
  EXPECT_THAT(target.error().message, HasSubstr("aws configure"));
  EXPECT_THAT(target.error().message, HasSubstr("local"));
}

TEST_F(TargetTest, AnUnknownOneIsRefusedNamingAll) {
  auto target = resolve({.target = "gcf"}, environment(keys));
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().kind, ErrorKind::invalid_argument);
  EXPECT_THAT(target.error().message, HasSubstr("'gcf'"));
  EXPECT_THAT(target.error().message, HasSubstr("'aws', 'local', 'gcp' or 'gcp-local'"));
  auto variables = keys;
  variables["LAMBDAPOOL_TARGET"] = "moon";
  target = resolve({}, environment(variables));
  ASSERT_FALSE(target);
  EXPECT_THAT(target.error().message, HasSubstr("LAMBDAPOOL_TARGET"));
}

TEST_F(TargetTest, AnArgumentIsNearerThanTheEnvironment) {
  auto variables = keys;
  variables["LAMBDAPOOL_TARGET"] = "local";
  auto target = resolve({.target = "aws"}, environment(variables));
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(target->name, "aws");
}

TEST_F(TargetTest, WhoWaitsForAnotherThreadsCredentialsMayGiveUp) {
  const auto begun = home_ / "begun";
  ASSERT_EQ(::mkfifo(begun.c_str(), 0600), 0);
  const auto config = home_ / "config";
  std::ofstream(config) << "[default]\nregion = us-east-1\ncredential_process = sh -c 'echo > "
                        << begun.string() << "; exec sleep 600'\n";
  const auto where = environment({{"AWS_CONFIG_FILE", config.string()}});
  std::atomic<bool> enough{false};
  auto first = std::async(std::launch::async,
                          [&] { return resolve({.give_up = [&] { return enough.load(); }}, where); });
  std::string line;
  std::getline(std::ifstream(begun), line);
  const auto second = resolve({.give_up = [] { return true; }}, where);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::cancelled) << second.error().message;
  enough = true;
  EXPECT_FALSE(first.get());
}

TEST_F(TargetTest, LocalNeedsNoCredentialsAndIsSharedWithinAProcess) {
  auto first = resolve({}, environment({{"LAMBDAPOOL_TARGET", "local"}}));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->name, "local");
  EXPECT_EQ(first->region, "us-east-1");
  EXPECT_THAT(first->provider->current()->identity.access_key_id, StartsWith("LOCAL"));
  auto second = resolve({.target = "local"}, environment());
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->endpoint.url(), first->endpoint.url());
  EXPECT_EQ(second->service, first->service);
}

TEST_F(TargetTest, LocalEndsWithItsLastUserAndIsAnotherTheNextTime) {
  auto first = resolve({.target = "local"}, environment());
  ASSERT_TRUE(first) << first.error().message;
  auto secret = first->provider->current()->identity.secret_access_key;
  std::weak_ptr<void> service = first->service;
  *first = {};
  EXPECT_TRUE(service.expired());
  auto second = resolve({.target = "local"}, environment());
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_NE(second->provider->current()->identity.secret_access_key, secret);
}

// What `holds` says in a forked child; false also where the child hangs or crashes.
bool in_child(const std::function<bool()>& holds) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    ::_exit(holds() ? 0 : 1);
  }
  int status = 1;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

// Whether the two can be told apart is beside the point: one home has one service in a family of processes.
TEST_F(TargetTest, AForkedChildUsesItsParentsService) {
  auto ours = resolve({.target = "local"}, environment());
  ASSERT_TRUE(ours) << ours.error().message;
  EXPECT_TRUE(in_child([&] {
    auto theirs = resolve({.target = "local"}, environment());
    const bool shared = theirs && theirs->endpoint.url() == ours->endpoint.url();
    if (theirs) *theirs = {};
    *ours = {};  // does not wait for threads that the child does not have
    return shared;
  }));
}

#ifndef __SANITIZE_THREAD__  // which knows nothing of locks that are held across a fork
TEST_F(TargetTest, AForkedChildWhoseParentsServiceHasEndedHasOneOfItsOwn) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  auto ours = resolve({.target = "local"}, environment());
  ASSERT_TRUE(ours) << ours.error().message;
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    char ended = 0;
    if (::read(pipe[0], &ended, 1) != 1) ::_exit(2);
    auto theirs = resolve({.target = "local"}, environment());
    const bool own = theirs && theirs->endpoint.url() != ours->endpoint.url();
    if (theirs) *theirs = {};
    ::_exit(own ? 0 : 1);
  }
  *ours = {};
  EXPECT_EQ(::write(pipe[1], "e", 1), 1);
  int status = 1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_F(TargetTest, AForkedChildForksLikeOthers) {
  auto ours = resolve({.target = "local"}, environment());
  ASSERT_TRUE(ours) << ours.error().message;
  EXPECT_TRUE(in_child([&] {
    return in_child([&] {
      auto theirs = resolve({.target = "local"}, environment());
      return theirs && theirs->endpoint.url() == ours->endpoint.url();
    });
  }));
}

TEST_F(TargetTest, AForkedChildHasAServiceOfItsOwnForAnotherHome) {
  auto ours = resolve({.target = "local"}, environment());
  ASSERT_TRUE(ours) << ours.error().message;
  EXPECT_TRUE(in_child([&] {
    auto theirs =
        resolve({.target = "local"}, environment({{"LAMBDAPOOL_HOME", (home_ / "other").string()}}));
    const bool own = theirs && theirs->endpoint.url() != ours->endpoint.url();
    if (theirs) *theirs = {};
    return own;
  }));
}
#endif

TEST_F(TargetTest, TakesAProjectsPlaceFromItsFile) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(home_);
  const auto place = [&](const std::string& text, mode_t mode) -> std::string {
    std::ofstream("lambdapool.toml") << text;
    ::chmod("lambdapool.toml", mode);
    TargetOptions options;
    const auto taken = take_from_project(options, environment());
    return taken ? options.aws.region.value_or("none") : taken.error().message;
  };
  EXPECT_EQ(place("region = 'eu-west-3'", 0644), "eu-west-3");
  EXPECT_EQ(place("region = 3", 0644), "none");
  EXPECT_EQ(place("a = " + std::string(100'000, '['), 0644), "none");
  EXPECT_THAT(place("region = 'eu-west-3'", 0666),
              HasSubstr("lambdapool.toml is not obeyed: everybody can write"));
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace lambdapool::target
