#include "core/utf8.hpp"

#include <gtest/gtest.h>

namespace lambdapool::utf8 {
namespace {

TEST(Utf8, IsValidByRfc3629) {
  for (const char* good :
       {"", "a", "\xC3\xA4", "\xE2\x82\xAC", "\xED\x9F\xBF", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_valid(good)) << escaped(good);
  for (const char* bad : {"\xFF", "\x80", "a\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                          "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC3z", "\xE2\x82"})
    EXPECT_FALSE(is_valid(bad)) << escaped(bad);
}

TEST(Utf8, HasItsLengthInCharacters) { EXPECT_EQ(length("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), 4u); }

TEST(Utf8, IsEscapedWhereItIsNotPlain) { EXPECT_EQ(escaped("a/\xFF\n"), "a/\\xff\\x0a"); }

}  // namespace
}  // namespace lambdapool::utf8
