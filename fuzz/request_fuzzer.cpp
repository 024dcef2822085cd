// Whatever arrives as HTTP requests is read or refused, and what is read does not depend on the pieces in
// which it arrived.
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "http/parser.hpp"

using namespace lambdapool::http;

namespace {

bool same(const Request& a, const Request& b) {
  if (a.method != b.method || a.target != b.target || a.body != b.body) return false;
  const auto& left = a.headers.items();
  const auto& right = b.headers.items();
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i)
    if (left[i].name != right[i].name || left[i].value != right[i].value) return false;
  return true;
}

// All requests in `bytes`, which come `step` at a time.
std::vector<Request> read_all(std::string_view bytes, std::size_t step, const ParserLimits& limits) {
  std::vector<Request> requests;
  RequestParser parser(limits);
  std::string kept;
  bool head_told = false;
  for (bool more = true; more;) {
    std::string_view view = kept;
    const Progress progress = parser.feed(view);
    kept.erase(0, kept.size() - view.size());
    switch (progress) {
      case Progress::head:
        if (head_told) std::abort();  // once a request
        head_told = true;
        if (parser.body_length().value_or(0) <= limits.body_bytes)
          parser.expect_body(parser.body_length().value_or(0));
        parser.wants_continue();
        break;
      case Progress::complete:
        if (!head_told || parser.body_bytes() > limits.body_bytes) std::abort();
        parser.keep_alive();
        requests.push_back(parser.take());
        parser.reset();
        head_told = false;
        break;
      case Progress::more:
        more = !bytes.empty();
        kept.append(bytes.substr(0, step));
        bytes.remove_prefix(std::min(step, bytes.size()));
        break;
      default:
        return requests;
    }
  }
  return requests;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ParserLimits limits{.header_bytes = 2'048, .body_bytes = 4'096};
  const auto whole = read_all(bytes, bytes.size(), limits);
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}}) {
    const auto pieces = read_all(bytes, step, limits);
    if (whole.size() != pieces.size()) std::abort();
    for (std::size_t i = 0; i < whole.size(); ++i)
      if (!same(whole[i], pieces[i])) std::abort();
  }
  return 0;
}
