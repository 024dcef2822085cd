// /etc/ld.so.cache: a header, fixed-size entries, and a string table that they point into. Offsets count from
// the header's start. Nothing here is trusted to lie inside the file.
#include <cstdint>
#include <cstring>

#include "package/library_search.hpp"

namespace lambdapool::package {

namespace {

constexpr std::string_view magic = "glibc-ld.so.cache1.1";

struct Header {
  char magic[20];
  std::uint32_t entries;
  std::uint32_t string_bytes;
  std::uint8_t flags;
  std::uint8_t padding[3];
  std::uint32_t extensions;
  std::uint32_t unused[3];
};
static_assert(sizeof(Header) == 48);

struct Entry {
  std::int32_t flags;
  std::uint32_t name;
  std::uint32_t path;
  std::uint32_t os_version;
  std::uint64_t hardware;
};
static_assert(sizeof(Entry) == 24);

std::string text_at(std::string_view bytes, std::uint32_t at) {
  if (at >= bytes.size()) return "";
  const std::string_view rest = bytes.substr(at);
  return std::string(rest.substr(0, rest.find('\0')));
}

}  // namespace

std::multimap<std::string, std::string> parse_loader_cache(std::string_view bytes) {
  std::multimap<std::string, std::string> libraries;
  const std::size_t start = bytes.find(magic);  // older systems put a table in the old format before it
  if (start == std::string_view::npos || bytes.size() - start < sizeof(Header)) return libraries;
  bytes.remove_prefix(start);
  Header header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  for (std::size_t i = 0; i < header.entries; ++i) {
    const std::size_t at = sizeof header + i * sizeof(Entry);
    if (at + sizeof(Entry) > bytes.size()) break;
    Entry entry{};
    std::memcpy(&entry, bytes.data() + at, sizeof entry);
    if (entry.hardware == 0) libraries.emplace(text_at(bytes, entry.name), text_at(bytes, entry.path));
  }
  return libraries;
}

}  // namespace lambdapool::package
