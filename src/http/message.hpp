// HTTP requests and responses as values.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lambdapool::http {

struct Header {
  std::string name;
  std::string value;
};

// Few, in order, looked up without regard to case (RFC 9110).
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> items) : items_(items) {}

  void reserve(std::size_t count) { items_.reserve(count); }
  void add(std::string name, std::string value) { items_.push_back({std::move(name), std::move(value)}); }
  void set(std::string_view name, std::string value);  // replaces every header of that name
  void remove(std::string_view name);
  const std::string* find(std::string_view name) const;  // the first of that name, or nullptr
  std::string_view get(std::string_view name) const;     // "" where there is none
  const std::vector<Header>& items() const { return items_; }

 private:
  std::vector<Header> items_;
};

bool equal_ignoring_case(std::string_view a, std::string_view b);

// What would let a value smuggle in a header, or a request, of its own.
bool breaks_lines(std::string_view text);
bool breaks_lines(const Headers& headers);
std::string header_lines(const Headers& headers);  // each ended

class AnswerReader;  // body_stream.hpp
class BodySink;      // likewise
class BodySource;    // likewise
class LiveBody;      // likewise
struct Turn;         // in_process.hpp

struct Request {
  std::string method = "GET";
  std::string target = "/";  // path and query as they go over the wire, already percent-encoded
  Headers headers = {};
  std::string body = {};
  std::shared_ptr<BodySink> sink = {};        // of a server: where the body has gone instead; else null
  std::shared_ptr<AnswerReader> reader = {};  // of a client: takes the answer's body as it comes; else null
  // Of a caller in the service's process that may want what comes ahead of the answer: takes it, on the
  // loop's thread; else null.
  std::function<void(std::string_view piece)> ahead = {};
  std::shared_ptr<Turn> turn = {};  // of a call within this process; else null
  // Of a client over the wire: headers that other requests have too, as header_lines() gives them of what
  // does not break lines, with Host and without Content-Length; else null.
  std::shared_ptr<const std::string> common = {};
};

struct Response {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  std::shared_ptr<BodySource> source = {};  // of a server: where the body comes from instead; else null
  std::shared_ptr<LiveBody> live = {};      // of a server: what gives the body in time; else null
};

// Where to connect. `unix`: an AF_UNIX stream socket at `path`, or, where that begins with @, of that name in
// the abstract namespace, which no file system has to show; Host is then "localhost".
struct Endpoint {
  enum class Scheme { http, https, unix_socket };
  Scheme scheme = Scheme::https;
  std::string host = {};
  int port = 443;
  std::string path = {};

  // The Host header's value: the port is left out where it is the scheme's default.
  std::string host_header() const;
  std::string url() const;
  static std::optional<Endpoint> parse(std::string_view url);  // http://h:p, https://[::1]:p, unix:/path
};

}  // namespace lambdapool::http
