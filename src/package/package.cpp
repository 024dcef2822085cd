#include "package/package.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "core/encoding.hpp"

namespace lambdapool::package {

namespace {

constexpr std::size_t biggest_count = 5;

std::string megabytes(std::int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / (1024.0 * 1024.0));
  return text;
}

std::string name_biggest(const Package& package) {
  std::string text;
  for (const auto& file : package.biggest) {
    // Beside a large file the small ones are no help.
    if (file.unzipped_bytes * 100 < package.biggest.front().unzipped_bytes) break;
    text += (text.empty() ? "" : ", ") + file.name + " (" + megabytes(file.unzipped_bytes) + ")";
  }
  return text;
}

}  // namespace

Result<Package> make_package(std::vector<ZipEntry> entries, const GiveUp& give_up) {
  auto zip = write_zip(std::move(entries), give_up);
  if (!zip) return tl::unexpected(std::move(zip.error()));
  auto files = list_zip(*zip);
  if (!files) return tl::unexpected(std::move(files.error()));
  Package package;
  package.zip = std::move(*zip);
  package.sha256_base64 = sha256_base64(package.zip);
  for (const auto& file : *files) package.unzipped_bytes += file.unzipped_bytes;
  std::stable_sort(files->begin(), files->end(),
                   [](const auto& a, const auto& b) { return a.unzipped_bytes > b.unzipped_bytes; });
  files->resize(std::min(files->size(), biggest_count));
  package.biggest = std::move(*files);
  return package;
}

Result<void> check_sizes(const Package& package, std::int64_t zip_bytes_max) {
  // Lambda says "must be smaller than": the limit itself is already refused.
  if (package.unzipped_bytes >= limits::unzipped_bytes_max)
    return fail(ErrorKind::payload_too_large, "The package is " + megabytes(package.unzipped_bytes) +
                                                  " unzipped, and Lambda takes less than " +
                                                  megabytes(limits::unzipped_bytes_max) +
                                                  "; its biggest files are " + name_biggest(package) + ".");
  const auto zip_bytes = static_cast<std::int64_t>(package.zip.size());
  if (zip_bytes >= zip_bytes_max)
    return fail(ErrorKind::payload_too_large,
                "The package is " + megabytes(zip_bytes) + " zipped, and Lambda takes less than " +
                    megabytes(zip_bytes_max) + " this way; its biggest files are " + name_biggest(package) +
                    ".");
  return {};
}

}  // namespace lambdapool::package
