// Turns bytes into requests or responses, as they come. Beast's parser does the reading; this keeps it
// in one source file and puts what it reads straight into our own values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::http {

enum class Progress {
  more,             // the message is not complete yet
  head,             // of a request, told once: its headers are complete, and its body has not been looked at
  complete,         // it is; what was not consumed belongs to the next one
  malformed,        // not HTTP
  header_too_long,  // beyond the limit
  body_too_long,
};

struct ParserLimits {
  std::uint64_t header_bytes = 1ull << 20;
  std::uint64_t body_bytes = 64ull << 20;
};

class RequestParser {
 public:
  explicit RequestParser(ParserLimits limits);
  ~RequestParser();

  void reset();  // for the next message
  // Takes what it can from the front of `bytes` (removing it). Headers must lie there in one piece, so
  // the caller keeps what is left and comes again with more behind it.
  Progress feed(std::string_view& bytes);

  const Request& head() const;                       // once Progress::head was told; without a body
  std::optional<std::uint64_t> body_length() const;  // nullopt: chunked, known only at its end
  void expect_body(std::uint64_t bytes);             // so many will come: room is made for them at once
  std::size_t body_bytes() const;                    // as far as they came and are kept
  // Once Progress::head was told: the body goes there, whatever its size.
  void divert(std::shared_ptr<BodySink> sink);
  const std::optional<Response>& refused() const;  // by the sink, of a body that is malformed for that

  bool started() const;         // some of a message has been read
  bool wants_continue() const;  // headers are complete, a body is to come, and the peer waits for 100
  bool keep_alive() const;
  std::string_view why() const;  // of malformed: a few words
  Request take();                // trailers follow the headers

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class ResponseParser {
 public:
  explicit ResponseParser(ParserLimits limits);
  ~ResponseParser();

  enum class Body { expected, none };  // none: the answer to HEAD
  void reset(Body body, std::shared_ptr<AnswerReader> reader = nullptr);
  Progress feed(std::string_view& bytes);
  Progress feed_end();  // the peer has closed: the end of a body without a length, or a broken message

  bool started() const;
  const Headers& headers() const;  // as far as they came
  bool is_being_read() const;      // its body goes to the reader
  bool keep_alive() const;
  std::string_view why() const;
  const std::optional<Error>& unreadable() const;  // as the reader says of a body that is malformed for that
  Response take();                                 // and lets the reader go

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lambdapool::http
