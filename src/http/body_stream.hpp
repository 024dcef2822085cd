// Bodies that are not handed over whole: where a request's goes as it comes, and where an answer's comes
// from.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::http {

// Takes a request's body piece by piece, on the loop's thread. One that is destroyed before the request was
// handed over has seen only a part of it.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // An answer: no more is taken, the request is refused with it and the connection closed.
  virtual std::optional<Response> write(std::string_view piece) = 0;
};

// The sink for the body of an admitted request; null: it is kept in memory, within the limits.
using Divert = std::function<std::unique_ptr<BodySink>(const Request& head)>;

// Takes an answer's body piece by piece, on the loop's thread, and says in the end what answer it amounts to.
class AnswerReader {
 public:
  using Time = std::chrono::steady_clock::time_point;

  virtual ~AnswerReader() = default;
  // The answer to one attempt begins; of attempts before it nothing is kept. False: its body is kept as
  // others' are, within the client's limit, and nothing below is called.
  virtual bool takes(int status, const Headers& headers) = 0;
  // An error: why this cannot be read. The connection is closed then.
  virtual Result<void> read(std::string_view piece) = 0;
  // All has come. `answer` has no body yet.
  virtual Result<void> finish(Response& answer) = 0;
  // Some of it has come at `now`: by when more has to. `until`: by when all of it, for all that is known.
  // Unless the reader knows better, an answer may take as long as it likes, but not without anything of it.
  virtual Time next_by(Time now, Time until) const {
    constexpr std::chrono::seconds silence_max{60};
    return std::max(until, now + silence_max);
  }
};

// Gives an answer's body piece by piece, on the loop's thread.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual std::uint64_t size() const = 0;  // of all pieces together
  // Between 1 and `most` bytes into `piece`; 0: it cannot be read, and the connection is broken off.
  virtual std::size_t read(char* piece, std::size_t most) = 0;
};

// An answer's body that is still being made while it goes out, of a length that nobody knows yet. What its
// reader has not taken is kept. On the loop's thread.
class LiveBody {
 public:
  enum class End { none, whole, broken };  // broken: the peer must not take what it has for the whole

  void write(std::string_view piece) {
    pieces_ += piece;
    tell();
  }
  void end(End how) {
    if (end_ != End::none) return;
    end_ = how;
    tell();
  }

  // The reader: told of each piece and of the end.
  void on_news(std::function<void()> news) { news_ = std::move(news); }
  std::string take() { return std::exchange(pieces_, {}); }
  std::size_t untaken() const { return pieces_.size(); }
  End how_it_ended() const { return end_; }

 private:
  void tell() {
    if (const auto news = news_) news();
  }

  std::string pieces_;
  End end_ = End::none;
  std::function<void()> news_;
};

}  // namespace lambdapool::http
