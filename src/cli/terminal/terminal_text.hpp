// What others wrote (log lines, names, descriptions, exceptions) may hold sequences that command a terminal:
// to move its cursor over what is there, to change its title, to type. On a terminal they are shown, not
// obeyed.
#pragma once

#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace lambdapool::cli {

// Control characters but for line's ends and tabs, those that change the direction of text, and bytes that
// are not UTF-8, as \xNN or \uNNNN.
std::string printable(std::string_view text);

// For its life, what `stream` prints to a terminal is printable; what goes to files and pipes stays as it is.
class TerminalText : private std::streambuf {
 public:
  TerminalText(std::ostream& stream, int descriptor);
  ~TerminalText() override;
  TerminalText(const TerminalText&) = delete;
  TerminalText& operator=(const TerminalText&) = delete;

 private:
  int_type overflow(int_type character) override;
  std::streamsize xsputn(const char* text, std::streamsize count) override;
  int sync() override;

  std::ostream& stream_;
  std::streambuf* behind_ = nullptr;  // null: not a terminal
  std::string begun_;                 // the first bytes of a character whose others are still to come
};

}  // namespace lambdapool::cli
