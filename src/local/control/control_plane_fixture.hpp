// For tests: the control plane behind real HTTP, with workers that do what the test says.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "core/encoding.hpp"
#include "core/sigv4.hpp"
#include "http/client.hpp"
#include "http/server.hpp"
#include "local/control/control_plane.hpp"
#include "local/store/uuid.hpp"
#include "package/zip.hpp"

namespace lambdapool::local {

inline constexpr auto patience = std::chrono::seconds(60);

// Answers an invocation with its own payload; while `holding`, keeps it until release().
class FakeWorkers : public Workers {
 public:
  void log_to(LogSink sink) override { log_ = std::move(sink); }
  void invoke(std::shared_ptr<const FunctionVersion> function, Invocation invocation,
              std::function<void(InvocationResult)> done) override {
    Answer answer;
    {
      std::lock_guard lock(mutex_);
      calls_.push_back({function, invocation});
      changed_.notify_all();
      answer = answer_;
      if (!answer) held_.push_back(done);
    }
    if (answer) done(answer(*function, invocation));
  }
  void retire(const std::string& key) override {
    std::lock_guard lock(mutex_);
    retired_.push_back(key);
    changed_.notify_all();
  }
  std::string isolation() const override { return "none: a fake"; }

  // On the loop's thread.
  void log(const FunctionVersion& function, std::string_view lines, std::int64_t at_ms,
           const std::string& stream = "2026/11/22/[$LATEST]ab") {
    log_(function, stream, lines, at_ms);
  }

  struct Seen {
    std::shared_ptr<const FunctionVersion> function;
    Invocation invocation;
  };
  using Answer = std::function<InvocationResult(const FunctionVersion&, const Invocation&)>;

  static InvocationResult echo(const FunctionVersion&, const Invocation& invocation) {
    return {invocation.payload, false, "START RequestId: " + invocation.request_id + "\nsaid\n"};
  }
  void answer(Answer with) {
    std::lock_guard lock(mutex_);
    answer_ = std::move(with);
  }
  Seen wait_for_call(std::size_t number) {  // counted from 1
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, patience, [&] { return calls_.size() >= number; }));
    return calls_.size() >= number ? calls_[number - 1] : Seen{};
  }
  bool wait_for_retirement(const std::string& key) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(
        lock, patience, [&] { return std::find(retired_.begin(), retired_.end(), key) != retired_.end(); });
  }
  // As an exception does to what is on its way.
  void drop_one(http::EventLoop& loop) {
    std::unique_lock lock(mutex_);
    if (held_.empty()) return;
    loop.post([done = std::move(held_.front())] {});
    held_.pop_front();
  }
  void release_one(http::EventLoop& loop) {
    std::unique_lock lock(mutex_);
    if (held_.empty()) return;
    auto done = std::move(held_.front());
    held_.pop_front();
    loop.post([done = std::move(done)] { done({"{}", false, ""}); });
  }

 private:
  LogSink log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Answer answer_ = echo;
  std::deque<std::function<void(InvocationResult)>> held_;
  std::vector<Seen> calls_;
  std::vector<std::string> retired_;
};

inline std::filesystem::path fresh_directory() {
  return std::filesystem::temp_directory_path() / ("lambdapool-test-" + random_uuid());
}

inline std::string zip_of(const std::string& content) {
  return *package::write_zip({{.name = "handler.py", .content = content}});
}

// A service on a home, and a client that signs for it.
class Served {
 public:
  static constexpr const char* region = "us-east-1";
  static sigv4::Identity identity() { return {"AKIDLOCAL", "wJalrXUtnFEMI"}; }

  explicit Served(const std::filesystem::path& home,
                  const std::function<void(ControlPlaneOptions&)>& adjust = {}) {
    std::filesystem::create_directories(home);
    ControlPlaneOptions options{.home = home, .identity = identity()};
    if (adjust) adjust(options);
    auto plane = ControlPlane::open(loop_, workers, std::move(options));
    EXPECT_TRUE(plane) << plane.error().message;
    plane_ = std::move(*plane);
    http::Guard guard{.screen = [this](const http::Request& head, const http::Caller& caller) {
      return plane_->screen(head, caller);
    }};
    listener_ = *http::listen_tcp(
        loop_, "127.0.0.1", 0,
        [this](http::Request request, http::Responder responder) {
          plane_->handle(std::move(request), std::move(responder));
        },
        {}, std::move(guard));
    client_ =
        std::make_unique<http::Client>(client_loop_, http::ClientOptions{.endpoint = listener_->endpoint()});
  }

  static http::Request sign(http::Request request, const sigv4::Identity& as, const std::string& host,
                            std::chrono::system_clock::time_point now = std::chrono::system_clock::now(),
                            const std::string& in_region = region) {
    const auto date = sigv4::format_amz_date(now);
    request.headers.set("host", host);
    request.headers.set("x-amz-date", date);
    const auto hash = sha256_hex(request.body);
    sigv4::Message message{request.method, request.target, {}, hash};
    for (const auto& header : request.headers.items())
      message.headers.emplace_back(header.name, header.value);
    request.headers.set("authorization",
                        sigv4::Signer(as, {in_region, "lambda"}).authorization(message, date));
    return request;
  }

  http::Response raw(http::Request request) {
    auto answer = client_->call(std::move(request), patience);
    EXPECT_TRUE(answer) << answer.error().error.message;
    return answer ? *answer : http::Response{0, {}, ""};
  }
  http::Response call(const std::string& method, const std::string& target, std::string body = "",
                      http::Headers headers = {}) {
    return raw(sign({method, target, std::move(headers), std::move(body)}, identity(), host()));
  }
  http::Response call(const std::string& method, const std::string& target, const nlohmann::json& body) {
    return call(method, target, body.dump());
  }

  static nlohmann::json new_function(const std::string& name, const std::string& content = "x = 1") {
    return {{"FunctionName", name},
            {"Runtime", "python3.11"},
            {"Role", "arn:aws:iam::000000000000:role/any"},
            {"Handler", "handler.handle"},
            {"Code", {{"ZipFile", base64_encode(zip_of(content))}}}};
  }
  http::Response create(const nlohmann::json& body) { return call("POST", "/2015-03-31/functions", body); }
  void create_active(const std::string& name, const std::string& content = "x = 1") {
    const auto created = create(new_function(name, content));
    ASSERT_EQ(created.status, 201) << created.body;
    wait_until_settled(name);
  }
  // As a waiter of an SDK does: asks until nothing is Pending or InProgress.
  nlohmann::json wait_until_settled(const std::string& name) {
    for (;;) {
      const auto got = call("GET", "/2015-03-31/functions/" + name + "/configuration");
      EXPECT_EQ(got.status, 200) << got.body;
      if (got.status != 200) return {};
      auto json = nlohmann::json::parse(got.body);
      if (json["State"] != "Pending" && json["LastUpdateStatus"] != "InProgress") return json;
    }
  }
  http::Response invoke(const std::string& name, std::string payload = "{}", http::Headers headers = {}) {
    return call("POST", "/2015-03-31/functions/" + name + "/invocations", std::move(payload),
                std::move(headers));
  }
  std::string host() const { return listener_->endpoint().host_header(); }
  http::EventLoop& loop() { return loop_; }
  http::Client& client() { return *client_; }

  FakeWorkers workers;

 private:
  http::EventLoop loop_;
  http::EventLoop client_loop_;
  std::unique_ptr<ControlPlane> plane_;
  std::unique_ptr<http::Listener> listener_;
  std::unique_ptr<http::Client> client_;
};

class ControlPlaneTest : public testing::Test {
 protected:
  ~ControlPlaneTest() override {
    service.reset();
    std::error_code ignored;
    std::filesystem::remove_all(home, ignored);
  }
  std::filesystem::path home = fresh_directory();
  std::unique_ptr<Served> service = std::make_unique<Served>(home);
};

inline nlohmann::json json_of(const http::Response& response) { return nlohmann::json::parse(response.body); }

inline std::string message_of(const http::Response& response) {
  const auto json = json_of(response);
  return json.value(json.contains("message") ? "message" : "Message", "");
}

inline std::string type_of(const http::Response& response) {
  return std::string(response.headers.get("x-amzn-errortype"));
}

}  // namespace lambdapool::local
