// The directory in which a service keeps its workers' /tmp, merged layers and programs. Locked while its
// owner lives, so that the next service can tell what a killed one has left behind, and remove it.
#pragma once

#include <filesystem>
#include <map>
#include <vector>

#include "core/descriptor.hpp"
#include "core/error.hpp"

namespace lambdapool::local {

class Scratch {
 public:
  Scratch() = default;
  // Creates and locks `path`; removes abandoned ones beside it.
  static Result<Scratch> claim(const std::filesystem::path& path);
  Scratch(Scratch&&) noexcept = default;
  Scratch& operator=(Scratch&&) noexcept = default;
  ~Scratch() { remove(); }

  void remove();                           // with all that is in it
  void close_in_fork() { lock_.reset(); }  // in a forked child, which would hold the lock on

  const std::filesystem::path& path() const { return path_; }

  // An empty directory with /tmp's permissions. One is made in advance by prepare_tmp(): that takes the disk
  // longer than all else that is done here for a worker.
  Result<std::filesystem::path> make_tmp();
  void prepare_tmp();
  static void remove_tmp(const std::filesystem::path& path);

  // What /opt is for these layers: later ones win. One layer is its own directory; several are merged
  // once, by hard links where the file system allows. "" for none.
  Result<std::filesystem::path> merge_layers(const std::vector<std::filesystem::path>& layers);

 private:
  std::filesystem::path path_;
  Descriptor lock_;
  int next_ = 1;
  std::filesystem::path spare_tmp_;  // "" where there is none
  std::map<std::vector<std::filesystem::path>, std::filesystem::path> merged_;
};

}  // namespace lambdapool::local
