#include "package/source_digest.hpp"

#include <gtest/gtest.h>

#include "package/testing_dir.hpp"

namespace lambdapool::package {
namespace {

class SourceDigest : public testing::Test {
 protected:
  SourceDigest() {
    dir_.write("algorithms/algorithms.py", "def f(): pass\n");
    dir_.write("requirements.txt", "numpy==2.1.0\n-c constraints.txt\n");
    dir_.write("constraints.txt", "six<2\n");
    request_.paths = {dir_.path() / "algorithms"};
    request_.python_version = "3.11";
  }
  std::string now() {
    const auto digest = source_digest(request_);
    return digest ? *digest : digest.error().message;
  }
  TestingDir dir_;
  PythonPackageRequest request_;
};

TEST_F(SourceDigest, IsTheSameUntilSomethingChanges) {
  const std::string before = now();
  EXPECT_EQ(before.size(), 64U);
  dir_.write("algorithms/__pycache__/algorithms.cpython-311.pyc", "compiled");
  dir_.write("algorithms/algorithms.py", "def f(): pass\n");
  EXPECT_EQ(now(), before);
  dir_.write("algorithms/algorithms.py", "def f(): return 1\n");
  EXPECT_NE(now(), before);
}

TEST_F(SourceDigest, KnowsNamesPythonAndPlatform) {
  const std::string before = now();
  request_.architecture = "arm64";
  EXPECT_NE(now(), before);
  request_.architecture = "x86_64";
  request_.python_version = "3.12";
  EXPECT_NE(now(), before);
  request_.python_version = "3.11";
  dir_.write("algorithms/empty.py", "");
  EXPECT_NE(now(), before);
}

TEST_F(SourceDigest, KnowsRequirementsAndWhatTheyInclude) {
  const std::string without = now();
  request_.requirements = dir_.path() / "requirements.txt";
  const std::string before = now();
  EXPECT_NE(before, without);
  EXPECT_EQ(now(), before);
  dir_.write("constraints.txt", "six<1.9\n");
  EXPECT_NE(now(), before);
}

TEST_F(SourceDigest, KnowsWhatIsInALocalRequirement) {
  dir_.write("library/setup.py", "1");
  dir_.write("requirements.txt", "./library\n");
  request_.requirements = dir_.path() / "requirements.txt";
  const std::string before = now();
  dir_.write("library/setup.py", "2");
  EXPECT_NE(now(), before);
}

TEST_F(SourceDigest, RefusesWhatAPackageWouldBeRefusedFor) {
  request_.paths.push_back(dir_.path() / "missing");
  EXPECT_NE(now().find("missing"), std::string::npos);
}

}  // namespace
}  // namespace lambdapool::package
