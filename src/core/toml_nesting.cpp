#include "core/toml_nesting.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace lambdapool {
namespace {

// Behind the string that begins at `from`, or behind the line where it does not end on it.
std::size_t end_of_toml_string(std::string_view text, std::size_t from) {
  const char quote = text[from];
  const std::string three(3, quote);
  const bool is_long = text.substr(from, 3) == three;
  for (std::size_t at = from + (is_long ? 3 : 1); at < text.size(); ++at) {
    if (text[at] == '\\' && quote == '"') {
      ++at;
    } else if (!is_long && (text[at] == quote || text[at] == '\n')) {
      return text[at] == quote ? at + 1 : at;
    } else if (is_long && text.substr(at, 3) == three) {
      at += 3;
      for (int own = 0; own < 2 && at < text.size() && text[at] == quote; ++own) ++at;
      return at;
    }
  }
  return text.size();
}

// Of the place that a scan has come to: in how many brackets it is, and how many tables the keys before it
// have opened.
class TomlDepth {
 public:
  void open() { keys_.push_back(0); }
  void close() {
    end_key();
    if (keys_.size() > 1) keys_.pop_back();
  }
  void dot() {
    ++keys_.back();
    ++dots_;
  }
  void end_key() {
    dots_ -= keys_.back();
    keys_.back() = 0;
  }
  bool is_too_deep() const { return keys_.size() - 1 + dots_ > toml_nesting_max; }

 private:
  std::vector<std::size_t> keys_{
      0};                 // the dots of each bracket's present key (a number's count too, and do no harm)
  std::size_t dots_ = 0;  // their sum
};

}  // namespace

std::optional<std::size_t> line_nested_too_deep(std::string_view toml) {
  TomlDepth depth;
  std::size_t line = 1;
  for (std::size_t at = 0; at < toml.size(); ++at) {
    const char c = toml[at];
    if (c == '"' || c == '\'') {
      const auto end = end_of_toml_string(toml, at);
      line += static_cast<std::size_t>(std::count(toml.begin() + static_cast<std::ptrdiff_t>(at),
                                                  toml.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
      at = end - 1;
    } else if (c == '#') {
      at = std::min(toml.find('\n', at), toml.size()) - 1;
    } else if (c == '[' || c == '{') {
      depth.open();
    } else if (c == ']' || c == '}') {
      depth.close();
    } else if (c == '.') {
      depth.dot();
    } else if (c == ',' || c == '\n') {
      depth.end_key();
      line += c == '\n' ? 1 : 0;
    }
    if (depth.is_too_deep()) return line;
  }
  return std::nullopt;
}

}  // namespace lambdapool
