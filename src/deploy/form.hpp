// Whether what somebody typed has the form that AWS gives a name, an id or an ARN.
#pragma once

#include <regex>
#include <string>

namespace lambdapool::deploy {

// std::regex_match goes one call deeper with every character, down to a crash; nothing of AWS's is so long.
inline constexpr std::size_t form_length_max = 2'048;

inline bool has_form(const std::string& text, const std::regex& form) {
  return text.size() <= form_length_max && std::regex_match(text, form);
}

inline bool has_form(const std::string& text, std::smatch& parts, const std::regex& form) {
  return text.size() <= form_length_max && std::regex_match(text, parts, form);
}

}  // namespace lambdapool::deploy
