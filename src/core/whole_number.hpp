// A number that is written with digits alone, as protocols have them.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace lambdapool {

// nullopt where there is anything else, nothing, or more than 64 bits.
inline std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || status != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace lambdapool
