// What tells a function that lambdapool made from others, and what state it was left in.
#pragma once

namespace lambdapool::cli {

inline constexpr const char* version_tag = "lambdapool";
inline constexpr const char* version_variable = "LAMBDAPOOL_VERSION";
inline constexpr const char* codec_variable = "LAMBDAPOOL_CODEC";

// On a function that create has begun and not finished; update finishes it and takes the tag off.
inline constexpr const char* unfinished_tag = "lambdapool:unfinished";

}  // namespace lambdapool::cli
