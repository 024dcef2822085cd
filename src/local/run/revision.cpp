#include "local/run/revision.hpp"

#include <array>

namespace lambdapool::local::run {

LogName LogName::of(const std::string& name) {
  std::array<std::string, 6> parts;
  std::size_t begin = 0;
  for (auto& part : parts) {
    const auto end = std::min(name.find('/', begin), name.size());
    part = name.substr(begin, end - begin);
    begin = std::min(end + 1, name.size());
  }
  return {parts[1], parts[3], parts[5]};
}

// A project may have dots in its name, and the others have none.
std::optional<LogName> LogName::parse(const std::string& folder) {
  constexpr std::string_view prefix = "run.";
  const auto service = folder.rfind('.');
  const auto location =
      service == std::string::npos || service == 0 ? service : folder.rfind('.', service - 1);
  if (!folder.starts_with(prefix) || location == std::string::npos || location <= prefix.size())
    return std::nullopt;
  return LogName{folder.substr(prefix.size(), location - prefix.size()),
                 folder.substr(location + 1, service - location - 1), folder.substr(service + 1)};
}

}  // namespace lambdapool::local::run
