// The processors that a function can run on, as AWS names them.
#pragma once

#include <optional>
#include <string_view>

namespace lambdapool {

enum class Architecture : unsigned char { x86_64, arm64 };

constexpr std::string_view to_string(Architecture architecture) {
  return architecture == Architecture::arm64 ? "arm64" : "x86_64";
}

constexpr std::optional<Architecture> architecture_named(std::string_view name) {
  if (name == to_string(Architecture::x86_64)) return Architecture::x86_64;
  if (name == to_string(Architecture::arm64)) return Architecture::arm64;
  return std::nullopt;
}

constexpr Architecture own_architecture() {
#ifdef __aarch64__
  return Architecture::arm64;
#else
  return Architecture::x86_64;
#endif
}

}  // namespace lambdapool
