#include "http/parser.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>
#include <optional>

#include "http/body_stream.hpp"

namespace lambdapool::http {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;

// A length is the peer's claim: beyond this, memory follows the bytes that really come.
constexpr std::uint64_t reserve_max = 8ull << 20;

constexpr std::size_t headers_usual = 12;

std::string text(beast::string_view view) { return {view.data(), view.size()}; }

// Start line, headers and body as they come. Trailers are added behind the headers.
template <bool is_request>
class Collector : public beast::http::basic_parser<is_request> {
 public:
  explicit Collector(ParserLimits limits) : body_bytes_max(limits.body_bytes) {
    this->eager(true);
    message.headers.reserve(headers_usual);
    this->header_limit(static_cast<std::uint32_t>(
        std::min<std::uint64_t>(limits.header_bytes, std::numeric_limits<std::uint32_t>::max())));
    // A body may go elsewhere, which is known only once the head is.
    this->body_limit(std::numeric_limits<std::uint64_t>::max());
  }

  int status = 0;
  Request message;  // of a response: headers and body
  bool expects_continue = false;
  std::uint64_t body_bytes_max;
  std::optional<Response> refused;
  std::shared_ptr<AnswerReader> reader;
  bool is_being_read = false;
  std::optional<Error> unreadable;

 private:
  using View = beast::string_view;

  void on_request_impl(beast::http::verb, View method_text, View target_text, int, error_code&) override {
    message.method = text(method_text);
    message.target = text(target_text);
  }
  void on_response_impl(int code, View, int, error_code&) override { status = code; }
  void on_field_impl(beast::http::field field, View name, View value, error_code&) override {
    if (field == beast::http::field::expect &&
        equal_ignoring_case({value.data(), value.size()}, "100-continue")) {
      expects_continue = true;
    }
    message.headers.add(text(name), text(value));
  }
  void on_header_impl(error_code& error) override {
    if (is_request || this->skip()) return;
    is_being_read = reader && status / 100 != 1 && reader->takes(status, message.headers);
    const auto length = this->content_length();
    if (!is_being_read && length && *length > body_bytes_max) error = beast::http::error::body_limit;
  }
  void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code& error) override {
    if (message.sink || is_being_read) return;
    if (length && *length > body_bytes_max) error = beast::http::error::body_limit;
    if (length && !error) message.body.reserve(std::min(*length, reserve_max));
  }
  std::size_t on_body_impl(View bytes, error_code& error) override { return take(bytes, error); }
  void on_chunk_header_impl(std::uint64_t, View, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, error_code& error) override {
    return take(bytes, error);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t take(View bytes, error_code& error) {
    if (message.sink) {
      refused = message.sink->write({bytes.data(), bytes.size()});
      if (refused) error = beast::http::error::body_limit;
    } else if (is_being_read) {
      if (auto taken = reader->read({bytes.data(), bytes.size()}); !taken) {
        unreadable = std::move(taken.error());
        error = beast::http::error::bad_chunk;
      }
    } else if (bytes.size() > body_bytes_max - message.body.size()) {
      error = beast::http::error::body_limit;
    } else {
      message.body.append(bytes.data(), bytes.size());
    }
    return bytes.size();
  }
};

Progress progress_of(error_code error) {
  if (error == beast::http::error::body_limit) return Progress::body_too_long;
  if (error == beast::http::error::header_limit) return Progress::header_too_long;
  return Progress::malformed;
}

template <class Parser>
Progress feed_into(Parser& parser, std::string_view& bytes, std::string& why) {
  error_code error;
  std::size_t used = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  bytes.remove_prefix(used);
  if (parser.is_done()) return Progress::complete;
  if (!error || error == beast::http::error::need_more) return Progress::more;
  why = error.message();
  return progress_of(error);
}

}  // namespace

struct RequestParser::Impl {
  ParserLimits limits;
  std::optional<Collector<true>> parser;
  bool head_told = false;
  std::string why;
};

RequestParser::RequestParser(ParserLimits limits) : impl_(std::make_unique<Impl>()) {
  impl_->limits = limits;
  reset();
}
RequestParser::~RequestParser() = default;

void RequestParser::reset() {
  impl_->parser.emplace(impl_->limits);
  impl_->parser->eager(false);  // until the head has been told
  impl_->head_told = false;
}

Progress RequestParser::feed(std::string_view& bytes) {
  // RFC 9112, 2.2: a server ignores empty lines before the request line.
  while (!started() && !bytes.empty() && (bytes.front() == '\r' || bytes.front() == '\n'))
    bytes.remove_prefix(1);
  auto& parser = *impl_->parser;
  if (parser.is_done()) return Progress::complete;
  if (bytes.empty()) return Progress::more;
  const Progress progress = feed_into(parser, bytes, impl_->why);
  const bool good = progress == Progress::more || progress == Progress::complete;
  if (!good || !parser.is_header_done() || impl_->head_told) return progress;
  impl_->head_told = true;
  parser.eager(true);
  return Progress::head;
}

const Request& RequestParser::head() const { return impl_->parser->message; }

std::optional<std::uint64_t> RequestParser::body_length() const {
  if (impl_->parser->chunked()) return std::nullopt;
  const auto length = impl_->parser->content_length();
  return length ? *length : 0;
}

void RequestParser::expect_body(std::uint64_t bytes) { impl_->parser->message.body.reserve(bytes); }
std::size_t RequestParser::body_bytes() const { return impl_->parser->message.body.size(); }

void RequestParser::divert(std::shared_ptr<BodySink> sink) { impl_->parser->message.sink = std::move(sink); }
const std::optional<Response>& RequestParser::refused() const { return impl_->parser->refused; }

bool RequestParser::started() const { return impl_->parser->got_some(); }
bool RequestParser::wants_continue() const {
  return impl_->parser->expects_continue && impl_->parser->is_header_done() && !impl_->parser->is_done();
}
bool RequestParser::keep_alive() const { return impl_->parser->keep_alive(); }
std::string_view RequestParser::why() const { return impl_->why; }

Request RequestParser::take() {
  auto& parser = *impl_->parser;
  return std::move(parser.message);
}

struct ResponseParser::Impl {
  ParserLimits limits;
  std::optional<Collector<false>> parser;
  Body body = Body::expected;
  std::shared_ptr<AnswerReader> reader = {};
  std::string why;
};

ResponseParser::ResponseParser(ParserLimits limits) : impl_(std::make_unique<Impl>()) {
  impl_->limits = limits;
  reset(Body::expected);
}
ResponseParser::~ResponseParser() = default;

void ResponseParser::reset(Body body, std::shared_ptr<AnswerReader> reader) {
  impl_->body = body;
  impl_->reader = std::move(reader);
  impl_->parser.emplace(impl_->limits);
  impl_->parser->reader = impl_->reader;
  if (body == Body::none) impl_->parser->skip(true);
}

Progress ResponseParser::feed(std::string_view& bytes) {
  for (;;) {
    if (bytes.empty()) return Progress::more;
    Progress progress = feed_into(*impl_->parser, bytes, impl_->why);
    // 100 Continue and its like announce the answer, they are not it.
    bool interim = progress == Progress::complete && impl_->parser->status / 100 == 1;
    if (!interim) return progress;
    reset(impl_->body, impl_->reader);
  }
}

Progress ResponseParser::feed_end() {
  error_code error;
  if (impl_->parser->is_header_done()) impl_->parser->put_eof(error);
  if (!error && impl_->parser->is_done()) return Progress::complete;
  impl_->why = "it ends in the middle";
  return Progress::malformed;
}

bool ResponseParser::started() const { return impl_->parser->got_some(); }
const Headers& ResponseParser::headers() const { return impl_->parser->message.headers; }
bool ResponseParser::is_being_read() const { return impl_->parser->is_being_read; }
const std::optional<Error>& ResponseParser::unreadable() const { return impl_->parser->unreadable; }
bool ResponseParser::keep_alive() const { return impl_->parser->keep_alive(); }
std::string_view ResponseParser::why() const { return impl_->why; }

Response ResponseParser::take() {
  auto& parser = *impl_->parser;
  parser.reader = impl_->reader = nullptr;
  return {parser.status, std::move(parser.message.headers), std::move(parser.message.body)};
}

}  // namespace lambdapool::http
