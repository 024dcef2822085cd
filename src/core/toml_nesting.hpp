// How deep a TOML text is nested, before a parser that calls itself for each level is given it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace lambdapool {

inline constexpr std::size_t toml_nesting_max = 100;

// The line on which arrays, inline tables and dotted keys lie more than toml_nesting_max deep in each other;
// nullopt where none does. The text need not be TOML.
std::optional<std::size_t> line_nested_too_deep(std::string_view toml);

}  // namespace lambdapool
