// A place for a Unix socket that only this user reaches: mode 0600 in a directory of mode 0700.
#pragma once

#include <filesystem>
#include <functional>

#include "core/error.hpp"

namespace lambdapool::local {

// Whether nobody listens at a Unix socket, or it is not there.
bool is_deserted(const std::filesystem::path& socket);

class PrivateSocket {
 public:
  // In the home, or in a directory of its own in `temporary` (asked only then) where the home's path is too
  // long for a socket's. Removes what services that were killed have left there. Error kind io.
  static Result<PrivateSocket> place(const std::filesystem::path& home,
                                     const std::function<std::filesystem::path()>& temporary);
  PrivateSocket(PrivateSocket&& other) noexcept;
  PrivateSocket& operator=(PrivateSocket&&) = delete;
  ~PrivateSocket();  // the socket is its listener's to remove, and gone by then

  const std::filesystem::path& path() const { return path_; }

 private:
  PrivateSocket(std::filesystem::path path, std::filesystem::path own_directory)
      : path_(std::move(path)), own_directory_(std::move(own_directory)) {}

  std::filesystem::path path_;
  std::filesystem::path own_directory_;  // empty: the home's
};

}  // namespace lambdapool::local
