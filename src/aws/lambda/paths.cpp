#include "aws/lambda/paths.hpp"

#include <nlohmann/json.hpp>

#include "aws/json_answer.hpp"
#include "core/encoding.hpp"
#include "core/limits.hpp"

namespace lambdapool::aws {

std::string function_path(const std::string& name, std::string_view rest) {
  return "/2015-03-31/functions/" + percent_encode(name) + std::string(rest);
}

std::string page_query(const std::optional<std::string>& marker) {
  return "?MaxItems=" + std::to_string(limits::list_page_max) +
         (marker ? "&Marker=" + percent_encode(*marker) : "");
}

std::optional<std::string> next_marker_of(const nlohmann::json& page) {
  auto marker = text(page, "NextMarker");
  if (marker.empty()) return std::nullopt;
  return marker;
}

}  // namespace lambdapool::aws
