#include "gcp/service_name.hpp"

#include <algorithm>

namespace lambdapool::gcp {
namespace {

constexpr std::size_t id_max = 49;

tl::unexpected<Error> no_service(const std::string& function, const std::string& why) {
  return fail(ErrorKind::invalid_argument, "'" + function + "' cannot be a Cloud Run service: " + why);
}

}  // namespace

Result<std::string> service_id(const std::string& function) {
  std::string id = function;
  for (char& c : id) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '_') c = '-';
  }
  const bool known = std::ranges::all_of(
      id, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  if (!known || id.empty()) return no_service(function, "it takes letters, digits, hyphens and underscores");
  if (id.front() < 'a' || id.front() > 'z') return no_service(function, "its name begins with a letter");
  if (id.back() == '-') return no_service(function, "its name ends with a letter or a digit");
  if (id.size() > id_max)
    return no_service(function, "its name has at most " + std::to_string(id_max) + " characters, not " +
                                    std::to_string(id.size()));
  return id;
}

}  // namespace lambdapool::gcp
