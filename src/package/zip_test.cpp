#include "package/zip.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <set>

#include "package/deflater.hpp"
#include "package/testing_dir.hpp"

namespace lambdapool::package {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A zip made by Python, a writer that is not ours: `script` gets the archive as `z`.
std::string python_zip(const TestingDir& dir, const std::string& script) {
  const fs::path path = dir.path() / "python.zip";
  dir.python(
      "import zipfile, stat\nz = zipfile.ZipFile(r'" + path.string() + "', 'w', zipfile.ZIP_DEFLATED)\n" +
      "def link(name, target):\n  i = zipfile.ZipInfo(name); i.create_system = 3\n" +
      "  i.external_attr = (stat.S_IFLNK | 0o777) << 16; z.writestr(i, target)\n" + script + "\nz.close()\n");
  std::string bytes = dir.read("python.zip");
  return bytes;
}

TEST(Zip, HasTheSameBytesInAnyTimeZoneWhateverTheFilesDates) {
  const TestingDir dir;
  dir.write("a.py", "x = 1\n");
  dir.write("b.py", "y = 2\n");
  setenv("TZ", "Asia/Tokyo", 1);
  tzset();
  const auto first = write_zip({{"a.py", false, dir.path() / "a.py"}, {"b.py", false, dir.path() / "b.py"}});
  setenv("TZ", "America/New_York", 1);
  tzset();
  fs::last_write_time(dir.path() / "a.py", fs::file_time_type::clock::now() - std::chrono::hours(99'999));
  const auto second = write_zip({{"b.py", false, dir.path() / "b.py"}, {"a.py", false, dir.path() / "a.py"}});
  unsetenv("TZ");
  tzset();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
}

TEST(Zip, IsReadByPythonWithNamesModesAndDates) {
  const TestingDir dir;
  const auto zip = write_zip({{"pkg/é.py", false, std::string("x = 1\n")},
                              {"bootstrap", true, std::string(100'000, 'b')},
                              {"empty/", false, {}}});
  ASSERT_TRUE(zip);
  dir.write("ours.zip", *zip);
  const std::string seen = dir.python(
      "import zipfile\nz = zipfile.ZipFile('ours.zip')\nassert z.testzip() is None\n"
      "for i in z.infolist(): print(i.filename, oct(i.external_attr >> 16), i.date_time[:3], i.file_size)\n");
  EXPECT_EQ(seen,
            "bootstrap 0o100755 (1980, 1, 1) 100000\n"
            "empty/ 0o40755 (1980, 1, 1) 0\n"
            "pkg/é.py 0o100644 (1980, 1, 1) 6\n");
}

// Of several blocks: text, what cannot be compressed (a whole block of it, too), and what nearly vanishes.
std::string large_content() {
  std::minstd_rand random;
  std::string content;
  while (content.size() < 1'500'000) content += "line " + std::to_string(random() % 1'000) + "\n";
  for (int i = 0; i < 3'000'000; ++i) content += static_cast<char>(random() >> 8U);
  return content + std::string(4'200'000, 'z');
}

TEST(Zip, OfLargeFilesIsReadByPython) {
  const TestingDir dir;
  const std::string content = large_content();
  const auto zip = write_zip({{"large", false, content}, {"after", false, std::string("x")}});
  ASSERT_TRUE(zip);
  EXPECT_LT(zip->size(), 3'600'000);
  dir.write("ours.zip", *zip);
  dir.write("large", content);
  EXPECT_EQ(
      dir.python("import zipfile\nz = zipfile.ZipFile('ours.zip')\n"
                 "print(z.testzip(), z.read('large') == open('large', 'rb').read(), z.read('after'))\n"),
      "None True b'x'\n");
}

TEST(Zip, HasTheSameBytesWithAnyNumberOfThreads) {
  const auto content = std::make_shared<const std::string>(large_content());
  std::set<std::string> seen;
  for (const unsigned threads : {1U, 2U, 7U}) {
    Deflater deflater(threads);
    std::string bytes;
    for (auto& block : deflater.deflate(content)) bytes += block.get().bytes;
    seen.insert(bytes);
  }
  EXPECT_EQ(seen.size(), 1U);
}

TEST(Zip, IsGivenUpWhenAsked) {
  int asked = 0;
  const auto zip = write_zip({{"large", false, large_content()}}, [&asked] { return ++asked == 1; });
  ASSERT_FALSE(zip);
  EXPECT_EQ(zip.error().kind, ErrorKind::cancelled);
}

TEST(Zip, RefusesNamesThatClimbOrAppearTwice) {
  EXPECT_FALSE(write_zip({{"../a", false, std::string("x")}}));
  EXPECT_FALSE(write_zip({{"/a", false, std::string("x")}}));
  EXPECT_FALSE(write_zip({{"", false, std::string("x")}}));
  const auto twice = write_zip({{"a", false, std::string("x")}, {"a", false, std::string("y")}});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message, "Two different files want to be a in the zip.");
}

TEST(Zip, NamesTheFileThatCannotBeRead) {
  const auto zip = write_zip({{"a", false, fs::path("/nowhere/a")}});
  ASSERT_FALSE(zip);
  EXPECT_EQ(zip.error().kind, ErrorKind::io);
  EXPECT_THAT(zip.error().message, HasSubstr("/nowhere/a"));
}

TEST(Unzip, GivesBackWhatWasZippedWithExecutableBits) {
  const TestingDir dir;
  const auto zip = write_zip(
      {{"bootstrap", true, std::string("run")}, {"p/q/m.py", false, std::string("x")}, {"none", false, {}}});
  ASSERT_TRUE(zip);
  const auto done = unzip_to(*zip, dir.path() / "out");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(dir.read("out/bootstrap"), "run");
  EXPECT_EQ(dir.read("out/p/q/m.py"), "x");
  EXPECT_EQ(dir.read("out/none"), "");
  EXPECT_NE(fs::status(dir.path() / "out/bootstrap").permissions() & fs::perms::owner_exec, fs::perms::none);
  EXPECT_EQ(fs::status(dir.path() / "out/p/q/m.py").permissions() & fs::perms::owner_exec, fs::perms::none);
  EXPECT_EQ(unzipped_size(*zip), 4);
}

TEST(Unzip, ReadsWhatPythonWroteIncludingLinksThatStayInside) {
  const TestingDir dir;
  const std::string zip = python_zip(dir,
                                     "z.writestr('lib/libx.so.1', 'elf')\nlink('lib/libx.so', 'libx.so.1')\n"
                                     "link('up', 'lib/../lib/libx.so')");
  const auto done = unzip_to(zip, dir.path() / "out");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(dir.read("out/lib/libx.so"), "elf");
  EXPECT_EQ(dir.read("out/up"), "elf");
}

TEST(Unzip, RefusesEverythingThatLeadsOutAndLeavesNothing) {
  const std::vector<std::string> tricks = {
      "z.writestr('ok', 'x'); z.writestr('../evil', 'x')",
      "z.writestr('a/../../evil', 'x')",
      "z.writestr('/tmp/evil', 'x')",
      "link('l', '/etc')",
      "link('l', '../..')",
      "link('l', '..'); z.writestr('l/evil', 'x')",
      "z.writestr('x/y/f', ''); link('x/y/d', '../..'); link('e', 'x/y/d/..')",
      "link('l', '../not_there_yet')",
      "link('l', 'l')",
      "z.writestr('a', 'x'); z.writestr('a/b', 'x')",
  };
  for (const auto& trick : tricks) {
    const TestingDir dir;
    const auto done = unzip_to(python_zip(dir, trick), dir.path() / "out");
    ASSERT_FALSE(done) << trick;
    EXPECT_EQ(done.error().kind, ErrorKind::invalid_argument) << trick << ": " << done.error().message;
    EXPECT_TRUE(fs::is_empty(dir.path() / "out")) << trick;
    EXPECT_FALSE(fs::exists(dir.path() / "evil")) << trick;
  }
}

TEST(Unzip, CountsBytesAndEntriesWhileUnpackingWhateverTheHeadersClaim) {
  const TestingDir dir;
  const auto zip = write_zip({{"a", false, std::string(1'000'000, '0')}, {"b", false, std::string("x")}});
  ASSERT_TRUE(zip);
  const auto bytes = unzip_to(*zip, dir.path() / "out", {.unzipped_bytes = 999'999});
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().kind, ErrorKind::payload_too_large);
  const auto entries = unzip_to(*zip, dir.path() / "out", {.entries = 1});
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().kind, ErrorKind::payload_too_large);
  EXPECT_TRUE(unzip_to(*zip, dir.path() / "out", {.unzipped_bytes = 1'000'001, .entries = 2}));
}

TEST(Unzip, CountsTheDirectoriesThatAreOnlyPartOfAName) {
  const TestingDir dir;
  std::string deep;
  for (int i = 0; i < 50; ++i) deep += "d/";
  const auto zip = write_zip({{deep + "a", false, std::string("x")}});
  ASSERT_TRUE(zip);
  const auto refused = unzip_to(*zip, dir.path() / "out", {.entries = 50});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::payload_too_large);
  EXPECT_TRUE(fs::is_empty(dir.path() / "out"));
  EXPECT_TRUE(unzip_to(*zip, dir.path() / "out", {.entries = 51}));
}

TEST(Unzip, RefusesANameOfThousandsOfDirectories) {
  const TestingDir dir;
  const auto done = unzip_to(python_zip(dir, "z.writestr('d/' * 2000 + 'f', '')"), dir.path() / "out");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::invalid_argument);
}

TEST(Unzip, LeavesTheLaterOfTwoEntriesOfOneNameAndCountsBoth) {
  const TestingDir dir;
  const std::string zip = python_zip(dir, "z.writestr('a', 'one'); z.writestr('a', 'two')");
  EXPECT_FALSE(unzip_to(zip, dir.path() / "out", {.unzipped_bytes = 5}));
  ASSERT_TRUE(unzip_to(zip, dir.path() / "out", {.unzipped_bytes = 6}));
  EXPECT_EQ(dir.read("out/a"), "two");
}

// Python's directory entries around the 16 bits, in both directions.
class ManyEntries : public testing::TestWithParam<int> {};

TEST_P(ManyEntries, AreWrittenForEveryReaderAndReadFromEveryWriter) {
  const TestingDir dir;
  const auto count = static_cast<std::size_t>(GetParam());
  std::vector<ZipEntry> entries;
  for (std::size_t i = 0; i < count; ++i) entries.push_back({"f" + std::to_string(i), false, std::string()});
  const auto ours = write_zip(std::move(entries));
  ASSERT_TRUE(ours) << ours.error().message;
  dir.write("ours.zip", *ours);
  EXPECT_EQ(dir.python("import zipfile\nprint(len(set(zipfile.ZipFile('ours.zip').namelist())), end='')"),
            std::to_string(count));
  for (const std::string& zip :
       {*ours, python_zip(dir, "for i in range(" + std::to_string(count) + "): z.writestr('f%d' % i, '')")}) {
    const auto files = list_zip(zip);
    ASSERT_TRUE(files) << files.error().message;
    ASSERT_EQ(files->size(), count);
    EXPECT_EQ(unzipped_size(zip), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Zip, ManyEntries, testing::Values(65'534, 65'535, 65'536, 100'000));

std::int64_t peak_memory_kb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(Zip, OfAHundredThousandEntriesIsListedInThirtyMegabytes) {
  const TestingDir dir;
  std::vector<ZipEntry> entries;
  for (int i = 0; i < 100'000; ++i) entries.push_back({"f" + std::to_string(i), false, std::string()});
  const auto zip = write_zip(std::move(entries));
  ASSERT_TRUE(zip);
  const auto before = peak_memory_kb();
  const auto files = list_zip(*zip);
  ASSERT_TRUE(files);
  EXPECT_LT(peak_memory_kb() - before, 30 * 1'024);
}

TEST(Zip, OfTooManyEntriesIsRefusedBothWays) {
  std::vector<ZipEntry> entries;
  for (std::size_t i = 0; i < zip_entries_max; ++i)
    entries.push_back({"f" + std::to_string(i), false, std::string()});
  const auto most = write_zip(entries);
  ASSERT_TRUE(most);
  EXPECT_TRUE(list_zip(*most));
  entries.push_back({"one more", false, std::string()});
  const auto refused = write_zip(std::move(entries));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::payload_too_large);
  const TestingDir dir;
  const auto claimed = list_zip(python_zip(
      dir, "for i in range(" + std::to_string(zip_entries_max + 1) + "): z.writestr('f%d' % i, '')"));
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().kind, ErrorKind::payload_too_large);
}

TEST(Unzip, RefusesABrokenZipHoweverItIsBroken) {
  const TestingDir dir;
  const auto zip =
      write_zip({{"a.py", false, std::string("print('hello')\n")}, {"b", true, std::string(5'000, 'q')}});
  ASSERT_TRUE(zip);
  EXPECT_FALSE(unzip_to("", dir.path() / "out"));
  EXPECT_FALSE(unzip_to("not a zip", dir.path() / "out"));
  for (std::size_t length = 0; length < zip->size(); length += 7) {
    const auto done = unzip_to(std::string_view(*zip).substr(0, length), dir.path() / "out");
    ASSERT_FALSE(done) << length;
    EXPECT_EQ(done.error().kind, ErrorKind::invalid_argument);
  }
  // One byte changed anywhere: unpacked as it was, or refused as a broken zip, and never anything else.
  for (std::size_t at = 0; at < zip->size(); ++at) {
    std::string changed = *zip;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    const fs::path out = dir.path() / ("out" + std::to_string(at));
    const auto done = unzip_to(changed, out);
    if (!done) {
      EXPECT_TRUE(done.error().kind != ErrorKind::io) << at << ": " << done.error().message;
      EXPECT_TRUE(fs::is_empty(out));
    }
  }
}

TEST(Unzip, NeverWritesIntoADirectoryThatHasSomethingInIt) {
  const TestingDir dir;
  dir.write("out/mine", "x");
  const auto zip = write_zip({{"a", false, std::string("x")}});
  const auto done = unzip_to(*zip, dir.path() / "out");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::io);
  EXPECT_EQ(dir.read("out/mine"), "x");
}

}  // namespace
}  // namespace lambdapool::package
