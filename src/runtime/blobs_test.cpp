// Data that did not fit a call, as a worker has it.
#include "runtime/blobs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/encoding.hpp"
#include "lambdapool/detail/call.hpp"
#include "lambdapool/detail/task.hpp"
#include "runtime/message.hpp"
#include "runtime/perform.hpp"

namespace lambdapool::runtime {
namespace {

using testing::HasSubstr;

// Objects by their URLs.
class FakeStore {
 public:
  Remote remote() {
    return {[this](const std::string& url, char* into, std::uint64_t size) -> Result<void> {
              ++fetches;
              const auto found = objects.find(url);
              if (found == objects.end() || found->second.size() != size)
                return fail(ErrorKind::not_found, "NoSuchKey");
              std::memcpy(into, found->second.data(), size);
              return {};
            },
            [this](const std::string& url, std::string_view bytes) -> Result<void> {
              if (url == "closed") return fail(ErrorKind::access_denied, "AccessDenied");
              objects[url] = bytes;
              return {};
            }};
  }
  envelope::Blob put(const std::string& bytes) {
    const auto digest = sha256_hex(bytes);
    objects["url of " + digest] = bytes;
    return {digest, bytes.size(), "url of " + digest};
  }
  std::map<std::string, std::string> objects;
  int fetches = 0;
};

Environment memory_of(int megabytes) {
  return Environment({{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(megabytes)}});
}

TEST(Blobs, AreFetchedOnceAndKeptWhileThereIsRoom) {
  FakeStore store;
  Blobs blobs(store.remote(), memory_of(4));  // 2 MB for them
  const auto one = store.put(std::string(1'500'000, '1'));
  const auto two = store.put(std::string(1'500'000, '2'));
  for (int i = 0; i < 3; ++i) EXPECT_EQ((*blobs.get(one))->view()[0], '1');
  EXPECT_EQ(store.fetches, 1);
  EXPECT_EQ((*blobs.get(two))->view()[0], '2');
  EXPECT_TRUE(blobs.get(one));
  EXPECT_EQ(store.fetches, 3);
}

TEST(Blobs, OtherBytesThanWereSentAreRefused) {
  FakeStore store;
  Blobs blobs(store.remote(), memory_of(128));
  const auto blob = store.put("right");
  store.objects[blob.url] = "wrong";
  const auto got = blobs.get(blob);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("SHA-256"));
}

TEST(Blobs, AFileOfThisMachineIsMappedWhereItIsThatBlobs) {
  std::string directory = std::filesystem::temp_directory_path() / "lambdapool-blobs-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  std::ofstream(directory + "/file") << "bytes";
  FakeStore store;
  Blobs blobs(store.remote(), Environment({{"LAMBDAPOOL_OBJECTS", directory}}));
  auto blob = store.put("bytes");
  blob.file = "file";
  EXPECT_EQ((*blobs.get(blob))->view(), "bytes");
  EXPECT_EQ(store.fetches, 0);
  auto longer = store.put("more bytes");
  for (const char* name : {"file", "../file", "none"}) {
    longer.file = name;
    EXPECT_EQ((*blobs.get(longer))->view(), "more bytes");
  }
  EXPECT_EQ(store.fetches, 1);
  std::filesystem::remove_all(directory);
}

std::string repeated(const std::string& text) { return text + text; }

// The parts of a message that calls repeated().
struct Message {
  std::string head;
  std::string items;
};
Message message_for(const std::string& text) {
  using This = detail::Call<decltype(&repeated), const std::string&>;
  Message message;
  message.head =
      detail::head_of<decltype(&repeated), typename This::Declared>(&repeated, typename This::Parameters{});
  const auto item = detail::encode_item(typename This::Parameters{}, text);
  message.items = write_items(message.head, &item, 1);
  return message;
}

class PerformWithBlobs : public testing::Test {
 protected:
  tl::expected<std::string, NotRun> perform_with(const std::string& payload) {
    return perform(
        payload, ProgramIdentity{"aabbcc", ""}, {}, [] { return std::chrono::system_clock::time_point{}; },
        {.response_bytes = 10'000}, &blobs_);
  }
  static std::string payload(const envelope::TaskData& data, std::string_view body) {
    const auto members = envelope::data_members(data);
    return envelope::encode(envelope::Direction::task, {"cpp", "aabbcc", "", {}, {}, members}, body);
  }
  FakeStore store_;
  Blobs blobs_{store_.remote(), memory_of(128)};
};

TEST_F(PerformWithBlobs, ABodyIsPutTogetherFromItsPieces) {
  const auto message = message_for("text");
  envelope::TaskData data;
  data.blobs = {store_.put(message.items)};
  data.pieces = {{message.head.size(), {}}, {0, 0}};
  const auto answer = perform_with(payload(data, message.head));
  ASSERT_TRUE(answer) << answer.error().message;
  const auto body = envelope::decode(envelope::Direction::outcome, *answer)->body;
  EXPECT_EQ(decode<std::string>(read_outcome(body).items[0].bytes), "texttext");
}

TEST_F(PerformWithBlobs, DataThatCannotBeHadIsARefusal) {
  const auto message = message_for("text");
  envelope::TaskData data;
  data.blobs = {store_.put(message.head + message.items)};
  data.pieces = {{0, 0}};
  store_.objects.clear();
  const auto answer = perform_with(payload(data, ""));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().type, "LambdapoolBlobError");
  EXPECT_THAT(answer.error().message, HasSubstr("NoSuchKey"));
}

TEST_F(PerformWithBlobs, AnAnswerThatDoesNotFitIsStored) {
  const auto message = message_for(std::string(10'000, 'x'));
  envelope::TaskData data;
  data.results_url = "result";
  const auto answer = perform_with(payload(data, message.head + message.items));
  ASSERT_TRUE(answer) << answer.error().message;
  const auto envelope = envelope::decode(envelope::Direction::outcome, *answer);
  ASSERT_TRUE(envelope->stored);
  const auto& body = store_.objects.at("result");
  EXPECT_EQ(envelope->body, sha256_hex(body) + ":" + std::to_string(body.size()));
  EXPECT_EQ(decode<std::string>(read_outcome(body).items[0].bytes), std::string(20'000, 'x'));
}

TEST_F(PerformWithBlobs, AnAnswerThatCannotBeStoredSaysWhy) {
  const auto message = message_for(std::string(2'000'000, 'x'));
  envelope::TaskData data;
  data.results_url = "closed";
  const auto answer = perform_with(payload(data, message.head + message.items));
  ASSERT_TRUE(answer) << answer.error().message;
  const auto body = envelope::decode(envelope::Direction::outcome, *answer)->body;
  const auto item = read_outcome(body).items[0];
  EXPECT_EQ(item.status, Status::too_large);
  EXPECT_THAT(std::string(item.bytes), HasSubstr("AccessDenied"));
}

}  // namespace
}  // namespace lambdapool::runtime
