#include "package/zip64.hpp"

#include <cstdint>

#include "core/error.hpp"

namespace lambdapool::package {

namespace {

constexpr std::size_t end_bytes = 22;  // of the ordinary end record
constexpr std::size_t locator_bytes = 20;
constexpr std::uint32_t locator_signature = 0x07064b50;
constexpr std::size_t counts_at = 8;  // two numbers of entries, then the directory's size and offset
constexpr std::size_t unknown_entries = 0xFFFF;

void append(std::string& bytes, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFFU);
}

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

}  // namespace

// APPNOTE.TXT, sections 4.3.14 to 4.3.16.
void add_zip64_end(std::string& zip, std::size_t entries) {
  if (entries < unknown_entries) return;
  LAMBDAPOOL_CHECK(zip.size() >= end_bytes + locator_bytes);
  if (number_at(zip, zip.size() - end_bytes - locator_bytes) == locator_signature) return;  // it knows how to
  std::string end = zip.substr(zip.size() - end_bytes);
  zip.resize(zip.size() - end_bytes);
  const std::uint64_t record_at = zip.size();
  append(zip, 0x06064b50, 4);
  append(zip, 44, 8);  // what follows of the record
  append(zip, 3U << 8U | 45U, 2);
  append(zip, 45, 2);  // zip64 is of version 4.5
  append(zip, 0, 4);
  append(zip, 0, 4);
  append(zip, entries, 8);
  append(zip, entries, 8);
  append(zip, number_at(end, counts_at + 4), 8);
  append(zip, number_at(end, counts_at + 8), 8);
  append(zip, locator_signature, 4);
  append(zip, 0, 4);
  append(zip, record_at, 8);
  append(zip, 1, 4);
  for (std::size_t i = 0; i < 4; ++i) end[counts_at + i] = '\xFF';
  zip += end;
}

}  // namespace lambdapool::package
