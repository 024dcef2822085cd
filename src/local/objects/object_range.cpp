#include "local/objects/object_range.hpp"

#include <algorithm>

#include "core/whole_number.hpp"
#include "local/objects/s3_answer.hpp"

namespace lambdapool::local {
namespace {

// "*", or a list of quoted tags.
bool names(std::string_view condition, const std::string& etag) {
  return condition == "*" || condition.find(etag) != std::string_view::npos ||
         "\"" + std::string(condition) + "\"" == etag;
}

}  // namespace

OrRefusal<std::optional<Range>> range_of(const http::Request& request, std::uint64_t size) {
  auto text = request.headers.get("range");
  if (!text.starts_with("bytes=") || text.find(',') != std::string_view::npos) return std::nullopt;
  text.remove_prefix(6);
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = whole_number(text.substr(0, dash));
  const auto last = whole_number(text.substr(dash + 1));
  if (!first && !last) return std::nullopt;
  if (first && last && *last < *first) return std::nullopt;
  const auto begin = first ? *first : size - std::min(*last, size);
  const auto end = first && last ? std::min(*last, size - (size > 0 ? 1 : 0)) + 1 : size;
  if (begin >= size || end <= begin)
    return refuse(416, "InvalidRange", "The requested range is not satisfiable");
  return Range{begin, end - begin};
}

OrRefusal<void> check_conditions(const http::Request& request, const ObjectInfo& info) {
  const auto& headers = request.headers;
  const auto failed = [] {
    return refuse(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
  };
  const auto not_modified = [] { return refuse(304, "NotModified", "Not Modified"); };
  if (const auto* match = headers.find("if-match")) {
    if (!names(*match, info.etag)) return failed();
  } else if (const auto since = parse_http_date(headers.get("if-unmodified-since"))) {
    if (info.modified > *since) return failed();
  }
  if (const auto* match = headers.find("if-none-match")) {
    if (names(*match, info.etag)) return not_modified();
  } else if (const auto since = parse_http_date(headers.get("if-modified-since"))) {
    if (info.modified <= *since) return not_modified();
  }
  return {};
}

}  // namespace lambdapool::local
