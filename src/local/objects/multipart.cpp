#include "local/objects/multipart.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/descriptor.hpp"
#include "core/random.hpp"
#include "core/write_all.hpp"
#include "local/objects/s3_answer.hpp"
#include "local/store/home.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr int part_number_max = 10'000;
constexpr std::uint64_t part_bytes_min = 5u << 20;  // of all but the last

tl::unexpected<Refusal> broken(const std::string& what) { return tl::unexpected(not_stored(what, errno)); }

std::string unquoted(std::string text) {
  std::erase(text, '"');
  return text;
}

bool append(int to, const fs::path& part) {
  const Descriptor from(::open(part.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from) return false;
  std::vector<char> piece(1 << 20);
  for (;;) {
    // Within one file system the kernel copies, or shares the blocks.
    const auto copied = ::copy_file_range(from.get(), nullptr, to, nullptr, 1u << 30, 0);
    if (copied > 0) continue;
    if (copied == 0) return true;
    if (errno != EXDEV && errno != ENOSYS && errno != EINVAL && errno != EOPNOTSUPP) return false;
    break;
  }
  for (;;) {
    const auto count = ::read(from.get(), piece.data(), piece.size());
    if (count <= 0) return count == 0;
    for (ssize_t done = 0; done < count;) {
      const auto written = ::write(to, piece.data() + done, static_cast<std::size_t>(count - done));
      if (written < 0) return false;
      done += written;
    }
  }
}

}  // namespace

fs::path Multipart::directory(const std::string& id) const { return files_.uploads() / id; }

OrRefusal<std::string> Multipart::begin(const ObjectInfo& info) const {
  auto id = random_hex(16);
  constexpr const char* what = "The upload could not be begun";
  if (const auto error = make_private_directories(directory(id)))
    return tl::unexpected(not_stored(what, error.value()));
  const int error = write_new_file(
      (directory(id) / "object").string(),
      nlohmann::json(info.headers).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (error == 0) return id;
  std::error_code ignored;
  fs::remove_all(directory(id), ignored);
  return tl::unexpected(not_stored(what, error));
}

OrRefusal<void> Multipart::find(const std::string& id) const {
  std::error_code error;
  if (is_hex(id) && fs::is_directory(directory(id), error)) return {};
  return refuse(404, "NoSuchUpload",
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
                "been aborted or completed.");
}

OrRefusal<std::string> Multipart::add(const std::string& id, const std::string& number,
                                      const std::string& file) const {
  if (auto found = find(id); !found) return tl::unexpected(found.error());
  int value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);
  if (value < 1 || value > part_number_max)
    return refuse(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive");
  auto etag = random_hex(16);
  const std::string mine = std::to_string(value) + "-";
  std::error_code error;
  for (fs::directory_iterator entry(directory(id), error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->path().filename().string().starts_with(mine)) fs::remove(entry->path(), ignored);
  }
  if (::rename((files_.incoming() / file).c_str(), (directory(id) / (mine + etag)).c_str()) != 0)
    return broken("The part could not be stored");
  return etag;
}

OrRefusal<std::vector<fs::path>> Multipart::parts(const std::string& id, const std::string& xml) const {
  const auto numbers = xml_texts(xml, "PartNumber");
  const auto etags = xml_texts(xml, "ETag");
  if (numbers.empty() || numbers.size() != etags.size())
    return refuse(400, "MalformedXML", "The XML you provided was not well-formed");
  std::vector<fs::path> found;
  int before = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    int number = 0;
    std::from_chars(numbers[i].data(), numbers[i].data() + numbers[i].size(), number);
    if (number <= before)
      return refuse(400, "InvalidPartOrder", "The list of parts was not in ascending order.");
    before = number;
    const auto etag = unquoted(etags[i]);
    found.push_back(directory(id) / (std::to_string(number) + "-" + etag));
    struct stat status {};
    if (!is_hex(etag) || ::stat(found.back().c_str(), &status) != 0)
      return refuse(400, "InvalidPart", "One or more of the specified parts could not be found.");
    if (i + 1 < numbers.size() && static_cast<std::uint64_t>(status.st_size) < part_bytes_min)
      return refuse(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
  }
  return found;
}

OrRefusal<ObjectInfo> Multipart::complete(const std::string& id, const std::string& key,
                                          const std::string& xml, Existing existing) const {
  if (auto found = find(id); !found) return tl::unexpected(found.error());
  const auto all = parts(id, xml);
  if (!all) return tl::unexpected(all.error());
  ObjectInfo info;
  info.key = key;
  info.file = random_uuid();
  info.etag = "\"" + random_hex(16) + "-" + std::to_string(all->size()) + "\"";
  info.modified = std::chrono::system_clock::now();
  std::ifstream headers(directory(id) / "object");
  const auto json = nlohmann::json::parse(headers, nullptr, false);
  if (json.is_object()) info.headers = json.get<std::map<std::string, std::string>>();
  const auto whole = files_.incoming() / info.file;
  if (all->size() == 1) {
    if (::rename(all->front().c_str(), whole.c_str()) != 0) return broken("The parts could not be joined");
  } else {
    const Descriptor to(::open(whole.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    const bool joined =
        to && std::all_of(all->begin(), all->end(), [&](const auto& part) { return append(to.get(), part); });
    if (!joined) {
      auto refusal = broken("The parts could not be joined");
      ::unlink(whole.c_str());
      return refusal;
    }
  }
  auto put = files_.put(std::move(info), existing);
  std::error_code ignored;
  if (put) fs::remove_all(directory(id), ignored);
  return put;
}

OrRefusal<void> Multipart::abort(const std::string& id) const {
  if (auto found = find(id); !found) return found;
  std::error_code ignored;
  fs::remove_all(directory(id), ignored);
  return {};
}

}  // namespace lambdapool::local
