#include "package/wheel_report.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

namespace lambdapool::package {

std::optional<WheelReport> parse_wheel_report(const std::string& output) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('{')) continue;
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) continue;
    return WheelReport{json.value("known", false),    json.value("newest", ""),
                       json.value("wheels", 0),       json.value("sources", 0),
                       json.value("compiled", false), json.value("on_later", false)};
  }
  return std::nullopt;
}

std::string no_wheel(const std::string& wanted, const WheelReport& report, const LambdaPlatform& platform) {
  std::string text = "Requirement " + wanted + " has no wheel for " + platform.name +
                     ", and its sources are not compiled here, as that would fit this machine only; ";
  text += report.newest.empty() ? "no version of it has one"
                                : "the newest version that has one is " + report.newest;
  if (!platform.is_newest() && report.on_later)
    text +=
        "; python3.12 and later run on Amazon Linux 2023 (glibc 2.34), for which it has one: choose "
        "--runtime "
        "python3.12 or later";
  else if (!platform.is_newest())
    text += "; python3.12 and later run on Amazon Linux 2023 (glibc 2.34), which takes more wheels";
  return text + ".";
}

std::vector<std::string> index_options(const std::string& requirements) {
  static constexpr const char* names[] = {"-i", "--index-url",  "--extra-index-url", "--no-index",
                                          "-f", "--find-links", "--trusted-host"};
  std::vector<std::string> options;
  std::istringstream lines(requirements);
  for (std::string line; std::getline(lines, line);) {
    const auto end = line.find_first_of(" =\t");
    for (const char* name : names) {
      if (line.substr(0, end) != name) continue;
      options.emplace_back(name);
      if (end != std::string::npos) options.push_back(line.substr(line.find_first_not_of(" =\t", end)));
    }
  }
  return options;
}

}  // namespace lambdapool::package
