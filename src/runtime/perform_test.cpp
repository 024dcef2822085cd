#include "runtime/perform.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <random>

#include "core/envelope.hpp"
#include "lambdapool/detail/call.hpp"
#include "lambdapool/detail/task.hpp"
#include "lambdapool/errors.hpp"
#include "runtime/message.hpp"

namespace lambdapool::runtime {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using TimePoint = std::chrono::system_clock::time_point;

const ProgramIdentity mine{"aabbcc", ""};

// A clock that functions under test move.
TimePoint test_now{};

int twice(int n) { return 2 * n; }

// The payload that calls f once for each item.
template <class F, class Item>
std::string payload_for(const F& f, const std::vector<Item>& items, const std::string& peer = "aabbcc") {
  using This = detail::Call<F, const Item&>;
  const std::string head =
      detail::head_of<std::decay_t<F>, typename This::Declared>(f, typename This::Parameters{});
  std::vector<std::string> encoded;
  for (const Item& item : items) encoded.push_back(detail::encode_item(typename This::Parameters{}, item));
  return envelope::encode(envelope::Direction::task, {"cpp", peer}, head,
                          write_items(head, encoded.data(), encoded.size()));
}

tl::expected<std::string, NotRun> perform_now(std::string_view payload,
                                              milliseconds left = milliseconds(60'000),
                                              const Limits& limits = {}) {
  test_now = {};
  return perform(
      payload, mine, test_now + left, [] { return test_now; }, limits);
}

struct Answer {
  std::string body;
  OutcomeMessage outcome;
};

Answer answer_of(const tl::expected<std::string, NotRun>& performed) {
  EXPECT_TRUE(performed.has_value()) << performed.error().message;
  Answer answer;
  answer.body = envelope::decode(envelope::Direction::outcome, *performed)->body;
  answer.outcome = read_outcome(answer.body);
  return answer;
}

TEST(Perform, RunsTheItemsInOrder) {
  const Answer answer = answer_of(perform_now(payload_for(twice, std::vector{1, 2, 3})));
  ASSERT_EQ(answer.outcome.items.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(decode<int>(answer.outcome.items[std::size_t(i)].bytes), 2 * (i + 1));
}

TEST(Perform, AnswersAnExceptionAsThatItemsOutcome) {
  const auto f = [](int n) {
    if (n == 2) throw std::out_of_range("two");
    return n;
  };
  const Answer answer = answer_of(perform_now(payload_for(f, std::vector{1, 2, 3})));
  EXPECT_EQ(answer.outcome.items[1].status, Status::exception);
  EXPECT_EQ(answer.outcome.items[2].status, Status::value);
}

// Forks in the first of two items, where the child leaves by calling an F; the child's wait status.
template <class F>
int status_of_child(F) {
  static int status;
  const auto f = [](int item) {
    if (item == 2) return 2;
    const pid_t child = ::fork();
    if (child == 0) return F{}();
    ::waitpid(child, &status, 0);
    return 1;
  };
  const Answer answer = answer_of(perform_now(payload_for(f, std::vector{1, 2})));
  EXPECT_EQ(answer.outcome.items.size(), 2u);
  EXPECT_EQ(decode<int>(answer.outcome.items[0].bytes), 1);
  return status;
}

TEST(Perform, EndsAChildThatAnItemForkedWhereItLeavesTheItem) {
  const int returned = status_of_child([] { return 0; });
  EXPECT_TRUE(WIFEXITED(returned) && WEXITSTATUS(returned) == 0) << returned;
  const int threw = status_of_child([]() -> int { throw std::runtime_error("of the child"); });
  EXPECT_TRUE(WIFSIGNALED(threw) && WTERMSIG(threw) == SIGABRT) << threw;
  const int exited = status_of_child([]() -> int { ::_exit(3); });
  EXPECT_TRUE(WIFEXITED(exited) && WEXITSTATUS(exited) == 3) << exited;
}

TEST(Perform, StartsNoOtherItemOnceTheAnswerHasEnoughBytes) {
  const auto f = [](int n) { return std::string(std::size_t(n), 'x'); };
  const Answer answer = answer_of(
      perform_now(payload_for(f, std::vector{10, 90, 10, 10}), milliseconds(60'000), {.enough_bytes = 100}));
  EXPECT_EQ(answer.outcome.items.size(), 2u);
}

TEST(Perform, StartsNoOtherItemWhenLessThanTwiceTheLongestIsLeft) {
  const auto f = [](int ms) {
    test_now += milliseconds(ms);
    return ms;
  };
  const auto started = [&](int left) {
    return answer_of(perform_now(payload_for(f, std::vector{100, 300, 100, 100}), milliseconds(left)))
        .outcome.items.size();
  };
  EXPECT_EQ(started(10'000), 4u);
  EXPECT_EQ(started(1'000), 3u);  // 600 left, then 500 left
  EXPECT_EQ(started(999), 2u);
  EXPECT_EQ(started(1), 1u);  // the first one always
}

std::string noise(int size) {
  std::string made(std::size_t(size), ' ');
  std::mt19937 random(1);
  for (char& c : made) c = static_cast<char>(random());
  return made;
}

TEST(Perform, AnswersTooMuchAsASentenceInThatItemsPlace) {
  const Answer answer = answer_of(perform_now(payload_for(noise, std::vector{10, 5'000, 20}),
                                              milliseconds(60'000), {.response_bytes = 2'000}));
  ASSERT_EQ(answer.outcome.items.size(), 3u);
  EXPECT_EQ(answer.outcome.items[0].status, Status::value);
  EXPECT_EQ(answer.outcome.items[1].status, Status::too_large);
  EXPECT_THAT(std::string(answer.outcome.items[1].bytes), HasSubstr("limit for an answer: 2000 bytes"));
  EXPECT_EQ(answer.outcome.items[2].status, Status::value);
}

// What goes past the answer of a task with these parts; whether it is taken there.
struct Large {
  tl::expected<std::string, NotRun> answer;
  std::string taken;
};

template <class F>
Large perform_large(const F& f, const std::vector<int>& items, const std::string& parts, std::size_t most) {
  auto payload = payload_for(f, items);
  payload.insert(payload.find("\"peer\""), "\"echo\":\"x-1\"," + parts);
  test_now = {};
  Large large;
  EarlyWays ways;
  ways.large = [&](std::string_view head, std::string_view body) {
    if (body.size() > most) return false;
    large.taken.append(head).append(body);
    return true;
  };
  large.answer = perform(
      payload, mine, test_now + milliseconds(60'000), [] { return test_now; }, {.response_bytes = 2'000},
      nullptr, ways);
  return large;
}

constexpr const char* takes_large = R"("parts":{"stream":true,"large":true},)";

TEST(Perform, WhatFitsNoAnswerGoesIntoTheStreamWhereTheSenderReadsItThere) {
  const Large large = perform_large(noise, {10, 5'000}, takes_large, 10'000);
  ASSERT_TRUE(large.answer);
  EXPECT_EQ(*large.answer, "");
  const auto envelope = envelope::decode(envelope::Direction::outcome, large.taken);
  ASSERT_TRUE(envelope) << envelope.error().message;
  EXPECT_TRUE(envelope->raw);
  EXPECT_EQ(envelope->echo, "x-1");
  const auto outcome = read_outcome(envelope->body);
  ASSERT_EQ(outcome.items.size(), 2u);
  EXPECT_EQ(decode<std::string>(outcome.items[1].bytes), noise(5'000));
}

TEST(Perform, WhatFitsAnAnswerGoesThere) {
  for (const auto& [size, parts] : {std::pair(100, takes_large), {5'000, R"("parts":{"stream":true},)"}}) {
    const Large large = perform_large(noise, {size}, parts, 10'000);
    EXPECT_EQ(large.taken, "");
    EXPECT_EQ(answer_of(large.answer).outcome.items.size(), 1u);
  }
  const auto zeros = [](int size) { return std::string(std::size_t(size), '\0'); };
  EXPECT_EQ(perform_large(zeros, {50'000}, takes_large, 100'000).taken, "") << "it compresses";
}

TEST(Perform, WhatFitsNoStreamEitherIsTooLargeAloneAndTheRestGoes) {
  const Large large = perform_large(noise, {6'000, 20'000}, takes_large, 10'000);
  EXPECT_EQ(*large.answer, "");
  const auto envelope = envelope::decode(envelope::Direction::outcome, large.taken);
  const auto outcome = read_outcome(envelope->body);
  EXPECT_EQ(outcome.items[0].status, Status::value);
  EXPECT_EQ(outcome.items[1].status, Status::too_large);
  EXPECT_THAT(std::string(outcome.items[1].bytes), HasSubstr("limit for a streamed answer: 209715200 bytes"));
}

TEST(Perform, RefusesAnotherBuild) {
  const auto refused = perform_now(payload_for(twice, std::vector{1}, "ddeeff"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().type, "LambdapoolCodeMismatch");
  EXPECT_THAT(refused.error().message, HasSubstr("runs build aabbcc, the call comes from build ddeeff"));
}

TEST(Perform, RepeatsTheTasksEcho) {
  auto payload = payload_for(twice, std::vector{1});
  EXPECT_TRUE(envelope::decode(envelope::Direction::outcome, *perform_now(payload))->echo.empty());
  payload.insert(payload.find("\"peer\""), "\"echo\":\"x-1\",");
  EXPECT_EQ(envelope::decode(envelope::Direction::outcome, *perform_now(payload))->echo, "x-1");
}

TEST(Perform, TellsTheFunctionsTimeout) {
  auto payload = payload_for(twice, std::vector{1});
  payload.insert(payload.find("\"peer\""), "\"echo\":\"x-1\",");
  const auto answer = perform_now(payload, milliseconds(2'990));
  EXPECT_EQ(envelope::check_echo(*answer, "x-1")->timeout, std::chrono::seconds(3));
}

TEST(Perform, NeverTakesTwoMissingBuildIdsForTheSame) {
  const auto refused =
      perform(payload_for(twice, std::vector{1}, ""), {"", ""}, {}, [] { return TimePoint{}; });
  ASSERT_FALSE(refused);
}

TEST(Perform, RefusesATaskThatThisProgramDoesNotHave) {
  const std::string head = write_head({.name = "unknown", .state = ""});
  const std::string item = encode(1);
  const auto refused = perform_now(
      envelope::encode(envelope::Direction::task, {"cpp", "aabbcc"}, head, write_items(head, &item, 1)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().type, "LambdapoolCodeMismatch");
  EXPECT_THAT(refused.error().message, HasSubstr("no task 'unknown'"));
}

TEST(Perform, RefusesWhatIsNoTask) {
  for (const std::string& payload :
       {std::string("{}"), std::string(),
        envelope::encode(envelope::Direction::task, {"cpp", "aabbcc"}, "\x02rubbish")}) {
    const auto refused = perform_now(payload);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().type, "LambdapoolProtocolError") << payload;
  }
  const auto pickled = perform_now(envelope::encode(envelope::Direction::task, {"pickle", "3.11"}, "x"));
  ASSERT_FALSE(pickled);
  EXPECT_EQ(pickled.error().type, "LambdapoolCodeMismatch");
}

TEST(Perform, RefusesAFunctionThatIsNotTheBeginningOfOne) {
  Writer state;
  detail::write_function(state, reinterpret_cast<const void*>(&twice));
  Reader in(state.bytes());
  const std::string module(in.text());
  const std::uint64_t offset = in.number();
  for (std::uint64_t wrong : {offset + 1, std::uint64_t{0}, ~std::uint64_t{0}}) {
    Writer damaged;
    damaged.text(module);
    damaged.length(wrong);
    damaged.text("");
    Reader reader(damaged.bytes());
    EXPECT_THROW(detail::read_function(reader), MalformedMessage) << wrong;
  }
}

template <class F>
bool is_refused(const F& f) {
  Writer out;
  try {
    detail::Carrier<F>::write(out, f);
    return false;
  } catch (const InvalidArgument&) {
    return true;
  }
}

TEST(Captures, ThatAreAddressesAreRefused) {
  const int local = 1;
  const std::array<const int*, 2> several{nullptr, &local};
  EXPECT_TRUE(is_refused([pointer = &local] { return *pointer; }));
  EXPECT_TRUE(is_refused([several] { return *several[1]; }));
  EXPECT_TRUE(is_refused([n = 3, text = "text"] { return text[n]; }));
  EXPECT_TRUE(is_refused([maybe = std::optional(&local)] { return **maybe; }));
}

// An address that is a low one, as those of an executable that is not position independent are.
TEST(Captures, OfNumbersAreTakenWhateverTheirValues) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const low = ::mmap(reinterpret_cast<void*>(0x5000000), page, PROT_READ,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (low == MAP_FAILED) GTEST_SKIP() << "nothing can be mapped at that address here";
  const auto number = static_cast<long>(reinterpret_cast<std::intptr_t>(low));
  struct Settings {
    long n;
    double x;
    char c;
    std::array<long, 40> many;
  };
  EXPECT_FALSE(is_refused([number] { return number; }));
  EXPECT_FALSE(is_refused([number, x = 1.5, flag = true] { return flag ? number : x; }));
  EXPECT_FALSE(is_refused([s = Settings{number, 1, 'c', {number}}] { return s.n; }));
  EXPECT_TRUE(is_refused([low] { return low; }));
  ::munmap(low, page);
}

}  // namespace
}  // namespace lambdapool::runtime
