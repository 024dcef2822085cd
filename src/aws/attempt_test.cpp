#include "aws/attempt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <vector>

#include "aws/service_error.hpp"
#include "core/sigv4.hpp"

namespace lambdapool::aws {
namespace {

using namespace std::chrono_literals;
using namespace cloud;
using Kind = Failure::Kind;
using Reached = http::TransportError::Reached;

Failure of(int status, const std::string& code, const std::string& body, http::Headers headers = {}) {
  http::Response response{status, {{"x-amzn-errortype", code}, {"x-amzn-requestid", "the-id"}}, body};
  return judge(service_error(response), headers);
}

struct Answer {
  int status;
  const char* code;
  Kind kind;
};

class Answers : public testing::TestWithParam<Answer> {};

TEST_P(Answers, AreJudgedByWhetherTheFunctionMayHaveRun) {
  const auto& [status, code, kind] = GetParam();
  const auto failure = of(status, code, R"({"message":"Signature expired: 2026"})");
  EXPECT_EQ(failure.kind, kind) << status << " " << code;
  EXPECT_EQ(failure.error.request_id, "the-id");
}

INSTANTIATE_TEST_SUITE_P(All, Answers,
                         testing::Values(Answer{400, "InvalidParameterValueException", Kind::final},
                                         Answer{403, "AccessDeniedException", Kind::final},
                                         Answer{403, "ExpiredTokenException", Kind::expired_token},
                                         Answer{403, "InvalidSignatureException", Kind::wrong_time},
                                         Answer{404, "ResourceNotFoundException", Kind::final},
                                         Answer{409, "ResourceConflictException", Kind::final},
                                         Answer{413, "RequestEntityTooLargeException", Kind::final},
                                         Answer{429, "TooManyRequestsException", Kind::throttled},
                                         Answer{400, "ThrottlingException", Kind::throttled},
                                         Answer{502, "EC2ThrottledException", Kind::throttled},
                                         Answer{409, "SnapStartNotReadyException", Kind::throttled},
                                         Answer{500, "ServiceException", Kind::may_have_run},
                                         Answer{502, "", Kind::may_have_run},
                                         Answer{503, "", Kind::may_have_run},
                                         Answer{504, "", Kind::may_have_run}));

TEST(Failure, AFunctionsOwnErrorIsFinalWhateverItsName) {
  for (const char* name :
       {"TooManyRequestsException", "ExpiredTokenException", "InvalidSignatureException"}) {
    const Error own{
        .kind = ErrorKind::function_error, .message = "Signature expired", .code = name, .http_status = 200};
    EXPECT_EQ(judge(own, {}).kind, Kind::final) << name;
  }
}

TEST(Failure, BothHeadersThatSayWhenToComeBackAreRead) {
  EXPECT_EQ(of(429, "", "{}", {{"Retry-After", "2"}}).retry_after, 2s);
  EXPECT_EQ(of(429, "", "{}", {{"x-amz-retry-after", "1500"}, {"Retry-After", "2"}}).retry_after, 1500ms);
  EXPECT_EQ(of(429, "", "{}", {{"Retry-After", "Sun, 22 Nov 2026 23:00:00 GMT"}}).retry_after, std::nullopt);
  EXPECT_EQ(of(429, "", "{}").retry_after, std::nullopt);
  EXPECT_EQ(of(503, "", "{}", {{"Retry-After", "2"}}).retry_after, 2s);
}

Failure without_answer(Reached reached, ErrorKind kind, int status = 0) {
  Error error{kind, "broken"};
  error.http_status = status;
  return judge(http::TransportError{reached, error, {}});
}

TEST(Failure, WithoutAnAnswerItDependsOnWhatWasSent) {
  EXPECT_EQ(without_answer(Reached::no, ErrorKind::network).kind, Kind::not_reached);
  EXPECT_EQ(without_answer(Reached::maybe, ErrorKind::network).kind, Kind::may_have_run);
  EXPECT_EQ(without_answer(Reached::maybe, ErrorKind::protocol).kind, Kind::may_have_run);
  EXPECT_EQ(without_answer(Reached::maybe, ErrorKind::timed_out).kind, Kind::may_have_run);
  EXPECT_EQ(without_answer(Reached::no, ErrorKind::invalid_argument).kind, Kind::final);
  EXPECT_EQ(without_answer(Reached::maybe, ErrorKind::cancelled).kind, Kind::final);
}

TEST(Failure, AProxyThatRefusesForGoodIsNotAskedAgain) {
  EXPECT_EQ(without_answer(Reached::no, ErrorKind::network, 407).kind, Kind::final);
  EXPECT_EQ(without_answer(Reached::no, ErrorKind::network, 503).kind, Kind::not_reached);
}

TEST(Failure, ACertificateThatIsNotTrustedIsNotLookedAtAgain) {
  const auto failure =
      judge(http::TransportError{Reached::no, {ErrorKind::network, "who is that?", http::tls_refused}, {}});
  EXPECT_EQ(failure.kind, Kind::final);
}

TEST(Failure, HalfAnAnswerHasARequestIdAlready) {
  const auto failure = judge(http::TransportError{
      Reached::maybe, Error{ErrorKind::network, "broken"}, {{"x-amzn-RequestId", "half"}}});
  EXPECT_EQ(failure.error.request_id, "half");
}

// What a call's attempts come to, and what is to be done after each.
const clock_skew::Time noon = *sigv4::parse_amz_date("20261122T120000Z");

http::Answer refused(int status, const std::string& code, http::Headers headers = {}) {
  headers.add("x-amzn-errortype", code);
  return http::Response{status, headers, R"({"message":"Signature expired: 2026"})"};
}

http::Answer in_xml(int status, const std::string& code, http::Headers headers = {}) {
  return http::Response{status, headers,
                        "<ErrorResponse><Error><Code>" + code +
                            "</Code><Message>Signature expired: 2026</Message></Error></ErrorResponse>"};
}

http::Answer lost(Reached reached) {
  return tl::unexpected(http::TransportError{reached, {ErrorKind::network, "broken"}, {}});
}

const http::Headers two_hours_later{{"Date", "Sun, 22 Nov 2026 14:00:00 GMT"}};

// "renew", "clock +7200", "wait 25", "give up".
std::string words(const Step& step) {
  if (std::holds_alternative<RenewCredentials>(step)) return "renew";
  if (const auto* clock = std::get_if<CorrectClock>(&step))
    return "clock " + std::string(clock->offset.count() > 0 ? "+" : "") +
           std::to_string(clock->offset.count());
  if (const auto* wait = std::get_if<Wait>(&step)) return "wait " + std::to_string(wait->delay.count());
  return "give up";
}

struct Story {
  const char* title;
  std::vector<http::Answer> answers;
  std::vector<std::string> steps;
  Repeatable repeatable = Repeatable::yes;
  int max_attempts = 3;
};

class Stories : public testing::TestWithParam<Story> {};

// The clock stands still at noon; half of the longest delay is waited for.
TEST_P(Stories, OfACallAreToldStepByStep) {
  const Story& story = GetParam();
  retry::Budget budget;
  StandardAttempts attempts(story.max_attempts, budget, story.repeatable);
  clock_skew::Offset offset{};
  std::vector<std::string> steps;
  for (const auto& answer : story.answers) {
    const auto step = attempts.failed(answer, {offset, noon}, 0.5);
    if (const auto* clock = std::get_if<CorrectClock>(&step)) offset = clock->offset;
    steps.push_back(words(step));
  }
  EXPECT_EQ(steps, story.steps);
}

INSTANTIATE_TEST_SUITE_P(
    All, Stories,
    testing::Values(
        Story{"a service in trouble",
              {refused(503, ""), refused(503, ""), refused(503, "")},
              {"wait 25", "wait 50", "give up"}},
        Story{"a throttle waits longer",
              {refused(429, ""), in_xml(400, "Throttling")},
              {"wait 500", "wait 1000"}},
        Story{"as the service asks, within bounds",
              {refused(429, "", {{"x-amz-retry-after", "700"}}), refused(503, "", {{"Retry-After", "2"}}),
               refused(503, "", {{"Retry-After", "60"}})},
              {"wait 700", "wait 2000", "wait 5100"},
              Repeatable::yes,
              9},
        Story{"as many attempts as the settings say", {refused(503, "")}, {"give up"}, Repeatable::yes, 1},
        Story{"a refusal for good", {refused(404, "ResourceNotFoundException")}, {"give up"}},
        Story{"new credentials, once",
              {refused(403, "ExpiredTokenException"), refused(403, "ExpiredTokenException")},
              {"renew", "give up"}},
        Story{"another clock, once, and no attempt is used up by it",
              {refused(403, "InvalidSignatureException", two_hours_later), refused(503, ""), refused(503, ""),
               refused(403, "InvalidSignatureException", {{"Date", "Sun, 22 Nov 2026 18:00:00 GMT"}})},
              {"clock +7200", "wait 25", "wait 50", "give up"}},
        Story{"STS says it in XML", {in_xml(403, "SignatureDoesNotMatch", two_hours_later)}, {"clock +7200"}},
        Story{"a clock that is right",
              {refused(403, "InvalidSignatureException", {{"Date", "Sun, 22 Nov 2026 12:00:00 GMT"}})},
              {"give up"}},
        Story{"credentials and clock both",
              {in_xml(403, "ExpiredToken"), in_xml(403, "RequestExpired", two_hours_later)},
              {"renew", "clock +7200"}},
        Story{"what did not arrive is sent again whatever it does",
              {lost(Reached::no)},
              {"wait 25"},
              Repeatable::no},
        Story{"what may have arrived, only where that does no harm",
              {lost(Reached::maybe)},
              {"give up"},
              Repeatable::no},
        Story{"which it often does not", {lost(Reached::maybe)}, {"wait 25"}},
        Story{"an answer is one", {refused(500, "")}, {"wait 25"}, Repeatable::no}),
    [](const auto& of) {
      std::string name = of.param.title;
      std::erase_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
      return name;
    });

TEST(Attempts, AskForPatienceOnlyWhereWaitingMayHelp) {
  const auto asked = [](Kind kind) {
    bool was_asked = false;
    Attempts().failed({kind, {}}, {{}, noon}, [&](Failure&) {
      was_asked = true;
      return std::nullopt;
    });
    return was_asked;
  };
  for (const auto kind : {Kind::throttled, Kind::not_reached, Kind::may_have_run}) EXPECT_TRUE(asked(kind));
  for (const auto kind : {Kind::final, Kind::ran, Kind::expired_token, Kind::wrong_time})
    EXPECT_FALSE(asked(kind));
}

TEST(Attempts, EndWithTheWordsThatPatienceHadFor) {
  const auto step = Attempts().failed({Kind::throttled, {.message = "slow down"}}, {{}, noon},
                                      [](Failure& failure) -> std::optional<std::chrono::milliseconds> {
                                        failure.error.message += ", for a minute now";
                                        return std::nullopt;
                                      });
  EXPECT_EQ(std::get<GiveUp>(step).error.message, "slow down, for a minute now");
}

}  // namespace
}  // namespace lambdapool::aws
