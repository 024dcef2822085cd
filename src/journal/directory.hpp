// Where runs are: a directory each, with the journal, its lock, and results that are large.
#pragma once

#include <filesystem>
#include <string>

#include "core/environment.hpp"
#include "core/error.hpp"

namespace lambdapool::journal {

// $LAMBDAPOOL_RUNS, else lambdapool/runs in $XDG_STATE_HOME, else in ~/.local/state.
std::filesystem::path runs_directory(const Environment& environment);

// Error, kind invalid_argument: the name cannot be a directory's. It has 1 to 100 of letters, digits, ".",
// "_" and "-", and does not begin with ".".
Result<void> check_name(const std::string& name);

// Its user's alone, with what is missing above it. Error kind: io.
Result<void> make_private_directory(const std::filesystem::path& directory);

// Held until it is destroyed or the process ends, however that ends.
class Lock {
 public:
  // Error kinds: run (somebody has it: another process, or another pool of this one), io.
  static Result<Lock> take(const std::filesystem::path& file, const std::string& name);
  static bool is_taken(const std::filesystem::path& file);
  Lock(Lock&& other) noexcept;
  Lock& operator=(Lock&&) = delete;
  ~Lock();

 private:
  explicit Lock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace lambdapool::journal
