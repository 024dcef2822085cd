// What goes and comes in pieces, on two of a client's connections at the same time.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "http/body_stream.hpp"
#include "http/client.hpp"
#include "http/patience.hpp"
#include "http/raw_peer.hpp"

namespace lambdapool::http {
namespace {

const std::string start_of_answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";

// Takes an answer's body as it comes, for a test that waits for a part of it.
class Heard final : public AnswerReader {
 public:
  bool takes(int, const Headers&) override { return true; }
  Result<void> read(std::string_view piece) override {
    const std::lock_guard lock(mutex_);
    text_ += piece;
    changed_.notify_all();
    return {};
  }
  Result<void> finish(Response& answer) override {
    answer.body = text_;
    return {};
  }
  void wait_for(const std::string& text) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, patience, [&] { return text_ == text; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
};

std::future<Answer> sent(Client& client, Request request) {
  const auto answered = std::make_shared<std::promise<Answer>>();
  client.send(std::move(request), patience,
              [answered](Answer answer) { answered->set_value(std::move(answer)); });
  return answered->get_future();
}

std::string hear_much_until(const RawConnection& peer, std::string_view end) {
  std::string heard, piece(1 << 16, 0);
  while (!heard.ends_with(end)) {
    const auto got = ::recv(peer.fd(), piece.data(), piece.size(), 0);
    if (got <= 0) break;
    heard.append(piece, 0, static_cast<std::size_t>(got));
  }
  return heard;
}

TEST(Client, TwoAnswersMayComeInPiecesAtTheSameTime) {
  const auto one = std::make_shared<Heard>(), two = std::make_shared<Heard>();
  std::promise<void> one_asked, two_answered;
  std::optional<RawConnection> first;
  RawServer server([&](RawConnection& peer, int number) {
    peer.hear_until("\r\n\r\n");
    if (number == 0) {
      first.emplace(std::move(peer));
      return one_asked.set_value();
    }
    first->say(start_of_answer.substr(0, 25));
    peer.say(start_of_answer + "tw");
    two->wait_for("tw");
    first->say(start_of_answer.substr(25) + "on");
    one->wait_for("on");
    peer.say("o");
    two_answered.get_future().wait();
    first->say("e");
    peer.hear_to_the_end();
  });
  EventLoop loop;
  Client client(loop, {.endpoint = server.endpoint()});
  auto answer_of_one = sent(client, {.reader = one});
  one_asked.get_future().wait();
  auto answer_of_two = sent(client, {.reader = two});
  EXPECT_EQ(answer_of_two.get()->body, "two");
  two_answered.set_value();
  EXPECT_EQ(answer_of_one.get()->body, "one");
}

TEST(Client, HeadsThatAreTooLargeForTheirSocketsGoOutInPieces) {
  std::promise<void> one_begun, two_answered;
  std::optional<RawConnection> first;
  std::string first_heard, second_heard;
  RawServer server([&](RawConnection& peer, int number) {
    if (number == 0) {
      first_heard = peer.hear_until("HTTP/1.1");
      first.emplace(std::move(peer));
      return one_begun.set_value();
    }
    second_heard = hear_much_until(peer, "body of two");
    peer.say(start_of_answer + "two");
    two_answered.get_future().wait();
    first_heard += hear_much_until(*first, "body of one");
    first->say(start_of_answer + "one");
    peer.hear_to_the_end();
  });
  const std::string large(20'000'000, 'x'), other(20'000'000, 'y');
  EventLoop loop;
  Client client(loop, {.endpoint = server.endpoint()});
  auto answer_of_one = sent(client, {.headers = {{"X-Large", large}}, .body = "body of one"});
  one_begun.get_future().wait();
  EXPECT_EQ(sent(client, {.headers = {{"X-Large", other}}, .body = "body of two"}).get()->body, "two");
  two_answered.set_value();
  EXPECT_EQ(answer_of_one.get()->body, "one");
  EXPECT_NE(first_heard.find("\r\nX-Large: " + large + "\r\n"), std::string::npos);
  EXPECT_NE(second_heard.find("\r\nX-Large: " + other + "\r\n"), std::string::npos);
  EXPECT_TRUE(first_heard.ends_with("\r\n\r\nbody of one"));
}

}  // namespace
}  // namespace lambdapool::http
