#include "core/named_fifo.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "core/descriptor.hpp"

namespace lambdapool {
namespace {

TEST(NamedFifo, IsOneInADirectoryAlone) {
  std::string directory = (std::filesystem::temp_directory_path() / "lambdapool-fifo-XXXXXX").string();
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const auto fifo = std::filesystem::path(directory) / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::filesystem::create_symlink("fifo", std::filesystem::path(directory) / "link");
  EXPECT_TRUE(is_named_fifo(fifo));
  EXPECT_TRUE(is_named_fifo(std::filesystem::path(directory) / "link"));
  const Descriptor opened(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_TRUE(is_named_fifo("/proc/self/fd/" + std::to_string(opened.get()))) << "it is opened anew";
  for (const std::string& other : {directory, directory + "/missing", std::string("/dev/null")})
    EXPECT_FALSE(is_named_fifo(other)) << other;
  std::filesystem::remove_all(directory);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor read(ends[0]), write(ends[1]);
  EXPECT_FALSE(is_named_fifo("/proc/self/fd/" + std::to_string(read.get())));
  EXPECT_FALSE(is_named_fifo("/dev/fd/" + std::to_string(read.get())));
}

}  // namespace
}  // namespace lambdapool
