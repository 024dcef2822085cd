// Tells that files which a package is made from have changed, by inotify: writes, editors that replace a file
// by renaming another, compilers that remove it first, directories that come and go. What is never packaged
// (package/leftover.hpp) does not count.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace lambdapool::deploy {

class SourceWatch {
 public:
  // From now on. Errors: invalid_argument for a path that is not there; io where the kernel watches no more.
  static Result<SourceWatch> begin(std::vector<std::filesystem::path> paths);
  ~SourceWatch();
  SourceWatch(SourceWatch&& other) noexcept;
  SourceWatch& operator=(SourceWatch&&) = delete;

  int descriptor() const { return descriptor_; }  // readable when something happened

  // Whether something has changed since the last time it was asked. Errors: io.
  Result<bool> has_changed();

 private:
  SourceWatch(int descriptor, std::vector<std::filesystem::path> paths);

  // One directory: all that is in it, or some names.
  struct Watched {
    std::filesystem::path directory;
    bool whole = false;
    std::set<std::string> names = {};
  };

  Result<void> watch_all();
  Result<int> watch(const std::filesystem::path& directory);
  Result<void> watch_below(const std::filesystem::path& directory, std::set<int>& seen);
  bool is_change(int watch, std::uint32_t what, const std::string& name) const;

  int descriptor_ = -1;
  std::vector<std::filesystem::path> paths_;
  std::map<int, Watched> watched_ = {};
};

}  // namespace lambdapool::deploy
