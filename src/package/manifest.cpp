#include "package/manifest.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "core/encoding.hpp"

namespace lambdapool::package {
namespace {

constexpr int version = 1;
constexpr std::size_t hash_digits = 32;

Result<std::string> source_of(const ZipEntry& entry) {
  if (const auto* bytes = std::get_if<std::string>(&entry.content)) return *bytes;
  const auto& path = std::get<std::filesystem::path>(entry.content);
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof())
    return fail(ErrorKind::io, "cannot read " + path.string() + ": " + std::strerror(errno));
  return bytes;
}

// A checkout with other line ends is the same program.
std::string with_plain_line_ends(std::string_view source) {
  std::string plain;
  plain.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    plain += source[i];
  }
  return plain;
}

// "numpy-2.1.0.dist-info/METADATA" names numpy and 2.1.0.
void add_requirement(nlohmann::json& requirements, std::string_view entry) {
  constexpr std::string_view end = ".dist-info/METADATA";
  if (!entry.ends_with(end)) return;
  entry.remove_suffix(end.size());
  const auto dash = entry.find('-');
  if (dash == entry.npos || entry.find('/') != entry.npos) return;
  requirements[std::string(entry.substr(0, dash))] = entry.substr(dash + 1);
}

}  // namespace

Result<std::string> make_manifest(const std::vector<ZipEntry>& own, const std::vector<ZipEntry>& installed) {
  nlohmann::json files = nlohmann::json::object();
  nlohmann::json requirements = nlohmann::json::object();
  std::set<std::string> paths;
  for (const auto& entry : own) {
    paths.insert(entry.name.substr(0, entry.name.find('/')));
    if (!entry.name.ends_with(".py")) continue;
    const auto source = source_of(entry);
    if (!source) return tl::unexpected(source.error());
    files[entry.name] = sha256_hex(with_plain_line_ends(*source)).substr(0, hash_digits);
  }
  for (const auto& entry : installed) add_requirement(requirements, entry.name);
  const nlohmann::json manifest{{"lambdapool", LAMBDAPOOL_VERSION},
                                {"version", version},
                                {"files", files},
                                {"paths", paths},
                                {"requirements", requirements}};
  // A name that is not UTF-8 is refused with its own sentence where the zip is written.
  return manifest.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace lambdapool::package
