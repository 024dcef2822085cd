// How wide a line of the output may be.
#pragma once

#include <cstddef>
#include <optional>

#include "core/environment.hpp"

namespace lambdapool::cli {

// The terminal's width, or $COLUMNS where it does not tell; nullopt for files and pipes, whose form depends
// on nothing.
std::optional<std::size_t> output_width(const Environment& environment);

}  // namespace lambdapool::cli
