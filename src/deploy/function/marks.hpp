// What tells a function that lambdapool made from others, and what state it was left in.
#pragma once

namespace lambdapool::deploy {

inline constexpr const char* version_tag = "lambdapool";
inline constexpr const char* version_variable = "LAMBDAPOOL_VERSION";
inline constexpr const char* codec_variable = "LAMBDAPOOL_CODEC";
// On a function that was asked not to stream (response_mode.hpp).
inline constexpr const char* mode_variable = "LAMBDAPOOL_RESPONSE_MODE";

// On a function that create has begun and not finished: another create replaces it, update finishes it.
inline constexpr const char* unfinished_tag = "lambdapool:unfinished";

// On a function whose code has packages of a requirements file: the runtime that they were installed for.
inline constexpr const char* requirements_tag = "lambdapool:requirements";

// On a function that runs as another role than create made, as long as that one is there: its ARN.
inline constexpr const char* left_role_tag = "lambdapool:left-role";

// On a role that create made: the one function that it is for. Regions share IAM, so its name can't say it.
inline constexpr const char* function_tag = "lambdapool:function";
inline constexpr const char* region_tag = "lambdapool:region";

}  // namespace lambdapool::deploy
