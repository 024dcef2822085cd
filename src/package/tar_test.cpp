#include "package/tar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "package/testing_dir.hpp"

namespace lambdapool::package {
namespace {

using testing::HasSubstr;

void write_bytes(const TestingDir& dir, const std::string& name, const std::string& bytes) {
  std::ofstream(dir.path() / name, std::ios::binary) << bytes;
}

TEST(Tar, IsReadByPythonNamesModesAndContents) {
  const TestingDir dir;
  const std::string deep = "in/" + std::string(120, 'd') + "/main.py";
  dir.write("in/a.txt", "hello");
  dir.write(deep, std::string(1'000, 'x'));
  dir.write("in/run", "#!/bin/sh\n");
  dir.shell("chmod 755 in/run; chmod 600 in/a.txt; ln -s a.txt in/link");
  const auto archive = write_tar_gz(dir.path() / "in");
  ASSERT_TRUE(archive) << archive.error().message;
  write_bytes(dir, "made.tar.gz", *archive);
  EXPECT_EQ(dir.python("import tarfile\nfor m in tarfile.open('made.tar.gz'):\n"
                       "  print(m.name[-9:], oct(m.mode), m.size, m.mtime, m.isreg())\n"),
            "a.txt 0o644 5 0 True\n"
            "d/main.py 0o644 1000 0 True\n"
            "link 0o644 5 0 True\n"
            "run 0o755 10 0 True\n");
  EXPECT_EQ(*archive, *write_tar_gz(dir.path() / "in"));
}

TEST(Tar, OfPythonAndOfGnuIsUnpacked) {
  const TestingDir dir;
  dir.write("in/" + std::string(80, 'd') + "/" + std::string(60, 'e') + "/f", "content");
  dir.write("in/run", "#!/bin/sh\n");
  dir.shell("chmod 755 in/run; for f in gnu pax ustar; do tar --format=$f -C in -czf $f.tar.gz .; done");
  dir.python("import tarfile\ntarfile.open('python.tar.gz', 'w:gz').add('in', '.')\n");
  for (const char* name : {"gnu", "pax", "ustar", "python"}) {
    const auto unpacked = untar_gz_to(dir.read(name + std::string(".tar.gz")), dir.path() / name);
    ASSERT_TRUE(unpacked) << name << ": " << unpacked.error().message;
    EXPECT_EQ(
        dir.shell("diff -r in " + std::string(name) + "; stat -c %a " + name + "/run " + name + "/d*/e*/f"),
        "700\n600\n");
  }
}

TEST(Tar, ThatWouldWriteElsewhereIsRefusedWhole) {
  const TestingDir dir;
  dir.write("in/f", "x");
  dir.python(
      "import io, tarfile\n"
      "def made(name, *infos):\n"
      "  with tarfile.open(name, 'w:gz') as t:\n"
      "    t.add('in/f', 'first')\n"
      "    for i in infos: t.addfile(i, io.BytesIO(b''))\n"
      "made('up', tarfile.TarInfo('../f'))\n"
      "made('root', tarfile.TarInfo('/f'))\n"
      "i = tarfile.TarInfo('l'); i.type = tarfile.SYMTYPE; i.linkname = '/etc/passwd'\n"
      "made('link', i)\n");
  for (const char* name : {"up", "root", "link"}) {
    const auto unpacked = untar_gz_to(dir.read(name), dir.path() / "out");
    ASSERT_FALSE(unpacked) << name;
    EXPECT_EQ(unpacked.error().kind, ErrorKind::invalid_argument);
    EXPECT_FALSE(std::filesystem::exists(dir.path() / "out"));
  }
}

TEST(Tar, ThatIsNoneOrTooMuchIsRefused) {
  const TestingDir dir;
  EXPECT_THAT(untar_gz_to("no gzip", dir.path() / "out").error().message, HasSubstr("gzip"));
  dir.write("in/f", std::string(100'000, 'x'));
  const auto archive = write_tar_gz(dir.path() / "in");
  ASSERT_TRUE(archive);
  EXPECT_FALSE(untar_gz_to(archive->substr(0, archive->size() / 2), dir.path() / "out"));
  const auto large = untar_gz_to(*archive, dir.path() / "out", {.unzipped_bytes = 10'000, .entries = 10});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind, ErrorKind::payload_too_large);
}

}  // namespace
}  // namespace lambdapool::package
