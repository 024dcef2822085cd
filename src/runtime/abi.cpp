#include "lambdapool/detail/abi.hpp"

namespace lambdapool::detail {

inline namespace LAMBDAPOOL_COMPILED {
const char library_is_the_same = 0;
}

}  // namespace lambdapool::detail
