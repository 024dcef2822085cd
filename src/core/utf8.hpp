// UTF-8: what is counted in characters, and what comes from places that promise no encoding.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lambdapool::utf8 {

bool is_valid(std::string_view text);  // RFC 3629: no overlong forms, surrogates or values above U+10FFFF
std::size_t length(std::string_view text);   // characters
std::string escaped(std::string_view text);  // printable ASCII as it is, other bytes as \xNN

}  // namespace lambdapool::utf8
