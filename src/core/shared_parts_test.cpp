#include "core/shared_parts.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>

namespace lambdapool {
namespace {

// As a worker writes.
class Memory {
 public:
  explicit Memory(int fd)
      : at_(static_cast<char*>(
            ::mmap(nullptr, SharedParts::bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0))) {}
  ~Memory() { ::munmap(at_, SharedParts::bytes); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  void append(std::string_view text) {
    std::memcpy(at_ + 16 + size_, text.data(), text.size());
    tell(0, size_ += text.size());
  }
  void tell(std::size_t which, std::uint64_t number) { std::memcpy(at_ + which * 8, &number, 8); }

 private:
  char* const at_;
  std::size_t size_ = 0;
};

TEST(SharedParts, AreReadOnce) {
  const auto parts = SharedParts::make();
  ASSERT_TRUE(parts);
  Memory memory(parts->take_descriptor().get());
  parts->begin();
  EXPECT_EQ(parts->look(), "");
  memory.append("one");
  EXPECT_EQ(parts->look(), "") << "only what was there the last time";
  memory.append("two");
  EXPECT_EQ(parts->look(), "one");
  EXPECT_EQ(parts->look(), "two");
  memory.append("three");
  memory.tell(1, 4);
  const std::string rest = parts->rest();
  ASSERT_EQ(rest.size(), 5u + 17);
  EXPECT_EQ(rest.substr(0, 5), "three");
  EXPECT_EQ(rest.substr(5, 13), std::string("B\0\0\0\0\0\0\0\0\4\0\0\0", 13));
}

TEST(SharedParts, OfTheInvocationBeforeAreGone) {
  const auto parts = SharedParts::make();
  ASSERT_TRUE(parts);
  Memory memory(parts->take_descriptor().get());
  memory.append("one");
  parts->begin();
  EXPECT_EQ(parts->look(), "");
  EXPECT_EQ(parts->rest(), "");
}

TEST(SharedParts, HoldWhateverATaskWrites) {
  const auto parts = SharedParts::make();
  ASSERT_TRUE(parts);
  const Descriptor fd = parts->take_descriptor();
  EXPECT_NE(::ftruncate(fd.get(), 0), 0) << "what is read cannot be taken away";
  Memory memory(fd.get());
  parts->begin();
  memory.tell(0, UINT64_MAX);
  memory.tell(1, UINT64_MAX);
  parts->look();
  EXPECT_EQ(parts->look().size(), SharedParts::bytes - 16);
  memory.tell(0, 3);
  EXPECT_EQ(parts->look(), "");
  EXPECT_EQ(parts->rest().substr(9, 4), "\xff\xff\xff\xff");
}

}  // namespace
}  // namespace lambdapool
