// Pieces of one transfer side by side.
#pragma once

#include <cstddef>
#include <functional>

#include "core/error.hpp"

namespace lambdapool::objects {

// work(0) to work(count - 1), on at most `threads` threads of which this is one. After the first error
// nothing more is begun, and it is returned once what was begun has ended.
Result<void> in_parallel(std::size_t count, std::size_t threads,
                         const std::function<Result<void>(std::size_t)>& work);

}  // namespace lambdapool::objects
