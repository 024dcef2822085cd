#include "core/envelope.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "core/compression.hpp"
#include "core/encoding.hpp"
#include "core/limits.hpp"

namespace lambdapool::envelope {
namespace {

using testing::HasSubstr;

std::string noise(std::size_t bytes) {
  std::mt19937 random(42);
  std::string out(bytes, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

std::string error_of(std::string_view json, Direction direction = Direction::task) {
  const auto decoded = decode(direction, json);
  if (decoded) return "no error";
  EXPECT_EQ(decoded.error().kind, ErrorKind::protocol);
  return decoded.error().message;
}

TEST(Envelope, IsTheJsonThatTheProtocolShows) {
  EXPECT_EQ(encode(Direction::task, {"pickle", "3.11"}, "abc"),
            R"({"lambdapool":1,"codec":"pickle","peer":"3.11","encoding":"base64","task":"YWJj"})");
  EXPECT_EQ(encode(Direction::outcome, {"cpp", "b\"1"}, ""),
            R"({"lambdapool":1,"codec":"cpp","peer":"b\"1","encoding":"base64","outcome":""})");
}

TEST(Envelope, CarriesAnEchoWhereThereIsOne) {
  const auto json = encode(Direction::outcome, {"cpp", "id", "a\"-1"}, "abc");
  EXPECT_THAT(json, HasSubstr(R"("echo":"a\"-1")"));
  EXPECT_EQ(decode(Direction::outcome, json)->echo, "a\"-1");
  EXPECT_TRUE(check_echo(json, "a\"-1"));
  EXPECT_FALSE(check_echo(json, "a\"-2"));
  EXPECT_THAT(error_of(encode(Direction::task, {"cpp", "id", std::string(65, 'x')}, "")), HasSubstr("echo"));
}

TEST(Envelope, CarriesABodyAsItIsWhereItIsRaw) {
  const Label label{"cpp", "id", "a-1", {}, "code", R"("more":1)"};
  for (const std::string& body : {std::string(), std::string("a\0\"b", 4), noise(100'000)}) {
    const auto raw = encode_raw(label, body.substr(0, 2), body.substr(std::min<std::size_t>(2, body.size())));
    EXPECT_TRUE(is_raw(raw));
    const auto decoded = decode(Direction::task, raw);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_TRUE(decoded->raw);
    EXPECT_EQ(decoded->body, body);
    EXPECT_EQ(decoded->echo, "a-1");
    EXPECT_TRUE(check_echo(raw, "a-1"));
    const auto json = raw_as_json(Direction::task, raw);
    ASSERT_TRUE(json);
    EXPECT_FALSE(is_raw(*json));
    EXPECT_THAT(*json, HasSubstr(R"(,"code":"code","more":1,)"));
    const auto again = decode(Direction::task, *json);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_FALSE(again->raw);
    EXPECT_EQ(again->body, body);
  }
}

TEST(Envelope, IsTheSameWhereItsBytesAreTaken) {
  for (const std::string& body : {std::string(), std::string("a\0\"b", 4), noise(100'000)}) {
    for (const auto& payload :
         {encode_raw({"cpp", "id", "a-1"}, body), encode(Direction::outcome, {"cpp", "id", "a-1"}, body)}) {
      const auto decoded = decode(Direction::outcome, payload),
                 taken = decode_taken(Direction::outcome, payload);
      ASSERT_TRUE(taken) << taken.error().message;
      EXPECT_EQ(taken->body, body);
      EXPECT_EQ(taken->raw, decoded->raw);
      EXPECT_EQ(taken->echo, "a-1");
    }
  }
  EXPECT_EQ(decode_taken(Direction::outcome, "no envelope").error().message,
            decode(Direction::outcome, "no envelope").error().message);
}

TEST(Envelope, NamesTheBuffersThatEndARawOutcome) {
  const auto decoded = [](const std::string& buffers, Direction direction = Direction::outcome) {
    return decode_taken(direction,
                        encode_raw({"pickle", "3.11", {}, {}, {}, "\"buffers\":" + buffers}, "12345"));
  };
  EXPECT_EQ(decoded("[]")->buffers, std::vector<std::uint64_t>{});
  EXPECT_EQ(decoded("[0, 2,3]")->buffers, (std::vector<std::uint64_t>{0, 2, 3}));
  EXPECT_EQ(decoded("[6]", Direction::task)->buffers, std::vector<std::uint64_t>{});
  for (const char* buffers :
       {"[6]", "[3,3]", "[-1]", "[1.5]", "[\"1\"]", "[18446744073709551616]", "{}", "5"}) {
    const auto refused = decoded(buffers);
    ASSERT_FALSE(refused) << buffers;
    EXPECT_THAT(refused.error().message, HasSubstr("no sizes of what its body ends with"));
  }
}

TEST(Envelope, RefusesARawBodyWithoutItsNameAndTheNameWithoutABody) {
  const std::string head = R"({"lambdapool":1,"codec":"cpp","peer":"id","encoding":)";
  EXPECT_THAT(error_of(head + "\"raw\"}"), HasSubstr("go together"));
  EXPECT_THAT(error_of(head + "\"base64\",\"task\":\"\"}" + std::string(1, '\0') + "abc"),
              HasSubstr("go together"));
  EXPECT_FALSE(raw_as_json(Direction::task, head + "\"raw\"}"));
  const auto large = decode(Direction::task, encode_raw({"cpp", "id"}, "12345"), 4);
  ASSERT_FALSE(large);
  EXPECT_THAT(large.error().message, HasSubstr("larger than 4 bytes"));
}

TEST(Envelope, TellsTheFunctionsTimeoutWhereItMakesSense) {
  const auto told = [](const std::string& timeout) {
    return check_echo(R"({"lambdapool":1,"echo":"a-1","timeout":)" + timeout + "}", "a-1")->timeout;
  };
  EXPECT_EQ(told("1800"), std::chrono::seconds(1800));
  for (const char* nonsense : {"0", "-1", "1801", "1e3", "3.5", "99999999999999", "\"3\"", "null"})
    EXPECT_FALSE(told(nonsense)) << nonsense;
  const auto json = encode(Direction::outcome, {"cpp", "id", "a-1", std::chrono::seconds(3)}, "abc");
  EXPECT_THAT(json, HasSubstr(R"(,"timeout":3,)"));
  EXPECT_EQ(check_echo(json, "a-1")->timeout, std::chrono::seconds(3));
}

TEST(Envelope, TellsWhatTheFunctionRunsOnWhereItHasAPrice) {
  const auto told = [](const std::string& architecture) {
    return check_echo(R"({"lambdapool":1,"echo":"a-1","architecture":)" + architecture + "}", "a-1")
        ->architecture;
  };
  EXPECT_EQ(told(R"("arm64")"), Architecture::arm64);
  EXPECT_EQ(told(R"("x86_64")"), Architecture::x86_64);
  for (const char* other : {R"("riscv64")", R"("")", "64", "null", "{}"}) EXPECT_FALSE(told(other)) << other;
  EXPECT_FALSE(check_echo(R"({"lambdapool":1,"echo":"a-1"})", "a-1")->architecture);
}

TEST(Envelope, ComesBackAsItWasForBodiesOfEverySizeAndSplit) {
  for (const std::size_t size : {0, 1, 2, 3, 4, 5, 100, 4095, 4096, 5000, 40'000, 300'000}) {
    for (const auto& body : {noise(size), std::string(size, 'x')}) {
      for (const std::size_t split : {std::size_t{0}, size / 2, size / 3, size}) {
        const auto json = encode(Direction::outcome, {"cpp", "id"}, std::string_view(body).substr(0, split),
                                 std::string_view(body).substr(split));
        const auto decoded = decode(Direction::outcome, json);
        ASSERT_TRUE(decoded) << decoded.error().message;
        EXPECT_EQ(decoded->codec, "cpp");
        EXPECT_EQ(decoded->peer, "id");
        EXPECT_TRUE(decoded->body == body) << size << " split at " << split;
      }
    }
  }
}

TEST(Envelope, CompressesFromFourKibibytesAndOnlyWhereThatPays) {
  EXPECT_THAT(encode(Direction::task, {"cpp", ""}, std::string(4095, 'x')), HasSubstr("\"base64\""));
  const auto repetitive = encode(Direction::task, {"cpp", ""}, std::string(4096, 'x'));
  EXPECT_THAT(repetitive, HasSubstr("\"zlib+base64\""));
  EXPECT_LT(repetitive.size(), 300u);
  EXPECT_THAT(encode(Direction::task, {"cpp", ""}, noise(5000)), HasSubstr("\"base64\""));
  EXPECT_THAT(encode(Direction::task, {"cpp", ""}, noise(500'000)), HasSubstr("\"base64\""));
}

TEST(Envelope, CompressesALargeBodyThatWouldNotFitOtherwise) {
  std::string body = noise(5'000'000);
  for (char& c : body)
    c = static_cast<char>(c & 0x7F);  // seven bits of eight: too little gain for a small one
  EXPECT_THAT(encode(Direction::task, {"cpp", ""}, body.substr(0, 100'000)), HasSubstr("\"base64\""));
  const auto json = encode(Direction::task, {"cpp", ""}, body);
  EXPECT_THAT(json.substr(0, 100), HasSubstr("\"zlib+base64\""));
  EXPECT_TRUE(decode(Direction::task, json)->body == body);
}

TEST(Envelope, SeesEarlyThatABodyCannotFit) {
  constexpr std::size_t most = limits::request_payload_bytes_max;
  EXPECT_FALSE(encode_within(most, Direction::task, {"cpp", ""}, noise(5'000'000)));
  std::string wordy = noise(30'000'000);
  for (char& c : wordy) c = static_cast<char>('a' + (c & 7));  // compresses to three eighths
  EXPECT_FALSE(encode_within(most, Direction::task, {"cpp", ""}, wordy));
  const auto zeros = encode_within(most, Direction::task, {"cpp", ""}, std::string(50'000'000, 'x'));
  ASSERT_TRUE(zeros);
  EXPECT_EQ(decode(Direction::task, *zeros)->body.size(), 50'000'000u);
  const auto exactly = encode(Direction::task, {"cpp", ""}, noise(3000));
  EXPECT_TRUE(encode_within(exactly.size(), Direction::task, {"cpp", ""}, noise(3000)));
  EXPECT_FALSE(encode_within(exactly.size() - 1, Direction::task, {"cpp", ""}, noise(3000)));
}

TEST(Envelope, ReadsMembersInAnyOrderAndIgnoresWhatItDoesNotKnow) {
  const auto decoded =
      decode(Direction::task, R"( { "x" : [1, -2.5e+3, {"task": null, "y": ["]}"]}, true], "task":
      "YWJ\u006a" , "encoding":"base64","outcome":7, "peer":"\u00e9\ud83d\ude00\n","co\u0064ec":"cpp","lambdapool":1} )");
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->body, "abc");
  EXPECT_EQ(decoded->codec, "cpp");
  EXPECT_EQ(decoded->peer, "\xc3\xa9\xf0\x9f\x98\x80\n");
}

TEST(Envelope, AcceptsBase64WithEscapedSlashes) {
  const auto decoded = decode(
      Direction::task, R"({"lambdapool":1,"codec":"cpp","peer":"","encoding":"base64","task":"\/\/\/\/"})");
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->body, "\xff\xff\xff");
}

struct Malformed {
  const char* json;
  const char* says;
};

TEST(Envelope, SaysWhatIsWrong) {
  const Malformed cases[] = {
      {"", "not a JSON object"},
      {"5", "not a JSON object"},
      {"[]", "not a JSON object"},
      {"{", "name is missing"},
      {R"({"a")", "colon"},
      {R"({"a":})", "value is missing"},
      {R"({"a":1,})", "name is missing"},
      {R"({"a":1 "b":2})", "comma"},
      {R"({"a":01})", "comma"},
      {R"({"a":1.})", "value"},
      {R"({"a":tru})", "value"},
      {R"({"a":[1)", "bracket"},
      {R"({"a":"x)", "does not end"},
      {R"({"a":"x\)", "does not end"},
      {R"({"a":"x\"})", "does not end"},
      {R"({"a":1} x)", "after the JSON object"},
      {R"({"key1": "value1"})", "\"lambdapool\" is missing"},
      {R"({"lambdapool":"1"})", "\"lambdapool\" is not a number"},
      {R"({"lambdapool":1})", "\"codec\" is missing"},
      {R"({"lambdapool":1,"codec":1})", "\"codec\" is not a string"},
      {R"({"lambdapool":1,"codec":"\x"})", "malformed escape"},
      {R"({"lambdapool":1,"codec":"\ud800"})", "malformed escape"},
      {R"({"lambdapool":1,"codec":"cpp"})", "\"peer\" is missing"},
      {R"({"lambdapool":1,"codec":"cpp","peer":""})", "\"encoding\" is missing"},
      {R"({"lambdapool":1,"codec":"cpp","peer":"","encoding":"hex","task":""})", "encoding \"hex\""},
      {R"({"lambdapool":1,"codec":"cpp","peer":"","encoding":"base64"})", "\"task\" is missing"},
      {R"({"lambdapool":1,"codec":"cpp","peer":"","encoding":"base64","outcome":""})", "\"task\" is missing"},
      {R"({"lambdapool":1,"codec":"cpp","peer":"","encoding":"base64","task":{}})",
       "\"task\" is not a string"},
      {R"({"lambdapool":1,"codec":"cpp","peer":"","encoding":"base64","task":"YW"})", "not base64"},
      {R"({"lambdapool":1,"codec":"cpp","peer":"","encoding":"zlib+base64","task":"YWJj"})", "zlib stream"},
      {R"({"lambdapool":1,"codec":"cpp","peer":"","encoding":"zlib+base64","task":""})", "zlib stream"},
  };
  for (const auto& [json, says] : cases) EXPECT_THAT(error_of(json), HasSubstr(says)) << json;
}

TEST(Envelope, NamesBothVersionsWhenItCannotSpeakTheOthers) {
  EXPECT_THAT(error_of(R"({"lambdapool":2,"anything":"else"})"),
              testing::AllOf(HasSubstr("version 2"), HasSubstr("version 1"), HasSubstr("lambdapool update")));
}

TEST(Envelope, RefusesDeepNestingWithoutOverflowingTheStack) {
  EXPECT_THAT(error_of("{\"a\":" + std::string(1'000'000, '[')), HasSubstr("nested too deeply"));
}

TEST(Envelope, ReadsAStringOfBackslashesInLinearTime) {
  std::string json = "{\"a\":\"" + std::string(4'000'000, '\\') + "\"}";
  EXPECT_THAT(error_of(json), HasSubstr("\"lambdapool\" is missing"));
}

std::string zlib_envelope(std::string_view stream) {
  return R"({"lambdapool":1,"codec":"cpp","peer":"","encoding":"zlib+base64","task":")" +
         base64_encode(stream) + "\"}";
}

TEST(Envelope, RefusesABodyThatInflatesBeyondTheLimit) {
  const auto bomb = compress_if_it_pays(std::string(2'000'000, '\0'), {}, 1 << 30);
  ASSERT_TRUE(bomb);
  EXPECT_TRUE(decode(Direction::task, zlib_envelope(*bomb), 2'000'000));
  const auto refused = decode(Direction::task, zlib_envelope(*bomb), 1'999'999);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("larger than 1999999 bytes"));
}

TEST(Envelope, RefusesTruncatedAndTrailingCompressedBytes) {
  const auto stream = compress_if_it_pays(std::string(5000, 'a') + noise(500), {}, 1 << 30);
  ASSERT_TRUE(stream);
  for (const std::size_t length : {std::size_t{1}, stream->size() / 2, stream->size() - 1}) {
    EXPECT_THAT(error_of(zlib_envelope(stream->substr(0, length))), HasSubstr("zlib stream")) << length;
  }
  EXPECT_THAT(error_of(zlib_envelope(*stream + "x")), HasSubstr("zlib stream"));
  auto corrupt = *stream;
  corrupt[corrupt.size() - 2] ^= 1;
  EXPECT_THAT(error_of(zlib_envelope(corrupt)), HasSubstr("zlib stream"));
}

}  // namespace
}  // namespace lambdapool::envelope
