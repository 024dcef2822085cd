#pragma once

#include <cstddef>
#include <toml.hpp>

// toml11 tells lines in one way up to version 3 (Debian 12), in another since (Debian 13, vcpkg).
namespace lambdapool::cli {

#if TOML11_VERSION_MAJOR < 4

using TomlMistake = toml::exception;

inline std::size_t line_of(const toml::value& value) { return value.location().line(); }
inline std::size_t line_of(const TomlMistake& mistake) { return mistake.location().line(); }

#else

using TomlMistake = toml::syntax_error;

inline std::size_t line_of(const toml::value& value) { return value.location().first_line_number(); }

inline std::size_t line_of(const TomlMistake& mistake) {
  for (const auto& error : mistake.errors())
    for (const auto& [location, message] : error.locations()) return location.first_line_number();
  return 1;
}

#endif

}  // namespace lambdapool::cli
