// Unpacking what a stranger uploaded. Three rules keep every write inside the directory:
//
//   - names are checked as text: relative, no "..", no NUL, no backslash tricks;
//   - all files are written before the first link exists, so no path can pass through a link of the zip;
//   - when the links are there, each is resolved by the file system, all others in place, and one that
//     leads out of the directory condemns the whole archive. (Reading targets as text isn't enough:
//     "a/up -> .." and "b -> a/up/.." are harmless each by themselves.)
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "package/zip.hpp"
#include "package/zip_directory.hpp"

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t link_bytes_max = 4'096;
constexpr std::ptrdiff_t depth_max =
    200;  // each level costs its makers and its removers a look-up of all above

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

tl::unexpected<Error> broken(const std::string& why) {
  return fail(ErrorKind::invalid_argument, "The zip can't be unpacked: " + why + ".");
}

tl::unexpected<Error> disk_failure(const fs::path& path, const std::error_code& error) {
  return fail(ErrorKind::io, "Can't write " + path.string() + ": " + system_reason(error.value()) + ".");
}

std::error_code last_error() { return {errno, std::generic_category()}; }

bool stays_inside(std::string_view name) {
  if (name.empty() || name.front() == '/') return false;
  const fs::path path(name);
  return std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

class Unpacking {
 public:
  Unpacking(std::string_view zip, fs::path dir, const UnzipLimits& limits)
      : dir_(std::move(dir)), zip_(zip), limits_(limits) {}

  Result<void> run() {
    auto visited = visit_entries(zip_, limits_.entries, [this](const DirectoryEntry& entry) {
      archive_ = entry.archive;
      return unpack(std::string(entry.name), entry.info);
    });
    if (!visited) return visited;
    return make_links();
  }

 private:
  Result<void> unpack(const std::string& name, const unz_file_info64& info) {
    if (name.find('\0') != std::string::npos) return broken("a name has a zero byte in it");
    if (!stays_inside(name)) return broken("the name \"" + name + "\" leads out of the package");
    if (std::count(name.begin(), name.end(), '/') > depth_max) return broken("it is too deep to be meant");
    if ((info.flag & 1U) != 0) return broken(name + " is encrypted");
    if (auto counted = count_one(); !counted) return counted;
    const bool unix_mode = (info.version >> 8U) == 3;
    const auto mode = static_cast<mode_t>(unix_mode ? info.external_fa >> 16U : 0);
    if (S_ISLNK(mode)) return note_link(name);
    if (name.back() == '/' || S_ISDIR(mode)) return make_directory(dir_ / name, name);
    if ((mode & S_IFMT) != 0 && !S_ISREG(mode)) return broken(name + " is a device or a pipe");
    return write_file(name, (mode & 0111) != 0 ? 0700 : 0600);
  }

  Result<void> count_one() {
    if (++made_ <= limits_.entries) return {};
    return fail(ErrorKind::payload_too_large,
                "The zip makes more than " + std::to_string(limits_.entries) + " files and directories.");
  }

  // Part by part, because one name of 4 KB can stand for two thousand directories, and each is counted.
  Result<void> make_directory(const fs::path& path, const std::string& name) {
    if (path == last_directory_) return {};
    fs::path made = dir_;
    for (const fs::path& part : path.lexically_relative(dir_)) {
      made /= part;
      if (part.empty() || part == ".") continue;
      std::error_code error;
      const bool is_new = ::mkdir(made.c_str(), 0700) == 0;
      if (!is_new) error = last_error();
      if (error == std::errc::file_exists && fs::is_directory(fs::symlink_status(made))) continue;
      if (error == std::errc::not_a_directory || error == std::errc::file_exists)
        return broken(name + " is both a file and a directory");
      if (error == std::errc::filename_too_long) return broken("a name is too long");
      if (error) return disk_failure(made, error);
      if (is_new)
        if (auto counted = count_one(); !counted) return counted;
    }
    last_directory_ = path;
    return {};
  }

  Result<void> write_file(const std::string& name, mode_t mode) {
    const fs::path path = dir_ / name;
    if (auto made = make_directory(path.parent_path(), name); !made) return made;
    const Descriptor out(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode));
    if (out.get() < 0 && errno == EISDIR) return broken(name + " is both a file and a directory");
    if (out.get() < 0 && errno == ENAMETOOLONG) return broken("a name is too long");
    if (out.get() < 0 || fchmod(out.get(), mode) != 0) return disk_failure(path, last_error());
    return inflate_current(name, [&](std::string_view bytes) -> Result<void> {
      while (!bytes.empty()) {
        const ssize_t written = write(out.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return disk_failure(path, last_error());
        bytes.remove_prefix(static_cast<std::size_t>(written));
      }
      return {};
    });
  }

  Result<void> note_link(const std::string& name) {
    std::string link_target;
    auto read = inflate_current(name, [&](std::string_view bytes) -> Result<void> {
      link_target.append(bytes);
      if (link_target.size() > link_bytes_max) return broken("the link " + name + " is too long");
      return {};
    });
    if (!read) return read;
    if (link_target.empty() || link_target.front() == '/' || link_target.find('\0') != std::string::npos)
      return broken("the link " + name + " leads out of the package");
    links_.emplace_back(name, std::move(link_target));
    return {};
  }

  template <class Sink>
  Result<void> inflate_current(const std::string& name, Sink&& sink) {
    if (unzOpenCurrentFile(archive_) != UNZ_OK)
      return broken(name + " is damaged, or packed by a method other than deflate");
    for (;;) {
      const int count = unzReadCurrentFile(archive_, buffer_->data(), static_cast<unsigned>(buffer_->size()));
      if (count < 0) return broken(name + " is damaged");
      if (count == 0) break;
      unzipped_ += count;
      if (unzipped_ > limits_.unzipped_bytes)
        return fail(ErrorKind::payload_too_large,
                    "Unpacked, the zip is larger than " + std::to_string(limits_.unzipped_bytes) + " bytes.");
      if (auto sunk = sink(std::string_view(buffer_->data(), static_cast<std::size_t>(count))); !sunk)
        return sunk;
    }
    if (unzCloseCurrentFile(archive_) != UNZ_OK) return broken(name + " has a wrong checksum");
    return {};
  }

  Result<void> make_links() {
    // Directories first: while one is created, a link could already stand in its way.
    for (const auto& [name, link_target] : links_)
      if (auto made = make_directory((dir_ / name).parent_path(), name); !made) return made;
    std::error_code error;
    for (const auto& [name, link_target] : links_) {
      fs::create_symlink(link_target, dir_ / name, error);
      if (error == std::errc::file_exists) return broken("two entries are named " + name);
      if (error) return disk_failure(dir_ / name, error);
    }
    const fs::path root = fs::canonical(dir_, error);
    if (error) return disk_failure(dir_, error);
    for (const auto& [name, link_target] : links_) {
      const fs::path resolved = fs::weakly_canonical((dir_ / name).parent_path() / link_target, error);
      const auto [end, ignored] = std::mismatch(root.begin(), root.end(), resolved.begin(), resolved.end());
      if (error || end != root.end()) return broken("the link " + name + " leads out of the package");
    }
    return {};
  }

  fs::path dir_;
  std::string_view zip_;
  UnzipLimits limits_;
  unzFile archive_ = nullptr;  // of the visit
  std::size_t made_ = 0;
  fs::path last_directory_;  // names come in groups of one directory
  std::int64_t unzipped_ = 0;
  std::vector<std::pair<std::string, std::string>> links_;  // name and target, made when all files are there
  std::unique_ptr<std::array<char, 65'536>> buffer_ = std::make_unique<std::array<char, 65'536>>();
};

void empty(const fs::path& dir) {
  std::error_code error;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    fs::remove_all(it->path(), ignored);
  }
}

}  // namespace

Result<void> unzip_to(std::string_view zip, const fs::path& dir, const UnzipLimits& limits) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return disk_failure(dir, error);
  const bool was_empty = fs::is_empty(dir, error);
  if (error) return disk_failure(dir, error);
  if (!was_empty) return fail(ErrorKind::io, "Can't unpack into " + dir.string() + ": it is not empty.");
  auto done = Unpacking(zip, dir, limits).run();
  if (!done) empty(dir);
  return done;
}

}  // namespace lambdapool::package
