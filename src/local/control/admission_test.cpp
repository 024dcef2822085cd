#include "local/control/admission.hpp"

#include <unistd.h>

#include "local/control/control_plane_fixture.hpp"

namespace lambdapool::local {
namespace {

using testing::HasSubstr;

constexpr int port = 9001;

http::Request request_to(const std::string& host, http::Headers more = {}) {
  http::Request request{"GET", "/", {{"Host", host}}};
  for (const auto& header : more.items()) request.headers.add(header.name, header.value);
  return request;
}

bool lets_in(const AdmissionOptions& options, const http::Request& head,
             std::optional<unsigned> uid = ::geteuid(), int called = port) {
  return Admission(options).judge(head, {uid, 0, called}).has_value();
}

TEST(Admission, OnlyThisUsersProcessesMaySpeak) {
  const auto head = request_to("127.0.0.1:9001");
  EXPECT_TRUE(lets_in({}, head));
  EXPECT_FALSE(lets_in({}, head, ::geteuid() + 1));
  EXPECT_FALSE(lets_in({}, head, std::nullopt));
  EXPECT_TRUE(lets_in({.any_user = true}, head, ::geteuid() + 1));
  EXPECT_TRUE(lets_in({.any_user = true}, head, std::nullopt));
}

TEST(Admission, ARefusalSaysWhoWasRefusedAndTheWayOut) {
  const auto refused = Admission({}).judge(request_to("localhost:9001"), {65'534, 0, port});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 403);
  EXPECT_THAT(refused.error().message, HasSubstr("user 65534"));
  EXPECT_THAT(refused.error().message, HasSubstr("--any-user"));
}

struct HostCase {
  const char* host;
  bool let_in;
};

class HostOf : public testing::TestWithParam<HostCase> {};

TEST_P(HostOf, ARequest) {
  EXPECT_EQ(lets_in({.any_user = true, .hosts = {"box.example", "Proxy:81"}}, request_to(GetParam().host)),
            GetParam().let_in)
      << GetParam().host;
}

INSTANTIATE_TEST_SUITE_P(
    Admission, HostOf,
    testing::Values(HostCase{"127.0.0.1:9001", true}, HostCase{"127.8.8.8:9001", true},
                    HostCase{"localhost:9001", true}, HostCase{"LocalHost.:9001", true},
                    HostCase{"a.localhost:9001", true}, HostCase{"[::1]:9001", true},
                    HostCase{"127.0.0.1", false}, HostCase{"127.0.0.1:9002", false},
                    HostCase{"127.0.0.1.evil.example:9001", false}, HostCase{"evil.example:9001", false},
                    HostCase{"localhost.evil.example:9001", false}, HostCase{"evillocalhost:9001", false},
                    HostCase{"[::2]:9001", false}, HostCase{"[::1:9001", false},
                    HostCase{"2130706433:9001", false}, HostCase{"", false}, HostCase{":9001", false},
                    HostCase{"localhost:", false}, HostCase{"localhost:9001@evil.example", false},
                    HostCase{"box.example", true}, HostCase{"box.example:1234", true},
                    HostCase{"proxy:81", true}, HostCase{"proxy:82", false}, HostCase{"proxy", false}));

TEST(Admission, TwoHostsOrNoneAreRefused) {
  EXPECT_FALSE(lets_in({}, request_to("localhost:9001", {{"Host", "localhost:9001"}})));
  EXPECT_FALSE(lets_in({}, {"GET", "/"}));
}

TEST(Admission, OverAUnixSocketNoPortIsExpected) {
  EXPECT_TRUE(lets_in({}, request_to("localhost"), ::geteuid(), 0));
  EXPECT_FALSE(lets_in({}, request_to("evil.example"), ::geteuid(), 0));
}

TEST(Admission, WebPagesAreRefusedWhateverTheyComeFrom) {
  for (const char* origin : {"https://evil.example", "null", "http://127.0.0.1:9001"}) {
    EXPECT_FALSE(lets_in({.any_user = true}, request_to("127.0.0.1:9001", {{"Origin", origin}}))) << origin;
  }
  EXPECT_FALSE(lets_in({}, request_to("127.0.0.1:9001", {{"Sec-Fetch-Site", "cross-site"}})));
  EXPECT_TRUE(lets_in({}, request_to("127.0.0.1:9001", {{"Sec-Fetch-Site", "none"}})));
}

class ScreenTest : public ControlPlaneTest {};

TEST_F(ScreenTest, AForeignHostIsRefusedThoughItIsSigned) {
  const auto answer =
      service->raw(Served::sign({"GET", "/2015-03-31/functions"}, Served::identity(), "evil.example:80"));
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(type_of(answer), "AccessDeniedException");
  EXPECT_FALSE(answer.headers.get("x-amzn-requestid").empty());
}

TEST_F(ScreenTest, AnUnknownKeyIsRefusedBeforeItsBodyIsTaken) {
  auto request = Served::sign({"POST", "/2015-03-31/functions"}, {"AKIDOTHER", "x"}, service->host());
  request.headers.set("content-length", "70000000");  // of which nothing is ever sent
  const auto answer = service->raw(std::move(request));
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(type_of(answer), "UnrecognizedClientException");
}

TEST_F(ScreenTest, ABodyOfMoreValuesThanARequestHasIsRefused) {
  std::string body = R"({"Description":"[,{,[","Layers":[0)";
  for (int i = 0; i < 200'000; ++i) body += ",0";
  const auto answer = service->call("POST", "/2015-03-31/functions", body + "]}");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(type_of(answer), "InvalidRequestContentException");
}

}  // namespace
}  // namespace lambdapool::local
