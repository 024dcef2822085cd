#include "local/objects/object_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/encoding.hpp"
#include "core/write_all.hpp"
#include "local/objects/s3_answer.hpp"
#include "local/store/home.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours abandoned_after{24};

std::optional<ObjectInfo> read_info(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const auto json = nlohmann::json::parse(stream, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  ObjectInfo info;
  try {
    info.key = hex_decode(json.at("key").get<std::string>());
    info.etag = json.at("etag").get<std::string>();
    info.file = json.at("file").get<std::string>();
    info.size = json.at("size").get<std::uint64_t>();
    info.modified = std::chrono::system_clock::from_time_t(json.at("modified").get<std::time_t>());
    info.headers = json.at("headers").get<std::map<std::string, std::string>>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
  return info;
}

// A key is bytes, which JSON need not be able to hold.
std::string written_info(const ObjectInfo& info) {
  const nlohmann::json json{{"key", hex_encode(info.key)},
                            {"etag", info.etag},
                            {"file", info.file},
                            {"size", info.size},
                            {"modified", std::chrono::system_clock::to_time_t(info.modified)},
                            {"headers", info.headers}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool is_abandoned(const fs::directory_entry& entry) {
  std::error_code gone;
  const auto written = entry.last_write_time(gone);
  return !gone && fs::file_time_type::clock::now() - written > abandoned_after;
}

}  // namespace

bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

fs::path ObjectFiles::key_file(const std::string& key) const { return bucket_ / "keys" / sha256_hex(key); }

Result<void> ObjectFiles::make() const {
  for (const auto& directory : {data(), incoming(), uploads(), bucket_ / "keys"}) {
    if (const auto error = make_private_directories(directory))
      return fail(ErrorKind::io,
                  "Could not create " + directory.string() + ": " + system_reason(error.value()));
  }
  return {};
}

bool ObjectFiles::exists() const {
  std::error_code error;
  return fs::is_directory(bucket_ / "keys", error);
}

OrRefusal<ObjectInfo> ObjectFiles::put(ObjectInfo info, Existing existing) const {
  const auto waiting = incoming() / info.file;
  struct stat status {};
  if (::stat(waiting.c_str(), &status) != 0)
    return tl::unexpected(not_stored("The object's bytes are gone", errno));
  info.size = static_cast<std::uint64_t>(status.st_size);
  const auto place = key_file(info.key);
  const auto before = read_info(place);
  const auto described = incoming() / random_uuid();
  errno = write_new_file(described.string(), written_info(info));
  bool done = errno == 0 && ::rename(waiting.c_str(), (data() / info.file).c_str()) == 0;
  if (done && existing == Existing::kept) {
    done = ::link(described.c_str(), place.c_str()) == 0;  // which, unlike rename, replaces nothing
    const int why = errno;
    ::unlink(described.c_str());
    errno = why;
  } else if (done) {
    done = ::rename(described.c_str(), place.c_str()) == 0;
  }
  if (!done) {
    const int why = errno;
    ::unlink(described.c_str());
    ::unlink((data() / info.file).c_str());
    if (why == EEXIST)
      return refuse(412, "PreconditionFailed",
                    "At least one of the pre-conditions you specified did not hold");
    return tl::unexpected(not_stored("The object could not be stored", why));
  }
  if (before) ::unlink((data() / before->file).c_str());
  return info;
}

OrRefusal<ObjectInfo> ObjectFiles::find(const std::string& key) const {
  auto info = read_info(key_file(key));
  if (!info) return refuse(404, "NoSuchKey", "The specified key does not exist.");
  return std::move(*info);
}

void ObjectFiles::remove(const std::string& key) const {
  const auto place = key_file(key);
  const auto info = read_info(place);
  ::unlink(place.c_str());
  if (info) ::unlink((data() / info->file).c_str());
}

std::vector<ObjectInfo> ObjectFiles::list(const std::string& prefix) const {
  std::vector<ObjectInfo> all;
  std::error_code error;
  for (fs::directory_iterator entry(bucket_ / "keys", error), end; !error && entry != end;
       entry.increment(error)) {
    auto info = read_info(entry->path());
    if (info && info->key.starts_with(prefix)) all.push_back(std::move(*info));
  }
  std::sort(all.begin(), all.end(), [](const ObjectInfo& a, const ObjectInfo& b) { return a.key < b.key; });
  return all;
}

bool ObjectFiles::empty() const {
  std::error_code error;
  return fs::is_empty(bucket_ / "keys", error);
}

void ObjectFiles::remove_abandoned() const {
  for (const auto& directory : {incoming(), uploads()}) {
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code ignored;
      if (is_abandoned(*entry)) fs::remove_all(entry->path(), ignored);
    }
  }
}

}  // namespace lambdapool::local
