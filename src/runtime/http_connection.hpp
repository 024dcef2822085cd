// A connection's requests and answers: HTTP/1.1 over one socket, just as much of it as tasks need.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace lambdapool::runtime {

struct HttpRequest {
  std::string method;
  std::string body;
  bool keep_alive = true;
  std::string trace_context = {};  // the header X-Cloud-Trace-Context
  std::string traceparent = {};
  bool accepts_parts = false;  // the answer may be a stream of frames (docs/protocol.md, Parts)
  bool wants_output = false;   // with what the task writes
};

class HttpConnection {
 public:
  // Owns the socket.
  explicit HttpConnection(int socket) : socket_(socket) {}
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  ~HttpConnection();

  // nullopt: the connection is over, what was no request having been refused on it. A body has at most
  // `body_max` bytes.
  std::optional<HttpRequest> next(std::size_t body_max);

  // `headers`: further lines, each with its end. False: nobody is there any more.
  bool answer(int status, std::string_view content_type, std::string_view body,
              std::string_view headers = {});

  // Likewise in chunks: a 200's head, what is in the chunks, and the end.
  bool begin_chunks(std::string_view content_type, std::string_view headers);
  bool chunk(std::string_view piece, std::string_view more = {});  // of these two a chunk
  bool end_chunks();

 private:
  bool send(std::initializer_list<std::string_view> pieces);
  bool fill();
  std::optional<std::string> read_line();
  bool read_bytes(std::size_t count, std::string& to);
  bool read_body(std::string_view head, std::size_t body_max, std::string& to);
  bool read_chunks(std::size_t body_max, std::string& to);
  bool refuse(int status, std::string_view why);

  int socket_;
  std::string buffer_ = {};  // what was read beyond the last request
};

}  // namespace lambdapool::runtime
