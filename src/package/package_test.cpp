#include "package/package.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/encoding.hpp"
#include "package/testing_dir.hpp"

namespace lambdapool::package {
namespace {

using testing::HasSubstr;

TEST(Package, KnowsItsHashItsSizeAndItsBiggestFiles) {
  std::vector<ZipEntry> entries;
  for (int size = 1; size <= 8; ++size)
    entries.push_back({std::string("f").append(std::to_string(size)), false, std::string(size, 'x')});
  const auto package = make_package(entries);
  ASSERT_TRUE(package);
  EXPECT_EQ(package->sha256_base64, sha256_base64(package->zip));
  EXPECT_EQ(package->unzipped_bytes, 36);
  ASSERT_EQ(package->biggest.size(), 5U);
  EXPECT_EQ(package->biggest[0].name, "f8");
  EXPECT_EQ(package->biggest[4].unzipped_bytes, 4);
}

TEST(Package, ThatIsTooLargeIsRefusedBeforeItsFilesAreRead) {
  const TestingDir dir;
  dir.write("model.bin", "");
  std::filesystem::resize_file(dir.path() / "model.bin", 1ULL << 40U);  // sparse: reading it would take long
  const auto package = make_package({{"model.bin", false, dir.path() / "model.bin"}});
  ASSERT_FALSE(package);
  EXPECT_EQ(package.error().kind, ErrorKind::payload_too_large);
  EXPECT_THAT(package.error().message, HasSubstr("model.bin (1048576.0 MB)"));
}

TEST(Package, NamesItsBiggestFilesWhenItIsTooLarge) {
  Package package;
  package.biggest = {{"model.bin", 200 << 20}, {"libtorch.so", 70 << 20}, {"notes.txt", 1'000}};
  package.unzipped_bytes = limits::unzipped_bytes_max;
  auto checked = check_sizes(package);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind, ErrorKind::payload_too_large);
  EXPECT_EQ(checked.error().message,
            "The package is 250.0 MB unzipped, and Lambda takes less than 250.0 MB; its biggest files are "
            "model.bin (200.0 MB), libtorch.so (70.0 MB).");
  package.unzipped_bytes = limits::unzipped_bytes_max - 1;
  EXPECT_TRUE(check_sizes(package));
  package.zip = std::string(1'000, 'z');
  EXPECT_TRUE(check_sizes(package, 1'001));
  checked = check_sizes(package, 1'000);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("zipped, and Lambda takes less than"));
}

}  // namespace
}  // namespace lambdapool::package
