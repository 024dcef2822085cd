#include "package/own_modules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lambdapool::package {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> modules_of(const std::vector<std::string>& names) {
  std::vector<ZipEntry> entries;
  for (const std::string& name : names) entries.push_back({name});
  return own_modules(entries);
}

TEST(OwnModules, AreTheFilesAtTheRootAndThoseOfPackages) {
  EXPECT_THAT(modules_of({"single.py", "a/__init__.py", "a/b.py", "a/c/__init__.py", "a/c/d.py"}),
              ElementsAre("a", "a.b", "a.c", "a.c.d", "single"));
}

TEST(OwnModules, AreNoFilesOfDirectoriesThatAreNoPackages) {
  EXPECT_THAT(modules_of({"scripts/run.py", "a/__init__.py", "a/data/x.py"}), ElementsAre("a"));
}

TEST(OwnModules, AreNothingThatCannotBeImported) {
  EXPECT_THAT(modules_of({"data.csv", "1st.py", "with-dash.py", "a b.py", ".py", "lib.so", "dir/"}),
              IsEmpty());
}

TEST(OwnModules, AreNoProgramsTestsAndSetUps) {
  EXPECT_THAT(modules_of({"setup.py", "conftest.py", "test_a.py", "a_test.py", "a/__init__.py",
                          "a/__main__.py", "a/tests/__init__.py", "a/tests/b.py"}),
              ElementsAre("a"));
}

}  // namespace
}  // namespace lambdapool::package
