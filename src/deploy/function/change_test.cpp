#include "deploy/function/change.hpp"

#include <gtest/gtest.h>

namespace lambdapool::deploy {
namespace {

aws::FunctionDescription function() {
  aws::FunctionDescription now;
  now.configuration.name = "f";
  now.configuration.memory_mb = 128;
  now.configuration.timeout_s = 3;
  now.configuration.runtime = "python3.11";
  now.configuration.environment = {{"LAMBDAPOOL_VERSION", "1"}, {"LAMBDAPOOL_CODEC", "pickle"}, {"A", "old"}};
  now.tags = {{"lambdapool", "1"}, {"team", "x"}};
  return now;
}

FunctionRequest options() {
  FunctionRequest asked;
  asked.name = "f";
  return asked;
}

Change change(const aws::FunctionDescription& now, const FunctionRequest& asked, NewCode code = NewCode::no,
              const std::string& version = "1") {
  auto made = change_of(now, asked, asked.layers, code, version);
  EXPECT_TRUE(made) << made.error().message;
  return *made;
}

TEST(Change, IsEmptyWhereTheFunctionIsAsAsked) {
  FunctionRequest asked = options();
  asked.memory_mb = 128;
  asked.environment = {{"A", "old"}};
  asked.tags = {{"team", "x"}};
  asked.untags = {"absent"};
  asked.unset_environment = {"ABSENT"};
  asked.concurrency = Reservation{};
  EXPECT_TRUE(change(function(), asked).empty());
  EXPECT_TRUE(change(function(), asked).lines.empty());
}

TEST(Change, DoesNotDependOnTheOrderOfSubnetsAndGroups) {
  auto now = function();
  now.configuration.vpc = {{"subnet-a", "subnet-b"}, {"sg-1", "sg-2"}};
  FunctionRequest asked = options();
  asked.subnets = {{"subnet-b", "subnet-a"}};
  asked.security_groups = {{"sg-2", "sg-1"}};
  EXPECT_TRUE(change(now, asked).empty());
  asked.security_groups = {{"sg-2"}};
  EXPECT_TRUE(change(now, asked).configuration.vpc);
}

TEST(Change, SendsOnlyWhatDiffersAndKnowsTheWayBack) {
  FunctionRequest asked = options();
  asked.memory_mb = 256;
  asked.timeout_s = 3;
  const Change made = change(function(), asked);
  EXPECT_EQ(made.configuration.memory_mb, 256);
  EXPECT_EQ(made.way_back.memory_mb, 128);
  EXPECT_FALSE(made.configuration.timeout_s);
  EXPECT_FALSE(made.configuration.environment);
  EXPECT_EQ(made.lines, std::vector<std::string>{"memory from 128 to 256 MB"});
}

TEST(Change, OfTheEnvironmentMergesAndNeverTellsValues) {
  FunctionRequest asked = options();
  asked.environment = {{"B", "secret"}};
  asked.unset_environment = {"A"};
  const Change made = change(function(), asked);
  const std::map<std::string, std::string> merged{
      {"LAMBDAPOOL_VERSION", "1"}, {"LAMBDAPOOL_CODEC", "pickle"}, {"B", "secret"}};
  EXPECT_EQ(made.configuration.environment, merged);
  EXPECT_EQ(made.lines,
            (std::vector<std::string>{"environment variable B", "environment variable A: removed"}));
}

TEST(Change, OfAWholeEnvironmentKeepsOnlyLambdapoolsOwn) {
  FunctionRequest asked = options();
  asked.whole_environment = true;
  const Change made = change(function(), asked);
  EXPECT_EQ(made.configuration.environment->count("A"), 0U);
  EXPECT_EQ(made.configuration.environment->count("LAMBDAPOOL_CODEC"), 1U);
}

TEST(Change, MarksNewCodeWithTheVersionThatBroughtIt) {
  const Change made = change(function(), options(), NewCode::yes, "2");
  EXPECT_EQ(made.configuration.environment->at("LAMBDAPOOL_VERSION"), "2");
  EXPECT_EQ(made.tags.set, (Tags{{"lambdapool", "2"}}));
  EXPECT_TRUE(change(function(), options(), NewCode::no, "2").empty());
}

TEST(Change, MendsATagThatAnInterruptedUpdateLeftBehind) {
  auto now = function();
  now.configuration.environment["LAMBDAPOOL_VERSION"] = "2";
  now.tags["lambdapool:unfinished"] = "";
  const Change made = change(now, options(), NewCode::no, "3");
  EXPECT_EQ(made.tags.set, (Tags{{"lambdapool", "2"}}));
  EXPECT_EQ(made.tags.remove, std::vector<std::string>{"lambdapool:unfinished"});
}

TEST(Change, RefusesHalfAVpcAndTooManyVariables) {
  FunctionRequest asked = options();
  asked.subnets = {{"subnet-1"}};
  EXPECT_FALSE(change_of(function(), asked, {}, NewCode::no, "1"));
  asked.subnets.reset();
  asked.environment = {{"BIG", std::string(4'096, 'x')}};
  EXPECT_FALSE(change_of(function(), asked, {}, NewCode::no, "1"));
}

TEST(Change, OfConcurrencyTellsAReservationOfNoneFromZero) {
  FunctionRequest asked = options();
  asked.concurrency = Reservation{0};
  EXPECT_EQ(change(function(), asked).lines, std::vector<std::string>{"reserved concurrency from none to 0"});
  auto now = function();
  now.reserved_concurrency = 0;
  EXPECT_TRUE(change(now, asked).empty());
  asked.concurrency = Reservation{};
  EXPECT_EQ(change(now, asked).lines, std::vector<std::string>{"reserved concurrency from 0 to none"});
}

}  // namespace
}  // namespace lambdapool::deploy
