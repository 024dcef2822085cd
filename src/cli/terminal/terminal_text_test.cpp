#include "cli/terminal/terminal_text.hpp"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <sstream>

namespace lambdapool::cli {
namespace {

TEST(TerminalText, ShowsWhatWouldCommandATerminal) {
  EXPECT_EQ(printable("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
  EXPECT_EQ(printable("a\rb\bc\x7f"), "a\\x0db\\x08c\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\x9b"
            "2J");  // an eight-bit CSI, as UTF-8
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "txt"),
            "\\u202etxt");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(TerminalText, LeavesTextAlone) {
  for (const char* text : {"", "plain", "line\n\ttab", "größe 漢字 😀"}) EXPECT_EQ(printable(text), text);
}

TEST(TerminalText, StandsBetweenAStreamAndATerminalOnly) {
  int terminal = -1, other_end = -1, ends[2];
  ASSERT_EQ(openpty(&other_end, &terminal, nullptr, nullptr, nullptr), 0);
  ASSERT_EQ(pipe(ends), 0);
  std::ostringstream out;
  {
    const TerminalText text(out, terminal);
    out << '\xc3' << '\xa4' << "\x1b[2J" << '\xe2'
        << std::flush;  // a character in two pieces, and half a one
  }
  EXPECT_EQ(out.str(), "ä\\x1b[2J\\xe2");
  out.str("");
  {
    const TerminalText text(out, ends[1]);
    out << "\x1b[2J";
  }
  EXPECT_EQ(out.str(), "\x1b[2J");
  for (const int fd : {terminal, other_end, ends[0], ends[1]}) close(fd);
}

}  // namespace
}  // namespace lambdapool::cli
