#include "core/task_data.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lambdapool::envelope {
namespace {

const std::string digest(64, 'a');

TEST(TaskData, WhatIsWrittenIsRead) {
  TaskData data;
  data.blobs = {{digest, 300, "https://b/\"x\"", "file"}, {digest, 0, "u"}};
  data.pieces = {{5, {}}, {0, 1}};
  data.results_url = "https://r";
  const auto read = read_task_data("{" + data_members(data) + "}");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->blobs.size(), 2U);
  EXPECT_EQ(read->blobs[0].url, "https://b/\"x\"");
  EXPECT_EQ(read->blobs[0].file, "file");
  EXPECT_EQ(read->blobs[0].size, 300U);
  ASSERT_TRUE(read->pieces);
  EXPECT_EQ((*read->pieces)[0].bytes, 5U);
  EXPECT_EQ((*read->pieces)[1].blob, 1U);
  EXPECT_EQ(read->results_url, "https://r");
}

TEST(TaskData, AnEnvelopeWithoutDataHasNone) {
  const auto read = read_task_data(encode(Direction::task, {"cpp", "p"}, "body"));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->blobs.empty());
  EXPECT_FALSE(read->pieces);
}

class BadTaskData : public testing::TestWithParam<const char*> {};

TEST_P(BadTaskData, IsRefused) {
  const auto read = read_task_data(GetParam());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::protocol);
}

INSTANTIATE_TEST_SUITE_P(TaskData, BadTaskData,
                         testing::Values("{", R"({"blobs":[1]})", R"({"blobs":{"a":1}})",
                                         R"({"blobs":[{"sha256":"x","size":1,"url":"u"}]})",
                                         R"({"pieces":[{"blob":0}]})", R"({"pieces":[-1]})",
                                         R"({"results":{}})", R"({"results":3})"));

TEST(TaskData, AStoredOutcomeSaysWhatWasStored) {
  const auto json = encode_stored({"cpp", "p", "echo"}, {digest, {3, 4}});
  const auto envelope = decode(Direction::outcome, json);
  ASSERT_TRUE(envelope) << envelope.error().message;
  EXPECT_TRUE(envelope->stored);
  EXPECT_EQ(envelope->echo, "echo");
  const auto stored = parse_stored(envelope->body);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->sha256, digest);
  EXPECT_THAT(stored->sizes, testing::ElementsAre(3, 4));
}

TEST(TaskData, AStoredOutcomeThatSaysNothingIsRefused) {
  for (const std::string& text :
       {std::string(), digest, digest + ":", digest + ":x", digest + ":1,", std::string("a:1")})
    EXPECT_FALSE(parse_stored(text)) << text;
}

TEST(TaskData, SaysWhetherOutcomesAreTakenEarlyAndInAStream) {
  const auto read = [](std::string_view members) {
    return *read_task_data("{\"lambdapool\":1" + std::string(members) + ",\"task\":\"\"}");
  };
  EXPECT_FALSE(read("").parts);
  EXPECT_TRUE(read(",\"parts\":{}").parts);
  EXPECT_FALSE(read(",\"parts\":{}").streams);
  EXPECT_TRUE(read(",\"parts\":{\"stream\":true}").streams);
  EXPECT_FALSE(read(",\"parts\":{\"stream\":true}").large);
  EXPECT_TRUE(read(",\"parts\":{\"large\":true,\"stream\":true}").large);
  EXPECT_FALSE(read(",\"parts\":{\"large\":true}").large) << "there is nothing else that takes it";
  EXPECT_FALSE(read(",\"parts\":{}").output);
  EXPECT_TRUE(read(",\"parts\":{\"stdout\":true}").output);
  EXPECT_FALSE(read_task_data("{\"parts\":7}"));
}

TEST(TaskData, ForgetsTheStreamAndNothingElse) {
  const std::string text =
      R"({"code":"\"parts\":{\"stream\":true}","parts":{"stream":true,"large":true},"task":"x"})";
  std::string task = text;
  stream_no_more(task);
  EXPECT_EQ(task, R"({"code":"\"parts\":{\"stream\":true}","parts":{},"task":"x"})");
  stream_no_more(task);
  EXPECT_EQ(task, R"({"code":"\"parts\":{\"stream\":true}","parts":{},"task":"x"})");
}

TEST(TaskData, SaysWhatOfACallIsTakenEarly) {
  for (const bool in_stream : {false, true}) {
    for (const bool output : {false, true}) {
      std::string task = "{" + std::string(parts_member({in_stream, output})) + "}";
      EXPECT_TRUE(read_task_data(task)->parts);
      EXPECT_EQ(read_task_data(task)->streams, in_stream);
      EXPECT_EQ(read_task_data(task)->output, output);
      stream_no_more(task);
      EXPECT_FALSE(read_task_data(task)->streams);
      EXPECT_EQ(read_task_data(task)->output, output);
    }
  }
}

}  // namespace
}  // namespace lambdapool::envelope
