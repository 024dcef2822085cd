#include "package/package.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
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

std::int64_t bytes_of(const ZipEntry& entry) {
  if (const auto* bytes = std::get_if<std::string>(&entry.content))
    return static_cast<std::int64_t>(bytes->size());
  std::error_code unreadable;  // which zipping tells
  const auto size = std::filesystem::file_size(std::get<std::filesystem::path>(entry.content), unreadable);
  return unreadable ? 0 : static_cast<std::int64_t>(size);
}

// The sum, and the largest files. Saturates: sparse files may claim anything.
void measure(const std::vector<ZipEntry>& entries, Package& package) {
  constexpr std::int64_t enough = std::int64_t{1} << 60;
  std::vector<std::pair<std::int64_t, const ZipEntry*>> sizes;
  sizes.reserve(entries.size());
  for (const ZipEntry& entry : entries) {
    sizes.emplace_back(bytes_of(entry), &entry);
    package.unzipped_bytes = std::min(enough, package.unzipped_bytes + std::min(enough, sizes.back().first));
  }
  const auto count = std::min(sizes.size(), biggest_count);
  std::partial_sort(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(count), sizes.end(),
                    [](const auto& a, const auto& b) {
                      return a.first != b.first ? a.first > b.first : a.second->name < b.second->name;
                    });
  for (std::size_t i = 0; i < count; ++i) package.biggest.push_back({sizes[i].second->name, sizes[i].first});
}

Result<void> check_unzipped(const Package& package) {
  // Lambda says "must be smaller than": the limit itself is already refused.
  if (package.unzipped_bytes < limits::unzipped_bytes_max) return {};
  return fail(ErrorKind::payload_too_large, "The package is " + megabytes(package.unzipped_bytes) +
                                                " unzipped, and Lambda takes less than " +
                                                megabytes(limits::unzipped_bytes_max) +
                                                "; its biggest files are " + name_biggest(package) + ".");
}

}  // namespace

Result<Package> make_package(std::vector<ZipEntry> entries, const GiveUp& give_up) {
  Package package;
  measure(entries, package);
  if (auto fits = check_unzipped(package); !fits) return tl::unexpected(std::move(fits.error()));
  auto zip = write_zip(std::move(entries), give_up);
  if (!zip) return tl::unexpected(std::move(zip.error()));
  package.zip = std::move(*zip);
  package.sha256_base64 = sha256_base64(package.zip);
  return package;
}

Result<void> check_sizes(const Package& package, std::int64_t zip_bytes_max) {
  if (auto fits = check_unzipped(package); !fits) return fits;
  const auto zip_bytes = static_cast<std::int64_t>(package.zip.size());
  if (zip_bytes >= zip_bytes_max)
    return fail(ErrorKind::payload_too_large,
                "The package is " + megabytes(zip_bytes) + " zipped, and Lambda takes less than " +
                    megabytes(zip_bytes_max) + " this way; its biggest files are " + name_biggest(package) +
                    ".");
  return {};
}

}  // namespace lambdapool::package
