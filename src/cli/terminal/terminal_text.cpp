#include "cli/terminal/terminal_text.hpp"

#include <unistd.h>

#include <cstdint>
#include <cstdio>

#include "core/utf8.hpp"

namespace lambdapool::cli {
namespace {

constexpr std::size_t character_bytes_max = 4;

// How many bytes the character that `text` begins with has; 0 where it is none.
std::size_t character_bytes(std::string_view text) {
  for (std::size_t count = 1; count <= character_bytes_max && count <= text.size(); ++count)
    if (utf8::is_valid(text.substr(0, count))) return count;
  return 0;
}

std::uint32_t value_of(std::string_view character) {
  auto value = static_cast<std::uint32_t>(static_cast<unsigned char>(character[0]));
  if (character.size() > 1) value &= 0x7FU >> character.size();
  for (const char c : character.substr(1)) value = value << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  return value;
}

bool commands(std::uint32_t value) {
  const bool turns = (value >= 0x202A && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069) ||
                     value == 0x200E || value == 0x200F || value == 0x061C;
  return (value < 0x20 && value != '\n' && value != '\t') || (value >= 0x7F && value <= 0x9F) || turns;
}

std::string escape(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, value > 0xFF ? "\\u%04x" : "\\x%02x", value);
  return text;
}

// The bytes at the end that a character begins with and does not end with.
std::size_t unfinished(std::string_view text) {
  for (std::size_t back = 1; back < character_bytes_max && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0U) == 0x80U) continue;
    const std::size_t wanted = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 1;
    return wanted > back ? back : 0;
  }
  return 0;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t count = character_bytes(text);
    const std::string_view character = text.substr(0, count == 0 ? 1 : count);
    if (count == 0)
      out += escape(static_cast<unsigned char>(character[0]));
    else if (const auto value = value_of(character); commands(value))
      out += escape(value);
    else
      out += character;
    text.remove_prefix(character.size());
  }
  return out;
}

TerminalText::TerminalText(std::ostream& stream, int descriptor) : stream_(stream) {
  if (::isatty(descriptor) == 1) behind_ = stream.rdbuf(this);
}

TerminalText::~TerminalText() {
  if (behind_ == nullptr) return;
  const std::string rest = printable(begun_);
  behind_->sputn(rest.data(), static_cast<std::streamsize>(rest.size()));
  behind_->pubsync();
  stream_.rdbuf(behind_);
}

TerminalText::int_type TerminalText::overflow(int_type character) {
  if (traits_type::eq_int_type(character, traits_type::eof())) return traits_type::not_eof(character);
  const char c = traits_type::to_char_type(character);
  return xsputn(&c, 1) == 1 ? character : traits_type::eof();
}

std::streamsize TerminalText::xsputn(const char* text, std::streamsize count) {
  std::string all = begun_ + std::string(text, static_cast<std::size_t>(count));
  const std::size_t later = unfinished(all);
  begun_ = all.substr(all.size() - later);
  all.resize(all.size() - later);
  const std::string shown = printable(all);
  const auto size = static_cast<std::streamsize>(shown.size());
  return behind_->sputn(shown.data(), size) == size ? count : 0;
}

int TerminalText::sync() { return behind_->pubsync(); }

}  // namespace lambdapool::cli
