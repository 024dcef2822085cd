#include "local/control/control_plane_fixture.hpp"

namespace lambdapool::local {
namespace {

using testing::HasSubstr;

class SignatureTest : public ControlPlaneTest {
 protected:
  http::Request list() { return {"GET", "/2015-03-31/functions?MaxItems=5"}; }
};

TEST_F(SignatureTest, AnUnsignedRequestIsRefused) {
  const auto answer = service->raw(list());
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(type_of(answer), "MissingAuthenticationTokenException");
}

TEST_F(SignatureTest, AnUnknownKeyIsRefused) {
  const auto answer = service->raw(Served::sign(list(), {"AKIDOTHER", "x"}, service->host()));
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(type_of(answer), "UnrecognizedClientException");
  EXPECT_EQ(message_of(answer), "The security token included in the request is invalid.");
}

TEST_F(SignatureTest, AWrongSecretIsRefused) {
  const auto answer =
      service->raw(Served::sign(list(), {Served::identity().access_key_id, "x"}, service->host()));
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(type_of(answer), "InvalidSignatureException");
  EXPECT_THAT(message_of(answer), HasSubstr("does not match the signature you provided"));
}

TEST_F(SignatureTest, AChangedBodyIsRefused) {
  auto request = Served::sign({"POST", "/2015-03-31/functions/f/invocations", {}, "1"}, Served::identity(),
                              service->host());
  request.body = "2";
  EXPECT_EQ(type_of(service->raw(std::move(request))), "InvalidSignatureException");
}

TEST_F(SignatureTest, ALargeBodyIsVerifiedToo) {
  const std::string large = "\"" + std::string(1 << 20, 'x') + "\"";
  auto request = Served::sign({"POST", "/2015-03-31/functions/f/invocations", {}, large}, Served::identity(),
                              service->host());
  EXPECT_EQ(service->raw(request).status, 404);
  request.body[5] = 'y';
  EXPECT_EQ(type_of(service->raw(std::move(request))), "InvalidSignatureException");
}

TEST_F(SignatureTest, AnUnsignedPayloadIsAcceptedWhenItsHeaderSaysSo) {
  http::Request request{"POST", "/2015-03-31/functions/f/invocations", {}, "1"};
  const auto date = sigv4::format_amz_date(std::chrono::system_clock::now());
  request.headers = {
      {"host", service->host()}, {"x-amz-date", date}, {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}};
  sigv4::Message message{request.method, request.target, {}, "UNSIGNED-PAYLOAD"};
  for (const auto& header : request.headers.items()) message.headers.emplace_back(header.name, header.value);
  request.headers.add(
      "authorization",
      sigv4::Signer(Served::identity(), {Served::region, "lambda"}).authorization(message, date));
  EXPECT_EQ(service->raw(std::move(request)).status, 404);
}

TEST_F(SignatureTest, AClockFifteenMinutesOffIsRefused) {
  const auto now = std::chrono::system_clock::now();
  const auto late =
      service->raw(Served::sign(list(), Served::identity(), service->host(), now - std::chrono::minutes(16)));
  EXPECT_EQ(type_of(late), "InvalidSignatureException");
  EXPECT_THAT(message_of(late), testing::StartsWith("Signature expired: "));
  const auto early =
      service->raw(Served::sign(list(), Served::identity(), service->host(), now + std::chrono::minutes(16)));
  EXPECT_THAT(message_of(early), testing::StartsWith("Signature not yet current: "));
  EXPECT_EQ(
      service->raw(Served::sign(list(), Served::identity(), service->host(), now - std::chrono::minutes(14)))
          .status,
      200);
}

TEST_F(SignatureTest, ASignatureForAnotherRegionSaysWhichIsExpected) {
  const auto answer = service->raw(Served::sign(list(), Served::identity(), service->host(),
                                                std::chrono::system_clock::now(), "eu-west-1"));
  EXPECT_THAT(message_of(answer), HasSubstr("'us-east-1'"));
}

TEST_F(SignatureTest, WithoutAnIdentityAnyWellFormedSignatureWillDo) {
  service.reset();
  service = std::make_unique<Served>(home, [](ControlPlaneOptions& options) { options.identity.reset(); });
  EXPECT_EQ(service->raw(Served::sign(list(), {"anybody", "anything"}, service->host())).status, 200);
  EXPECT_EQ(service->raw(list()).status, 403);
  auto malformed = list();
  malformed.headers.add("authorization", "Basic abc");
  EXPECT_EQ(type_of(service->raw(std::move(malformed))), "IncompleteSignatureException");
}

}  // namespace
}  // namespace lambdapool::local
