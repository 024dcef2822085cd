#include "local/private_socket.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "local/control/control_plane_fixture.hpp"
#include "local/service.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

class PrivateSocketTest : public testing::Test {
 protected:
  PrivateSocketTest() { fs::create_directories(home); }
  ~PrivateSocketTest() override { fs::remove_all(home); }

  static unsigned mode(const fs::path& path) {
    struct stat found {};
    EXPECT_EQ(::lstat(path.c_str(), &found), 0) << path;
    return found.st_mode & 07777;
  }
  // Bound and abandoned, as by a service that was killed.
  static void abandon(const fs::path& path, std::chrono::minutes ago) {
    fs::create_directories(path.parent_path());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::close(fd);
    const timespec then{::time(nullptr) - std::chrono::seconds(ago).count(), 0};
    const timespec times[2]{then, then};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }
  fs::path home = fresh_directory();
  std::function<fs::path()> temporary = [this] { return home; };
};

TEST_F(PrivateSocketTest, NobodyElseReachesTheEmbeddedService) {
  auto service = Service::start({.home = home / "here"});
  ASSERT_TRUE(service) << service.error().message;
  const auto endpoint = (*service)->endpoint();
  ASSERT_EQ(endpoint.scheme, http::Endpoint::Scheme::unix_socket);
  EXPECT_EQ(mode(endpoint.path), 0600u);
  EXPECT_EQ(mode(fs::path(endpoint.path).parent_path()), 0700u);
  service->reset();
  EXPECT_FALSE(fs::exists(endpoint.path));
}

TEST_F(PrivateSocketTest, AHomeOfALongPathHasItsSocketInADirectoryOfItsOwn) {
  fs::path directory;
  {
    const auto placed = PrivateSocket::place(home / std::string(100, 'x'), temporary);
    ASSERT_TRUE(placed) << placed.error().message;
    directory = placed->path().parent_path();
    EXPECT_EQ(directory.parent_path(), home);
    EXPECT_EQ(mode(directory), 0700u);
  }
  EXPECT_FALSE(fs::exists(directory));
}

TEST_F(PrivateSocketTest, ATemporaryDirectoryOfALongPathIsPassedOver) {
  const fs::path far = home / std::string(100, 't');
  fs::create_directories(far);
  const auto placed = PrivateSocket::place(home / std::string(100, 'x'), [&] { return far; });
  ASSERT_TRUE(placed) << placed.error().message;
  EXPECT_EQ(placed->path().parent_path().parent_path(), "/tmp");
  EXPECT_EQ(mode(placed->path().parent_path()), 0700u);
}

TEST_F(PrivateSocketTest, ADirectoryThatIsOpenToOthersIsClosed) {
  fs::create_directories(home / "sockets");
  fs::permissions(home / "sockets", fs::perms::all);
  ASSERT_TRUE(PrivateSocket::place(home, temporary));
  EXPECT_EQ(mode(home / "sockets"), 0700u);
}

TEST_F(PrivateSocketTest, ALinkInTheDirectorysPlaceIsRefused) {
  fs::create_directories(home / "elsewhere");
  fs::create_directory_symlink(home / "elsewhere", home / "sockets");
  const auto placed = PrivateSocket::place(home, temporary);
  ASSERT_FALSE(placed);
  EXPECT_EQ(placed.error().kind, ErrorKind::io);
  EXPECT_THAT(placed.error().message, testing::HasSubstr((home / "sockets").string()));
}

TEST_F(PrivateSocketTest, WhatKilledServicesLeftIsRemovedAndNothingElse) {
  abandon(home / "sockets" / "old", std::chrono::minutes(5));
  abandon(home / "sockets" / "young", std::chrono::minutes(0));
  abandon(home / "lambdapool-socket-abc" / "s", std::chrono::minutes(5));
  ASSERT_TRUE(PrivateSocket::place(home / std::string(100, 'x'), temporary));
  std::ofstream(home / "sockets" / "file") << "not a socket";
  ASSERT_TRUE(PrivateSocket::place(home, temporary));
  EXPECT_FALSE(fs::exists(home / "sockets" / "old"));
  EXPECT_FALSE(fs::exists(home / "lambdapool-socket-abc"));
  EXPECT_TRUE(fs::exists(home / "sockets" / "young"));
  EXPECT_TRUE(fs::exists(home / "sockets" / "file"));
}

}  // namespace
}  // namespace lambdapool::local
