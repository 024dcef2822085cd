#include "package/zip.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <utility>

#include "core/utf8.hpp"
#include "package/zip64.hpp"
#include "package/zip_directory.hpp"
#include "package/zip_memory.hpp"

namespace lambdapool::package {

namespace {

constexpr uLong dos_date_1980_01_01 = 0x0021'0000;
constexpr uLong made_by_unix = 3U << 8U | 20U;  // so that readers take the mode from the external attributes
constexpr uLong utf8_names = 1U << 11U;
constexpr int compression_level = 6;
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

constexpr std::size_t compressed_at_once = std::size_t{256} << 10;  // some ten milliseconds

tl::unexpected<Error> given_up() { return fail(ErrorKind::cancelled, "zipping was interrupted."); }

tl::unexpected<Error> cannot_add(const ZipEntry& entry) {
  return fail(ErrorKind::io, "Can't add " + entry.name + " to the zip.");
}

Result<void> add_entry(zipFile zip, const ZipEntry& entry, const std::string& bytes, const GiveUp& give_up) {
  const bool directory = entry.name.back() == '/';
  const uLong mode = directory ? 0040755 : entry.executable ? 0100755 : 0100644;
  zip_fileinfo info{};
  info.dosDate = dos_date_1980_01_01;
  info.external_fa = mode << 16U | (directory ? 0x10U : 0U);
  const bool stored = bytes.empty();
  if (zipOpenNewFileInZip4_64(zip, entry.name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr,
                              stored ? 0 : Z_DEFLATED, stored ? 0 : compression_level, 0, -MAX_WBITS,
                              DEF_MEM_LEVEL, Z_DEFAULT_STRATEGY, nullptr, 0, made_by_unix, utf8_names,
                              0) != ZIP_OK)
    return cannot_add(entry);
  for (std::size_t begin = 0; begin < bytes.size(); begin += compressed_at_once) {
    if (give_up && give_up()) return given_up();
    const auto count = static_cast<unsigned>(std::min(compressed_at_once, bytes.size() - begin));
    if (zipWriteInFileInZip(zip, bytes.data() + begin, count) != ZIP_OK) return cannot_add(entry);
  }
  if (zipCloseFileInZip(zip) != ZIP_OK) return cannot_add(entry);
  return {};
}

Result<void> add_content(zipFile zip, const ZipEntry& entry, const GiveUp& give_up) {
  std::string read;
  const std::string* bytes = std::get_if<std::string>(&entry.content);
  if (bytes == nullptr) {
    auto file = read_file(std::get<std::filesystem::path>(entry.content));
    if (!file) return tl::unexpected(std::move(file.error()));
    read = std::move(*file);
    bytes = &read;
  }
  if (bytes->size() > std::numeric_limits<std::int32_t>::max())
    return fail(ErrorKind::payload_too_large,
                entry.name + " is larger than 2 GB, far more than Lambda takes.");
  return add_entry(zip, entry, *bytes, give_up);
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
  for (const auto& entry : entries) {
    if (auto added = add_content(zip, entry, give_up); !added) {
      zipClose(zip, nullptr);
      return tl::unexpected(std::move(added.error()));
    }
  }
  if (zipClose(zip, nullptr) != ZIP_OK) return fail(ErrorKind::io, "Can't finish the zip: out of memory.");
  add_zip64_end(bytes, entries.size());
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
