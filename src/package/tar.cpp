#include "package/tar.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "core/compression.hpp"
#include "core/write_all.hpp"

namespace lambdapool::package {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block = 512;
constexpr std::size_t name_bytes = 100;

// POSIX's ustar header.
struct Header {
  char name[name_bytes];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link[100];
  char magic[6];
  char version[2];
  char user[32];
  char group[32];
  char major[8];
  char minor[8];
  char prefix[155];
  char padding[12];
};
static_assert(sizeof(Header) == block);

tl::unexpected<Error> broken_archive(const std::string& why) {
  return fail(ErrorKind::invalid_argument, "The archive can't be unpacked: " + why + ".");
}

template <std::size_t size>
void put_octal(char (&field)[size], std::uint64_t value) {
  for (std::size_t at = size - 1; at-- > 0; value >>= 3U) field[at] = static_cast<char>('0' + (value & 7U));
}

unsigned checksum_of(Header header) {
  std::fill(std::begin(header.checksum), std::end(header.checksum), ' ');
  const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
  unsigned sum = 0;
  for (std::size_t i = 0; i < sizeof header; ++i) sum += bytes[i];
  return sum;
}

void append_entry(std::string& tar, const std::string& name, char type, unsigned mode,
                  std::string_view content) {
  Header header{};
  std::memcpy(header.name, name.data(), std::min(name.size(), name_bytes));
  put_octal(header.mode, mode);
  put_octal(header.uid, 0);
  put_octal(header.gid, 0);
  put_octal(header.size, content.size());
  put_octal(header.mtime, 0);
  header.type = type;
  std::memcpy(header.magic, "ustar", 6);
  std::memcpy(header.version, "00", 2);
  put_octal(header.checksum, checksum_of(header));
  tar.append(reinterpret_cast<const char*>(&header), sizeof header);
  tar.append(content);
  tar.append((block - content.size() % block) % block, '\0');
}

// "<length> path=<name>\n", where the length counts its own digits.
std::string pax_path(const std::string& name) {
  const std::string rest = " path=" + name + "\n";
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  return std::to_string(length) + rest;
}

std::string_view text_of(const char* field, std::size_t size) { return {field, ::strnlen(field, size)}; }

std::optional<std::uint64_t> octal(std::string_view text) {
  std::uint64_t value = 0;
  const auto first = text.find_first_not_of(' ');
  for (const char digit : text.substr(std::min(first, text.size()))) {
    if (digit == ' ') break;
    if (digit < '0' || digit > '7') return std::nullopt;
    value = value << 3U | static_cast<std::uint64_t>(digit - '0');
  }
  return value;
}

// The path of a pax header, where it has one.
std::optional<std::string> path_in(std::string_view records) {
  std::optional<std::string> path;
  while (!records.empty()) {
    const std::size_t blank = records.find(' ');
    const auto length = blank == std::string_view::npos
                            ? 0
                            : std::strtoull(std::string(records.substr(0, blank)).c_str(), nullptr, 10);
    if (length <= blank + 1 || length > records.size()) return path;
    const auto record = records.substr(blank + 1, length - blank - 2);
    if (record.starts_with("path=")) path = record.substr(5);
    records.remove_prefix(length);
  }
  return path;
}

bool leads_out(const std::string& name) {
  if (name.empty() || name.front() == '/' || name.find('\0') != std::string::npos) return true;
  const fs::path path(name);
  return std::any_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

class Untarring {
 public:
  Untarring(std::string_view tar, const fs::path& dir, const UnzipLimits& limits)
      : tar_(tar), dir_(dir), limits_(limits) {}

  Result<void> run() {
    if (auto made = make_directory(dir_); !made) return made;
    while (tar_.size() >= block && tar_.find_first_not_of('\0') != std::string_view::npos)
      if (auto taken = take(); !taken) return taken;
    return {};
  }

 private:
  Result<void> take() {
    Header header;
    std::memcpy(&header, tar_.data(), block);
    const auto size = octal(text_of(header.size, sizeof header.size));
    const auto sum = octal(text_of(header.checksum, sizeof header.checksum));
    if (!size || !sum || *sum != checksum_of(header)) return broken_archive("it is no tar archive");
    tar_.remove_prefix(block);
    const std::size_t padded = (*size + block - 1) / block * block;
    if (*size > tar_.size() || padded > tar_.size()) return broken_archive("its end is missing");
    const auto content = tar_.substr(0, *size);
    tar_.remove_prefix(padded);
    return take(header, content);
  }

  Result<void> take(const Header& header, std::string_view content) {
    if (header.type == 'x') long_name_ = path_in(content);
    if (header.type == 'L') long_name_ = std::string(content.substr(0, content.find('\0')));
    if (header.type == 'x' || header.type == 'L' || header.type == 'g') return {};
    const std::string prefix(text_of(header.prefix, sizeof header.prefix));
    std::string name(text_of(header.name, sizeof header.name));
    if (!prefix.empty()) name = prefix + "/" + name;
    if (auto longer = std::exchange(long_name_, std::nullopt)) name = std::move(*longer);
    if (leads_out(name)) return broken_archive("the name \"" + name + "\" leads out of the package");
    if (++entries_ > limits_.entries)
      return fail(ErrorKind::payload_too_large,
                  "The archive has more than " + std::to_string(limits_.entries) + " files.");
    const auto mode = octal(text_of(header.mode, sizeof header.mode)).value_or(0);
    if (header.type == '5') return make_directory(dir_ / name);
    if (header.type != '0' && header.type != '\0')
      return broken_archive(name + " is neither a file nor a directory");
    return write_file(dir_ / name, content, (mode & 0100U) != 0);
  }

  static tl::unexpected<Error> not_written(const fs::path& path, int error) {
    return fail(ErrorKind::io, "Can't write " + path.string() + ": " + system_reason(error) + ".");
  }

  static Result<void> make_directory(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) == 0 || (errno == EEXIST && fs::is_directory(path))) return {};
    if (errno != ENOENT || !path.has_relative_path()) return not_written(path, errno);
    if (auto made = make_directory(path.parent_path()); !made) return made;
    return ::mkdir(path.c_str(), 0700) == 0 ? Result<void>() : not_written(path, errno);
  }

  static Result<void> write_file(const fs::path& path, std::string_view content, bool executable) {
    if (auto made = make_directory(path.parent_path()); !made) return made;
    ::unlink(path.c_str());  // of two of one name the later counts
    if (const int error = write_new_file(path.string(), content, executable ? 0700 : 0600); error != 0)
      return not_written(path, error);
    return {};
  }

  std::string_view tar_;
  const fs::path& dir_;
  const UnzipLimits& limits_;
  std::optional<std::string> long_name_ = {};
  std::size_t entries_ = 0;
};

}  // namespace

Result<std::string> write_tar_gz(const fs::path& dir) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(dir, error), end; !error && entry != end;
       entry.increment(error))
    if (!entry->is_directory()) names.push_back(entry->path().lexically_relative(dir).generic_string());
  if (error) return fail(ErrorKind::io, "Can't read " + dir.string() + ": " + error.message() + ".");
  std::ranges::sort(names);
  std::string tar;
  for (const auto& name : names) {
    const fs::path path = dir / name;
    std::ifstream file(path, std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(file), {});
    const auto mode = fs::status(path, error).permissions();
    if (!file || error)
      return fail(ErrorKind::invalid_argument, path.string() + " cannot be read as a file.");
    if (name.size() > name_bytes) append_entry(tar, "pax", 'x', 0644, pax_path(name));
    append_entry(tar, name, '0', (mode & fs::perms::owner_exec) != fs::perms::none ? 0755 : 0644, content);
  }
  tar.append(2 * block, '\0');
  return gzip(tar);
}

Result<std::string> tar_gz_of_zip(std::string_view zip, const fs::path& dir) {
  if (auto unpacked = unzip_to(zip, dir); !unpacked) return tl::unexpected(unpacked.error());
  return write_tar_gz(dir);
}

Result<void> untar_gz_to(std::string_view archive, const fs::path& dir, const UnzipLimits& limits) {
  const auto bytes_max = static_cast<std::size_t>(limits.unzipped_bytes);
  const auto tar = gunzip(archive, bytes_max + limits.entries * 3 * block);
  if (!tar && tar.error() == InflateFailure::too_large)
    return fail(ErrorKind::payload_too_large,
                "The archive has more than " + std::to_string(bytes_max) + " bytes when it is unpacked.");
  if (!tar) return broken_archive("it is not compressed with gzip");
  auto unpacked = Untarring(*tar, dir, limits).run();
  std::error_code ignored;
  if (!unpacked) fs::remove_all(dir, ignored);
  return unpacked;
}

}  // namespace lambdapool::package
