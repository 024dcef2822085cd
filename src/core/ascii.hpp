// Text of protocols and configuration files, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace lambdapool::ascii {

inline constexpr std::string_view blanks = " \t\r\n\v\f";

std::string lower(std::string_view text);
std::string_view trimmed(std::string_view text);  // without blanks at both ends

}  // namespace lambdapool::ascii
