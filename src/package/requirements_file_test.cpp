#include "package/requirements_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "package/testing_dir.hpp"

namespace lambdapool::package {
namespace {

using testing::HasSubstr;

class RequirementsFile : public testing::Test {
 protected:
  std::string plain(const std::string& text) {
    dir.write("requirements.txt", text);
    const auto result = plain_requirements(dir.path() / "requirements.txt", environment, dir.path());
    return result ? *result : "refused: " + result.error().message;
  }

  TestingDir dir;
  Environment environment{{{"TOKEN", "t0k"}}};
};

TEST_F(RequirementsFile, KeepsWhatPipAndUvUnderstandAlikeOnItsLine) {
  for (const char* line : {"numpy", "numpy==1.26.4", "requests[socks]>=2,<3; python_version < '3.12'",
                           "--index-url https://a/simple", "--no-index", "--pre",
                           "x @ https://host/x-1.0-py3-none-any.whl", "git+https://host/x.git@v1#egg=x",
                           "docopt==0.6.2 --hash=sha256:49b3", "https://host/x-1.0.tar.gz#sha256=49b3"})
    EXPECT_EQ(plain(std::string("# first\n") + line + "  # note\n"), std::string("\n") + line + "\n") << line;
}

TEST_F(RequirementsFile, JoinsLinesReplacesVariablesAndKeepsTheNumbers) {
  EXPECT_EQ(plain("a \\\n  --hash=sha256:1 \\\n  --hash=sha256:2\nb\n"),
            "a   --hash=sha256:1   --hash=sha256:2\n\n\nb\n");
  EXPECT_EQ(plain("--index-url https://${TOKEN}@host/${UNSET}\n"), "--index-url https://t0k@host/${UNSET}\n");
}

TEST_F(RequirementsFile, MakesPathsAbsoluteAndNothingEditable) {
  dir.write("lib/pyproject.toml", "");
  const std::string lib = (dir.path() / "lib").string();
  for (const char* line :
       {"./lib", "lib/", "-e ./lib", "-e lib", "--editable=./lib", "--editable ./lib", "file:./lib"})
    EXPECT_EQ(plain(line), lib + "\n") << line;
  EXPECT_EQ(plain("-e ./lib[dev]"), lib + "[dev]\n");
  EXPECT_EQ(plain("./lib; python_version > '3'"), lib + "; python_version > '3'\n");
  EXPECT_EQ(plain("lib @ file:./lib"), "lib @ file://" + lib + "\n");
  EXPECT_EQ(plain("-e git+https://host/x.git#egg=x"), "git+https://host/x.git#egg=x\n");
}

TEST_F(RequirementsFile, TakesOptionsThatShareALineOneByOne) {
  dir.write("my wheels/a.whl", "");
  const std::string here = dir.path().string();
  EXPECT_EQ(plain("--no-index --find-links . --pre\nnumpy\n"),
            "--no-index\n--find-links " + here + "/\n--pre\nnumpy\n");
  EXPECT_EQ(plain("-f \"my wheels\" --no-index\n"),
            "--find-links file://" + here + "/my%20wheels\n--no-index\n");
  EXPECT_EQ(plain("a --hash=sha256:1 --hash=sha256:2\n"), "a --hash=sha256:1 --hash=sha256:2\n");
}

TEST_F(RequirementsFile, TakesPathsWithSpaces) {
  dir.write("my wheels/a 1.whl", "");
  dir.write("my lib/pyproject.toml", "");
  const std::string here = "file://" + dir.path().string();
  EXPECT_EQ(plain("./my wheels/a 1.whl\n"), here + "/my%20wheels/a%201.whl\n");
  EXPECT_EQ(plain("./my wheels/a 1.whl ; python_version > '3'\n"),
            here + "/my%20wheels/a%201.whl ; python_version > '3'\n");
  EXPECT_EQ(plain("-e ./my lib[dev]\n"), here + "/my%20lib[dev]\n");
  EXPECT_THAT(plain("./my other/a.whl\n"), HasSubstr("line 1: there is no ./my"));
}

TEST_F(RequirementsFile, ReadsTheEncodingsThatPipReads) {
  EXPECT_EQ(plain("\xEF\xBB\xBFnumpy\n"), "numpy\n");
  EXPECT_EQ(plain("numpy\r\nscipy\rpandas\r"), "numpy\nscipy\npandas\n");
  EXPECT_EQ(plain(std::string("\xFF\xFEn\0u\0\r\0\n\0", 10)), "nu\n");
  EXPECT_EQ(plain(std::string("\xFE\xFF\0n\0u\0\n", 8)), "nu\n");
  EXPECT_EQ(plain("# coding: latin-1\n./\xE4\n").substr(0, 7), "refused");
  EXPECT_THAT(plain("# coding: latin-1\n./\xE4\n"), HasSubstr("line 2: there is no ./ä"));
  EXPECT_THAT(plain("n\xE4\n"), HasSubstr("is not UTF-8"));
}

TEST_F(RequirementsFile, RefusesWithTheLine) {
  EXPECT_THAT(plain("numpy\n\n-e ./nowhere\n"), HasSubstr("requirements.txt, line 3: there is no ./nowhere"));
  EXPECT_THAT(plain("-r requirements.txt\n"), HasSubstr("includes itself"));
  EXPECT_THAT(plain("-r missing.txt\n"), HasSubstr("missing.txt"));
  dir.write("pyproject.toml", "");
  const auto toml = plain_requirements(dir.path() / "pyproject.toml", environment, dir.path());
  ASSERT_FALSE(toml);
  EXPECT_THAT(toml.error().message, HasSubstr("not a requirements file"));
}

}  // namespace
}  // namespace lambdapool::package
