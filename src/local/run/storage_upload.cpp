// Uploads by Cloud Storage's JSON API: at once (media), with a head (multipart), or in parts (resumable), of
// which each says where it belongs: "bytes 0-99/200", "bytes 100-199/*", and "bytes */*" asks how far it is.
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/encoding.hpp"
#include "core/random.hpp"
#include "core/write_all.hpp"
#include "local/run/run_answer.hpp"
#include "local/run/storage_object.hpp"
#include "local/store/home.hpp"

namespace lambdapool::local::run {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::chrono::hours upload_stays{24};  // one that is not gone on with
constexpr int go_on = 308;

http::Response written(const StorageAt& at, const ObjectName& name, std::string_view bytes,
                       const std::string& condition) {
  const auto made = write_object(at, name, bytes, condition);
  if (made) return json_answer(dumped(shown_object(at, name.bucket, *made, bytes)));
  if (made.error().kind == ErrorKind::not_found) return refusal(404, made.error().message);
  if (made.error().kind == ErrorKind::conflict) return refusal(412, made.error().message);
  return refusal(made.error());
}

// In the query, or in the head that says what the object is to be.
std::string name_in(const RunPath& path, std::string_view head) {
  const json given = json::parse(head, nullptr, false);
  const json name = given.is_object() ? given.value("name", json()) : json();
  return name.is_string() ? name.get<std::string>() : path.value("name");
}

void drop_old_uploads(const fs::path& folder) {
  std::error_code error;
  const auto before = fs::file_time_type::clock::now() - upload_stays;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (fs::last_write_time(entry->path(), ignored) < before) fs::remove(entry->path(), ignored);
  }
}

http::Response begin_in_parts(const StorageAt& at, const RunPath& path, const http::Request& request) {
  if (!at.files.has_bucket(path.bucket)) return refusal(404, "The specified bucket does not exist.");
  const std::string object = name_in(path, request.body);
  if (object.empty()) return refusal(400, "Required: name");
  const std::string id = random_hex(16);
  const fs::path file = at.files.upload_file(id);
  const std::string about =
      dumped({{"bucket", path.bucket}, {"object", object}, {"condition", path.value("ifGenerationMatch")}});
  if (make_private_directories(file.parent_path()) || write_new_file(file.string() + ".json", about) != 0 ||
      write_new_file(file.string(), "") != 0)
    return refusal(500, "the local Cloud Storage cannot write " + file.string());
  drop_old_uploads(file.parent_path());
  auto answer = json_answer("");
  answer.headers.set("Location", at.url + "/upload/storage/v1/b/" + percent_encode(path.bucket) +
                                     "/o?uploadType=resumable&upload_id=" + id);
  answer.headers.set("X-GUploader-UploadID", id);
  return answer;
}

std::string whole_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Piece {
  std::optional<std::uintmax_t> first = {};  // nullopt: nothing is sent
  std::optional<std::uintmax_t> whole = {};  // nullopt: not known yet
};

// Without a header it is all of it.
std::optional<Piece> piece_of(std::string_view range, std::size_t sent) {
  if (range.empty()) return Piece{0, sent};
  constexpr std::string_view unit = "bytes ";
  const auto slash = range.find('/');
  if (!range.starts_with(unit) || slash == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view text) -> std::optional<std::uintmax_t> {
    std::uintmax_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() ? std::optional(value)
                                                                           : std::nullopt;
  };
  const auto at = range.substr(unit.size(), slash - unit.size());
  Piece piece;
  piece.whole = number(range.substr(slash + 1));
  if (at == "*") return piece;
  piece.first = number(at.substr(0, at.find('-')));
  return piece.first ? std::optional(piece) : std::nullopt;
}

http::Response so_far(std::uintmax_t bytes) {
  http::Response answer{go_on};
  if (bytes > 0) answer.headers.set("Range", "bytes=0-" + std::to_string(bytes - 1));
  return answer;
}

http::Response go_on_in_parts(const StorageAt& at, const RunPath& path, const http::Request& request) {
  const fs::path file = at.files.upload_file(path.value("upload_id"));
  const json about = json::parse(whole_file(file.string() + ".json"), nullptr, false);
  if (!about.is_object()) return refusal(404, "No such upload: " + path.value("upload_id"));
  const auto piece = piece_of(request.headers.get("Content-Range"), request.body.size());
  if (!piece) return refusal(400, "Failed to parse Content-Range header.");
  std::error_code error;
  const auto there = fs::file_size(file, error);
  if (error) return refusal(404, "No such upload: " + path.value("upload_id"));
  if (piece->first && *piece->first != there) return so_far(there);
  if (piece->first) {
    std::ofstream out(file, std::ios::binary | std::ios::app);
    out.write(request.body.data(), static_cast<std::streamsize>(request.body.size()));
    out.close();
    if (!out) return refusal(500, "the local Cloud Storage cannot write " + file.string());
  }
  const auto now = there + (piece->first ? request.body.size() : 0);
  if (!piece->whole || now < *piece->whole) return so_far(now);
  auto answer = written(at, {about.value("bucket", ""), about.value("object", "")}, whole_file(file),
                        about.value("condition", ""));
  fs::remove(file, error);
  fs::remove(file.string() + ".json", error);
  return answer;
}

}  // namespace

http::Response upload(const StorageAt& at, const RunPath& path, const http::Request& request) {
  const std::string type = path.value("uploadType");
  const std::string condition = path.value("ifGenerationMatch");
  if (!path.value("upload_id").empty()) return go_on_in_parts(at, path, request);
  if (type == "resumable") return begin_in_parts(at, path, request);
  if (type == "media") return written(at, {path.bucket, path.value("name")}, request.body, condition);
  if (type != "multipart")
    return refusal(400, "The local Cloud Storage takes uploads of the types media, multipart and resumable.");
  const auto parts = two_parts(request);
  if (!parts) return refusal(400, "The object has to be the second part of a multipart/related body.");
  return written(at, {path.bucket, name_in(path, parts->first)}, parts->second, condition);
}

}  // namespace lambdapool::local::run
