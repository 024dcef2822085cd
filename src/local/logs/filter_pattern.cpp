#include "local/logs/filter_pattern.hpp"

#include <algorithm>

namespace lambdapool::local {
namespace {

constexpr std::string_view spaces = " \t\r\n";

bool has(std::string_view line, const std::string& term) { return line.find(term) != std::string_view::npos; }

}  // namespace

OrRefusal<FilterPattern> FilterPattern::parse(std::string_view text) {
  const auto first = text.find_first_not_of(spaces);
  text.remove_prefix(std::min(first, text.size()));
  if (!text.empty() && (text.front() == '{' || text.front() == '[' || text.front() == '%')) {
    return refuse(400, "InvalidParameterException",
                  "The local Lambda finds terms (\"ERROR\", \"?ERROR ?WARN\", \"-retry\") and no patterns of "
                  "JSON, columns or regular expressions.");
  }
  FilterPattern pattern;
  while (!text.empty()) {
    auto& terms = text.front() == '?' ? pattern.any_ : text.front() == '-' ? pattern.none_ : pattern.all_;
    if (text.front() == '?' || text.front() == '-') text.remove_prefix(1);
    std::string term;
    if (text.starts_with('"')) {
      std::size_t at = 1;
      for (; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        term += text[at];
      }
      if (at >= text.size()) return refuse(400, "InvalidParameterException", "Invalid filter pattern");
      text.remove_prefix(at + 1);
    } else {
      const auto end = std::min(text.find_first_of(spaces), text.size());
      term = text.substr(0, end);
      text.remove_prefix(end);
    }
    if (term.empty()) return refuse(400, "InvalidParameterException", "Invalid filter pattern");
    terms.push_back(std::move(term));
    text.remove_prefix(std::min(text.find_first_not_of(spaces), text.size()));
  }
  return pattern;
}

bool FilterPattern::matches(std::string_view line) const {
  const auto is_there = [line](const std::string& term) { return has(line, term); };
  return std::all_of(all_.begin(), all_.end(), is_there) &&
         (any_.empty() || std::any_of(any_.begin(), any_.end(), is_there)) &&
         std::none_of(none_.begin(), none_.end(), is_there);
}

}  // namespace lambdapool::local
