// Text of protocols and configuration files, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace lambdapool::ascii {

inline constexpr std::string_view blanks = " \t\r\n\v\f";

std::string lower(std::string_view text);
std::string_view trimmed(std::string_view text);  // without blanks at both ends
void replace_all(std::string& text, std::string_view from, std::string_view to);  // from: not empty

}  // namespace lambdapool::ascii
