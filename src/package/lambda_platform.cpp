#include "package/lambda_platform.hpp"

#include <map>

namespace lambdapool::package {
namespace {

// Projects exclude single patch releases (cryptography: !=3.9.0), so a bare "3.9" would mean an old one.
// These are of October 2024; Lambda's runtimes follow CPython within weeks.
std::string with_patch_release(const std::string& python_version) {
  static const std::map<std::string, int> releases = {
      {"3.9", 20}, {"3.10", 15}, {"3.11", 10}, {"3.12", 7}, {"3.13", 0}};
  const auto found = releases.find(python_version);
  return python_version + "." + std::to_string(found == releases.end() ? 0 : found->second);
}

}  // namespace

LambdaPlatform platform_of(const std::string& python_version, const std::string& architecture) {
  // Runtimes up to python3.11 are on Amazon Linux 2, later ones on Amazon Linux 2023.
  const bool old = std::stoi(python_version.substr(2)) <= 11;
  return {"Python " + python_version + " on " + architecture +
              (old ? " (Amazon Linux 2, glibc 2.26)" : " (Amazon Linux 2023, glibc 2.34)"),
          with_patch_release(python_version), architecture == "arm64" ? "aarch64" : "x86_64", old ? 26 : 34};
}

std::string LambdaPlatform::json() const {
  return R"({"python": ")" + python + R"(", "machine": ")" + machine + R"(", "glibc": )" +
         std::to_string(glibc) + "}";
}

// uv knows nothing between 2.17 and 2.28.
std::string LambdaPlatform::uv_name() const {
  return machine + (is_newest() ? "-manylinux_2_34" : "-manylinux2014");
}

}  // namespace lambdapool::package
