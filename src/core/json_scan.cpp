#include "core/json_scan.hpp"

#include <algorithm>
#include <cstring>

namespace lambdapool {

namespace {

constexpr int depth_max = 64;

class Scanner {
 public:
  explicit Scanner(std::string_view json) : json_(json) {}

  std::optional<std::string> object(
      const std::function<void(std::string_view name, const JsonValue& value)>& visit) {
    skip_blanks();
    if (peek() != '{') return fault("it is not a JSON object");
    if (!members(&visit, 0)) return fault(wrong_);
    skip_blanks();
    if (at_ != json_.size()) return fault("there is something after the JSON object");
    return std::nullopt;
  }

 private:
  using Visit = std::function<void(std::string_view name, const JsonValue& value)>;

  std::string fault(const char* what) const {
    return std::string(what) + " (at byte " + std::to_string(at_) + " of " + std::to_string(json_.size()) +
           ")";
  }
  bool wrong(const char* what) {
    wrong_ = what;
    return false;
  }

  char peek() const { return at_ < json_.size() ? json_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void skip_blanks() {
    while (at_ < json_.size() && std::strchr(" \t\r\n", json_[at_]) != nullptr && json_[at_] != '\0') ++at_;
  }

  // At '{'. Members of inner objects are not visited.
  bool members(const Visit* visit, int depth) {
    ++at_;
    skip_blanks();
    if (take('}')) return true;
    do {
      skip_blanks();
      JsonValue name;
      if (peek() != '"') return wrong("a member's name is missing");
      if (!string(name)) return false;
      skip_blanks();
      if (!take(':')) return wrong("a colon is missing");
      skip_blanks();
      JsonValue item;
      if (!value(item, depth + 1)) return false;
      if (visit != nullptr) {
        const auto plain = name.escaped ? unescape_json(name.text) : std::nullopt;
        (*visit)(plain ? std::string_view(*plain) : name.text, item);
      }
      skip_blanks();
    } while (take(','));
    return take('}') || wrong("a comma or closing brace is missing");
  }

  bool elements(int depth) {
    ++at_;
    skip_blanks();
    if (take(']')) return true;
    do {
      skip_blanks();
      JsonValue item;
      if (!value(item, depth + 1)) return false;
      skip_blanks();
    } while (take(','));
    return take(']') || wrong("a comma or closing bracket is missing");
  }

  bool value(JsonValue& out, int depth) {
    if (depth > depth_max) return wrong("it is nested too deeply");
    const auto start = at_;
    bool good = false;
    switch (peek()) {
      case '"':
        return string(out);
      case '{':
        out.type = JsonValue::Type::object;
        good = members(nullptr, depth);
        break;
      case '[':
        out.type = JsonValue::Type::array;
        good = elements(depth);
        break;
      case 't':
        good = literal("true");
        break;
      case 'f':
        good = literal("false");
        break;
      case 'n':
        good = literal("null");
        break;
      default:
        out.type = JsonValue::Type::number;
        good = number();
    }
    out.text = json_.substr(start, at_ - start);
    return good;
  }

  bool literal(std::string_view word) {
    if (json_.substr(at_, word.size()) != word) return wrong("a value is malformed");
    at_ += word.size();
    return true;
  }

  bool digits() {
    const auto start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > start || wrong("a value is missing or malformed");
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits();
  }

  // Both searches only ever move forwards, so that a string of backslashes costs no more than any other.
  bool string(JsonValue& out) {
    out.type = JsonValue::Type::string;
    const auto start = ++at_;
    auto quote = json_.find('"', at_);
    while (quote != std::string_view::npos) {
      const auto* slash = static_cast<const char*>(std::memchr(json_.data() + at_, '\\', quote - at_));
      if (slash == nullptr) {
        out.text = json_.substr(start, quote - start);
        at_ = quote + 1;
        return true;
      }
      out.escaped = true;
      at_ = static_cast<std::size_t>(slash - json_.data()) + 2;
      if (at_ > quote) quote = json_.find('"', at_);
    }
    at_ = json_.size();
    return wrong("a string does not end");
  }

  std::string_view json_;
  std::size_t at_ = 0;
  const char* wrong_ = "it is malformed";
};

std::optional<unsigned> hex_four(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : text.substr(0, 4)) {
    const char* digits = "0123456789abcdefABCDEF";
    const char* found = c == '\0' ? nullptr : std::strchr(digits, c);
    if (found == nullptr) return std::nullopt;
    const auto digit = static_cast<unsigned>(found - digits);
    value = value * 16 + (digit < 16 ? digit : digit - 6);
  }
  return value;
}

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&out](unsigned byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 63));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 63));
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  }
}

// `text` begins after "\u". How many of its characters belong to the escape; 0 where it is malformed.
std::size_t append_unicode_escape(std::string& out, std::string_view text) {
  const auto first = hex_four(text);
  if (!first || (*first >= 0xDC00 && *first < 0xE000)) return 0;
  if (*first < 0xD800 || *first >= 0xE000) {
    append_utf8(out, *first);
    return 4;
  }
  if (text.size() < 10 || text[4] != '\\' || text[5] != 'u') return 0;
  const auto second = hex_four(text.substr(6));
  if (!second || *second < 0xDC00 || *second >= 0xE000) return 0;
  append_utf8(out, 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00));
  return 10;
}

}  // namespace

std::optional<std::string> scan_json_object(
    std::string_view json, const std::function<void(std::string_view name, const JsonValue& value)>& visit) {
  return Scanner(json).object(visit);
}

std::optional<std::string> unescape_json(std::string_view text) {
  static constexpr std::string_view letters = "\"\\/bfnrt";
  static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto slash = std::min(text.find('\\'), text.size());
    out.append(text.substr(0, slash));
    text.remove_prefix(slash);
    if (text.empty()) break;
    if (text.size() < 2) return std::nullopt;
    const char kind = text[1];
    text.remove_prefix(2);
    if (kind == 'u') {
      const auto used = append_unicode_escape(out, text);
      if (used == 0) return std::nullopt;
      text.remove_prefix(used);
      continue;
    }
    const auto letter = letters.find(kind);
    if (letter == std::string_view::npos) return std::nullopt;
    out.push_back(meanings[letter]);
  }
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  const auto is_escaped = [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
  };
  out.push_back('"');
  for (auto rest = text.begin(); rest != text.end();) {
    const auto plain_to = std::find_if(rest, text.end(), is_escaped);
    out.append(rest, plain_to);
    rest = plain_to;
    if (rest == text.end()) break;
    const auto c = static_cast<unsigned char>(*rest++);
    if (c >= 0x20) {
      out.push_back('\\');
      out.push_back(static_cast<char>(c));
    } else {
      out.append("\\u00");
      out.push_back(digits[c >> 4]);
      out.push_back(digits[c & 15]);
    }
  }
  out.push_back('"');
}

}  // namespace lambdapool
