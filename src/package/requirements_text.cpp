#include "package/requirements_text.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <regex>
#include <sstream>
#include <utility>

#include "core/utf8.hpp"

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

void append_utf8(std::string& text, std::uint32_t value) {
  const auto byte = [&](std::uint32_t bits) { text += static_cast<char>(bits); };
  if (value < 0x80) return byte(value);
  if (value < 0x800) {
    byte(0xC0U | value >> 6U);
  } else if (value < 0x10000) {
    byte(0xE0U | value >> 12U);
    byte(0x80U | (value >> 6U & 0x3FU));
  } else {
    byte(0xF0U | value >> 18U);
    byte(0x80U | (value >> 12U & 0x3FU));
    byte(0x80U | (value >> 6U & 0x3FU));
  }
  byte(0x80U | (value & 0x3FU));
}

std::string from_utf16(const std::string& bytes, bool big_endian) {
  const auto unit = [&](std::size_t at) -> std::uint32_t {
    const auto first = static_cast<unsigned char>(bytes[at]),
               second = static_cast<unsigned char>(bytes[at + 1]);
    return big_endian ? first << 8U | second : second << 8U | first;
  };
  std::string text;
  for (std::size_t at = 2; at + 1 < bytes.size(); at += 2) {
    std::uint32_t value = unit(at);
    if (value >= 0xD800 && value < 0xDC00 && at + 3 < bytes.size()) {
      value = 0x10000 + ((value - 0xD800) << 10U) + (unit(at + 2) - 0xDC00);
      at += 2;
    }
    append_utf8(text, value);
  }
  return text;
}

// PEP 263, as pip takes it over: in one of the first two lines.
std::string declared_encoding(const std::string& bytes) {
  static const std::regex declaration(R"(^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+))");
  std::istringstream lines(bytes);
  std::string line;
  for (int i = 0; i < 2 && std::getline(lines, line); ++i) {
    std::smatch found;
    if (!std::regex_search(line, found, declaration)) continue;
    std::string name = found[1];
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return c == '_' ? '-' : static_cast<char>(std::tolower(c)); });
    return name;
  }
  return "";
}

bool is_continued(const std::string& line) {
  const auto first = line.find_first_not_of(" \t");
  return line.ends_with('\\') && (first == std::string::npos || line[first] != '#');
}

std::string without_comment(const std::string& line) {
  for (std::size_t at = 0; (at = line.find('#', at)) != std::string::npos; ++at)
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return line.substr(0, at);
  return line;
}

std::string with_values(const std::string& line, const Environment& environment) {
  static const std::regex variable(R"(\$\{([A-Z0-9_]+)\})");
  std::string text;
  auto rest = line.cbegin();
  for (std::smatch found; std::regex_search(rest, line.cend(), found, variable);
       rest = found.suffix().first) {
    text.append(found.prefix());
    text += environment.get(found[1]).value_or(found[0]);
  }
  return text.append(rest, line.cend());
}

}  // namespace

Result<std::string> read_requirements_text(const fs::path& path) {
  std::error_code error;
  std::ifstream in;
  if (fs::is_regular_file(path, error)) in.open(path, std::ios::binary);  // a FIFO would be waited for
  if (!in.is_open())
    return fail(ErrorKind::invalid_argument, "There is no requirements file " + path.string() + ".");
  std::ostringstream content;
  content << in.rdbuf();
  std::string bytes = content.str();
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"))
    return from_utf16(bytes, bytes.starts_with("\xFE\xFF"));
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
  const std::string encoding = declared_encoding(bytes);
  if (encoding == "latin-1" || encoding == "iso-8859-1") {
    std::string text;
    for (const char c : bytes) append_utf8(text, static_cast<unsigned char>(c));
    return text;
  }
  if (!utf8::is_valid(bytes))
    return fail(ErrorKind::invalid_argument, path.string() + " is not UTF-8; write it as such.");
  return bytes;
}

std::vector<LogicalLine> logical_lines(const std::string& text, const Environment& environment) {
  static const std::regex line_end("\r\n?");
  std::vector<LogicalLine> lines;
  std::istringstream in(std::regex_replace(text, line_end, "\n"));
  std::size_t number = 0;
  bool continued = false;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const bool goes_on = is_continued(line);
    if (goes_on) line.pop_back();
    if (continued) {
      lines.back().text += line;
      ++lines.back().physical;
    } else {
      lines.push_back({number, line});
    }
    continued = goes_on;
  }
  for (LogicalLine& line : lines) line.text = with_values(without_comment(line.text), environment);
  return lines;
}

}  // namespace lambdapool::package
