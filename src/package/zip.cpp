#include "package/zip.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <fstream>
#include <future>
#include <limits>
#include <memory>
#include <utility>

#include "core/utf8.hpp"
#include "package/deflater.hpp"
#include "package/zip64.hpp"
#include "package/zip_directory.hpp"
#include "package/zip_memory.hpp"

namespace lambdapool::package {

namespace {

constexpr uLong dos_date_1980_01_01 = 0x0021'0000;
constexpr uLong made_by_unix = 3U << 8U | 20U;  // so that readers take the mode from the external attributes
constexpr uLong utf8_names = 1U << 11U;
constexpr std::size_t path_bytes_max = 4'096;  // PATH_MAX: a longer one could not be unpacked

Result<void> check_name(const std::string& name) {
  if (!utf8::is_valid(name))
    return fail(ErrorKind::invalid_argument, "The file name \"" + utf8::escaped(name.substr(0, 80)) +
                                                 "\" is not UTF-8; rename the file or leave it out.");
  if (name.empty() || name.front() == '/' || name.find('\0') != std::string::npos)
    return fail(ErrorKind::invalid_argument,
                "Can't put \"" + name + "\" into a zip: it is not a relative name.");
  if (name.size() > path_bytes_max)
    return fail(ErrorKind::invalid_argument, "Can't put \"" + name.substr(0, 80) +
                                                 "...\" into a zip: the path is longer than 4096 bytes.");
  for (const auto& part : std::filesystem::path(name))
    if (part == ".." || part == ".")
      return fail(ErrorKind::invalid_argument,
                  "Can't put \"" + name + "\" into a zip: it has a \".\" or \"..\" part.");
  return {};
}

Result<std::string> read_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  if (error || !in)
    return fail(ErrorKind::io, "Can't read " + path.string() + (error ? ": " + error.message() + "." : "."));
  std::string bytes(size, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  if (static_cast<std::uintmax_t>(in.gcount()) != size)
    return fail(ErrorKind::io, "Can't read " + path.string() + " whole: it changed meanwhile.");
  return bytes;
}

constexpr std::size_t pending_max = std::size_t{32} << 20;  // bytes of contents that are read ahead
constexpr std::size_t pending_entries_max = 1'000;
constexpr std::chrono::milliseconds ask_every{5};

tl::unexpected<Error> given_up() { return fail(ErrorKind::cancelled, "zipping was interrupted."); }

tl::unexpected<Error> cannot_add(const std::string& name) {
  return fail(ErrorKind::io, "Can't add " + name + " to the zip.");
}

Result<std::shared_ptr<const std::string>> content_of(ZipEntry& entry) {
  auto* bytes = std::get_if<std::string>(&entry.content);
  auto content = bytes ? Result<std::string>(std::move(*bytes))
                       : read_file(std::get<std::filesystem::path>(entry.content));
  if (!content) return tl::unexpected(std::move(content.error()));
  if (content->size() > std::numeric_limits<std::int32_t>::max())
    return fail(ErrorKind::payload_too_large,
                entry.name + " is larger than 2 GB, far more than Lambda takes.");
  return std::make_shared<const std::string>(std::move(*content));
}

// Entries go through: read, compressed elsewhere, written in their order.
class Writer {
 public:
  Writer(zipFile zip, const GiveUp& give_up) : zip_(zip), give_up_(give_up) {}

  Result<void> add(ZipEntry entry) {
    auto content = content_of(entry);
    if (!content) return tl::unexpected(std::move(content.error()));
    const std::size_t size = (*content)->size();
    pending_bytes_ += size;
    pending_.push_back({std::move(entry.name), entry.executable, size, {}});
    if (size > 0) pending_.back().blocks = deflater_.deflate(*content);
    while (pending_bytes_ > pending_max || pending_.size() > pending_entries_max)
      if (auto written = write_oldest(); !written) return written;
    return {};
  }

  Result<void> finish() {
    while (!pending_.empty())
      if (auto written = write_oldest(); !written) return written;
    return {};
  }

 private:
  struct Pending {
    std::string name;
    bool executable = false;
    std::size_t size = 0;
    std::vector<std::future<DeflatedBlock>> blocks;  // none: it is empty
  };

  Result<void> write_oldest() {
    Pending entry = std::move(pending_.front());
    pending_.pop_front();
    pending_bytes_ -= entry.size;
    if (give_up_ && give_up_()) return given_up();
    if (!open(entry)) return cannot_add(entry.name);
    uLong crc = 0;
    for (auto& future : entry.blocks) {
      while (future.wait_for(ask_every) != std::future_status::ready)
        if (give_up_ && give_up_()) return given_up();
      const DeflatedBlock block = future.get();
      crc = crc32_combine(crc, block.crc, static_cast<z_off_t>(block.size));
      if (zipWriteInFileInZip(zip_, block.bytes.data(), static_cast<unsigned>(block.bytes.size())) != ZIP_OK)
        return cannot_add(entry.name);
    }
    if (zipCloseFileInZipRaw64(zip_, entry.size, crc) != ZIP_OK) return cannot_add(entry.name);
    return {};
  }

  bool open(const Pending& entry) {
    const bool directory = entry.name.back() == '/';
    const uLong mode = directory ? 0040755 : entry.executable ? 0100755 : 0100644;
    zip_fileinfo info{};
    info.dosDate = dos_date_1980_01_01;
    info.external_fa = mode << 16U | (directory ? 0x10U : 0U);
    constexpr int raw = 1;  // it is compressed already
    return zipOpenNewFileInZip4_64(zip_, entry.name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr,
                                   entry.blocks.empty() ? 0 : Z_DEFLATED, Z_DEFAULT_COMPRESSION, raw,
                                   -MAX_WBITS, DEF_MEM_LEVEL, Z_DEFAULT_STRATEGY, nullptr, 0, made_by_unix,
                                   utf8_names, 0) == ZIP_OK;
  }

  zipFile zip_;
  const GiveUp& give_up_;
  Deflater deflater_;
  std::deque<Pending> pending_;
  std::size_t pending_bytes_ = 0;
};

Result<void> write_entries(zipFile zip, std::vector<ZipEntry> entries, const GiveUp& give_up) {
  Writer writer(zip, give_up);
  for (auto& entry : entries)
    if (auto added = writer.add(std::move(entry)); !added) return added;
  return writer.finish();
}

}  // namespace

Result<std::string> write_zip(std::vector<ZipEntry> entries, const GiveUp& give_up) {
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  if (entries.size() > zip_entries_max)
    return fail(ErrorKind::payload_too_large,
                "The package has " + std::to_string(entries.size()) + " files; more than " +
                    std::to_string(zip_entries_max) +
                    " are too many to unpack when a function starts: pack them into fewer.");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (auto named = check_name(entries[i].name); !named) return tl::unexpected(std::move(named.error()));
    if (i > 0 && entries[i].name == entries[i - 1].name)
      return fail(ErrorKind::invalid_argument,
                  "Two different files want to be " + entries[i].name + " in the zip.");
  }
  std::string bytes;
  MemoryFile file{.output = &bytes};
  zlib_filefunc64_def functions = memory_functions(file);
  zipFile zip = zipOpen2_64("", APPEND_STATUS_CREATE, nullptr, &functions);
  if (zip == nullptr) return fail(ErrorKind::io, "Can't start a zip: out of memory.");
  const std::size_t count = entries.size();
  if (auto written = write_entries(zip, std::move(entries), give_up); !written) {
    zipClose(zip, nullptr);
    return tl::unexpected(std::move(written.error()));
  }
  if (zipClose(zip, nullptr) != ZIP_OK) return fail(ErrorKind::io, "Can't finish the zip: out of memory.");
  add_zip64_end(bytes, count);
  return bytes;
}

Result<std::vector<ZipFile>> list_zip(std::string_view zip) {
  std::vector<ZipFile> files;
  auto visited = visit_entries(zip, zip_entries_max, [&](const DirectoryEntry& entry) -> Result<void> {
    files.push_back({std::string(entry.name), static_cast<std::int64_t>(entry.info.uncompressed_size)});
    return {};
  });
  if (!visited) return tl::unexpected(std::move(visited.error()));
  return files;
}

Result<std::int64_t> unzipped_size(std::string_view zip) {
  std::int64_t total = 0;
  auto visited = visit_entries(zip, zip_entries_max, [&](const DirectoryEntry& entry) -> Result<void> {
    if (__builtin_add_overflow(total, entry.info.uncompressed_size, &total) || total < 0)
      return fail(ErrorKind::payload_too_large, "The zip claims to be larger than there are numbers for.");
    return {};
  });
  if (!visited) return tl::unexpected(std::move(visited.error()));
  return total;
}

}  // namespace lambdapool::package
