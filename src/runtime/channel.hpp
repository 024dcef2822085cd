// The worker's end of the Runtime API: HTTP/1.1 over one socket, just as much of it as that API needs.
//
// Asio and OpenSSL stay away from here: a worker's first request should go out a millisecond after exec.
// The answer to one invocation and the request for the next go out in one write, which saves a wake-up of
// both processes; the service answers them in order.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace lambdapool::runtime {

struct Invocation {
  std::string request_id;
  std::chrono::system_clock::time_point deadline;
  std::string payload;
};

enum class Answered { response, error };

class Channel {
 public:
  // On an inherited, connected socket, which the channel then owns.
  static Result<Channel> on_descriptor(std::string_view number);
  // HOST:PORT of AWS_LAMBDA_RUNTIME_API; the host is an IP address or "localhost".
  static Result<Channel> connect(const std::string& host_and_port);
  Channel(Channel&& other) noexcept;
  Channel& operator=(Channel&&) = delete;
  ~Channel();

  // Asks for an invocation and waits for it. Error kind network: the service is gone.
  Result<Invocation> first();
  // Answers an invocation and waits for the next one.
  Result<Invocation> answer(const std::string& request_id, Answered kind, std::string_view body,
                            std::string_view error_type = {});

  // Answers an invocation, and returns when that has been taken.
  Result<void> answer_alone(const std::string& request_id, Answered kind, std::string_view body,
                            std::string_view error_type = {});

  // Streams an answer: its beginning, any number of pieces, and its end, which waits for the next invocation.
  // Error kind network: it cannot be given, nor begun again.
  Result<void> begin_stream(const std::string& request_id, std::string_view content_type);
  Result<void> stream(std::string_view piece, std::string_view more = {});  // of these two a piece
  bool takes_more() const;  // a piece of some 50 KB, without waiting for a slow reader
  struct Trailer {          // of an answer that turns out to be an error
    std::string type;
    std::string body;
  };
  Result<Invocation> end_stream(const std::optional<Trailer>& error = {});

 private:
  struct Response {
    int status = 0;
    std::string head;
    std::string body;
  };

  Channel() = default;
  std::string next_request() const;
  std::string answer_head(const std::string& request_id, Answered kind, std::size_t size,
                          std::string_view error_type) const;
  Result<void> open_socket();
  Result<void> write(std::string_view head, std::string_view body, std::string_view tail);
  Result<Response> read();
  Result<bool> fill();  // false: the other side has closed
  Result<std::string> read_until(std::string_view end);
  Result<std::string> read_bytes(std::size_t count);
  Result<std::string> read_chunks();
  Result<Invocation> read_invocation();
  Result<Invocation> next_after(const Response& accepted);
  static void tell_refusal(const Response& accepted);
  bool peer_has_closed() const;

  int fd_ = -1;
  std::string host_;      // the Host header, and what to connect to again
  bool reopens_ = false;  // an inherited socket cannot be opened again
  std::string buffer_;
};

}  // namespace lambdapool::runtime
