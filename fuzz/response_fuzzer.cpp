// Whatever a server answers is read or refused, and what is read does not depend on the pieces in which it
// arrived.
#include <cstdlib>
#include <optional>
#include <string_view>

#include "http/parser.hpp"

using namespace lambdapool::http;

namespace {

// The first response in `bytes`, which come `step` at a time and then end.
std::optional<Response> read(std::string_view bytes, std::size_t step, ResponseParser::Body body) {
  ResponseParser parser({.header_bytes = 2'048, .body_bytes = 4'096});
  parser.reset(body);
  std::string kept;
  for (;;) {
    std::string_view view = kept;
    Progress progress = parser.feed(view);
    kept.erase(0, kept.size() - view.size());
    if (progress == Progress::more && bytes.empty()) progress = parser.feed_end();
    if (progress == Progress::complete) {
      parser.keep_alive();
      return parser.take();
    }
    if (progress != Progress::more) return std::nullopt;
    kept.append(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto body : {ResponseParser::Body::expected, ResponseParser::Body::none}) {
    const auto whole = read(bytes, bytes.size(), body);
    if (whole && whole->body.size() > 4'096) std::abort();
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}}) {
      const auto pieces = read(bytes, step, body);
      if (whole.has_value() != pieces.has_value()) std::abort();
      if (whole && (whole->status != pieces->status || whole->body != pieces->body ||
                    whole->headers.items().size() != pieces->headers.items().size()))
        std::abort();
    }
  }
  return 0;
}
