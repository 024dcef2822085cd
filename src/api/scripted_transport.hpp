// What tests of jobs have in common: a transport that keeps what is sent until a test answers it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "api/job.hpp"
#include "core/encoding.hpp"
#include "core/envelope.hpp"
#include "core/part_frames.hpp"
#include "lambdapool/codec.hpp"
#include "lambdapool/errors.hpp"
#include "runtime/exception.hpp"

namespace lambdapool::api::testing_jobs {

using detail::OnFailure;
using runtime::ItemOutcome;
using runtime::Status;
using testing::ElementsAre;

class ScriptedTransport final : public Transport {
 public:
  explicit ScriptedTransport(std::size_t workers) : workers_(workers) {}

  void submit(Call id, std::string_view head, std::string_view items, std::size_t variant, Done done,
              const std::shared_ptr<Ahead>& ahead) override {
    if (refusal) {
      ++refused;
      return done(tl::unexpected<Error>(*refusal));
    }
    const std::string body = std::string(head) + std::string(items);
    std::vector<std::string> sent;
    for (std::string_view item : runtime::read_task(body).items) sent.emplace_back(item);
    calls.push_back({id, std::move(sent), std::move(done), variant, ahead});
  }
  bool cancel(Call id) override {
    const auto found = std::ranges::find(calls, id, &Sent::id);
    if (!cancellable || found == calls.end() || !found->done) return false;
    answer(static_cast<std::size_t>(found - calls.begin()), fail(ErrorKind::cancelled, "cancelled"));
    return true;
  }
  void after(std::chrono::milliseconds delay, std::function<void()> work) override {
    delays.push_back(delay);
    later.push_back(std::move(work));
  }
  std::size_t variants() const override { return rungs; }
  std::size_t workers() const override { return workers_; }
  const std::string& peer() const override { return peer_; }

  void answer(std::size_t call, Result<std::string> payload) {
    std::exchange(calls[call].done, nullptr)(std::move(payload).map([&](std::string&& bytes) {
      const std::string number = std::to_string(call);
      return Reply{std::move(bytes), base64_encode("log of call " + number + "\n"), "request-" + number};
    }));
  }
  void answer(std::size_t call, const std::vector<ItemOutcome>& items) {
    answer(call, envelope::encode(envelope::Direction::outcome, {"cpp", "aabbcc"},
                                  runtime::write_outcome(items, {})));
  }

  // As a worker tells them, whose items from `first` on these are.
  void tell_early(std::size_t call, std::size_t first, const std::vector<ItemOutcome>& items) {
    calls[call].ahead->take(
        {first, items.size(), {"cpp", "aabbcc", runtime::write_outcome(items, {}), "echo", true}});
  }
  // It dies, and so many items have begun.
  void die(std::size_t call, std::uint32_t begun, const std::string& message) {
    const auto parts = calls[call].ahead->parts = std::make_shared<pool::EarlyParts>("echo");
    parts->read(part_frame('H', {}, envelope::encode_raw({"cpp", "aabbcc", "echo"}, {})) +
                part_frame('B', {0, begun}));
    answer(call, fail(ErrorKind::worker_died, message));
  }

  struct Sent {
    Call id;
    std::vector<std::string> items;
    Done done;
    std::size_t variant = 0;
    std::shared_ptr<Ahead> ahead = nullptr;
  };
  std::vector<Sent> calls;
  std::optional<Error> refusal;
  int refused = 0;
  bool cancellable = true;
  std::size_t rungs = 0;
  std::vector<std::chrono::milliseconds> delays;
  std::vector<std::function<void()>> later;

 private:
  std::size_t workers_;
  std::string peer_ = "aabbcc";
};

struct JobTest : testing::Test {
  ~JobTest() override { end(); }
  // What a test has not answered holds the dispatcher, which holds the transport.
  void end() {
    if (last) last->cancel();
    if (transport) transport->calls.clear();
  }
  std::shared_ptr<Job> start(std::vector<std::string> items, std::size_t chunksize, OnFailure on_failure,
                             std::size_t workers = 2) {
    end();
    transport = std::make_shared<ScriptedTransport>(workers);
    transport->rungs = rungs;
    dispatcher = std::make_shared<Dispatcher>(transport);
    return last = dispatcher->start(runtime::write_head({.name = "task", .state = ""}), std::move(items),
                                    {chunksize, on_failure, retry});
  }
  static bool ready(Job& job) { return job.wait_until({}); }

  std::shared_ptr<ScriptedTransport> transport;
  std::shared_ptr<Dispatcher> dispatcher;
  std::shared_ptr<Job> last;
  Retry retry = {};
  std::size_t rungs = 0;
};

inline ItemOutcome value(const std::string& text) { return {Status::value, text}; }

inline ItemOutcome thrown(const std::exception_ptr& exception) {
  return {Status::exception, runtime::describe_exception(exception)};
}

}  // namespace lambdapool::api::testing_jobs
