#include "deploy/deployment_record.hpp"

#include <algorithm>
#include <fstream>

#include "core/encoding.hpp"
#include "core/random.hpp"

namespace lambdapool::deploy {
namespace {

namespace fs = std::filesystem;

fs::path folder(const Environment& environment) {
  const auto cache = environment.get("XDG_CACHE_HOME");
  const fs::path base =
      cache && fs::path(*cache).is_absolute() ? fs::path(*cache) : environment.home_directory() / ".cache";
  return base / "lambdapool" / "deployed";
}

}  // namespace

DeploymentRecord::DeploymentRecord(const Environment& environment, const std::string& key)
    : path_(folder(environment) / sha256_hex(key).substr(0, 32)) {}

std::optional<std::string> DeploymentRecord::version(std::chrono::seconds younger_than) const {
  std::error_code missing;
  const auto written = fs::last_write_time(path_, missing);
  if (missing) return {};
  const auto age = fs::file_time_type::clock::now() - written;
  if (age < std::chrono::seconds{0} || age > younger_than) return {};
  std::ifstream file(path_);
  std::string version;
  if (!(file >> version) || version.size() > 20 ||
      !std::all_of(version.begin(), version.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return {};
  return version;
}

void DeploymentRecord::keep(const std::string& version) const {
  std::error_code failed;
  fs::create_directories(path_.parent_path(), failed);
  const fs::path fresh = path_.parent_path() / (path_.filename().string() + "." + random_hex(4));
  std::ofstream(fresh) << version << '\n';
  fs::rename(fresh, path_, failed);
  if (failed) fs::remove(fresh, failed);
}

}  // namespace lambdapool::deploy
