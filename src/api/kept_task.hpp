// Tasks that failed, as files (MapOptions::keep_failed): what was sent for one item, to be run again here by
// this very program (replay.hpp). A line of JSON says what it is and how many bytes each part behind it has:
// the message, and the shared data that it refers to. Python's have the same form
// (python/lambdapool/kept.py).
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace lambdapool::api {

struct SharedPart {
  std::string sha256;
  std::string bytes;
};

struct KeptTask {
  std::string function;
  std::string failure;
  std::string peer;  // of the program that sent it
  std::optional<std::size_t> item = {};
  std::string message = {};
  std::vector<SharedPart> shared = {};
};

// Error kinds: io, invalid_argument (it is no such file).
Result<KeptTask> read_kept_task(const std::string& path);

// Of one pool. The folder is made when something fails.
class Keeper {
 public:
  // What a message refers to.
  using SharedIn = std::function<Result<std::vector<SharedPart>>(std::string_view message)>;
  Keeper(std::string function, std::string peer, SharedIn shared_in)
      : function_(std::move(function)), peer_(std::move(peer)), shared_in_(std::move(shared_in)) {}

  // `message` has this one item. What cannot be written is told once, on standard error. Not for failures of
  // what has certainly not run.
  void keep(const std::string& folder, std::string message, std::optional<std::size_t> item,
            const std::exception_ptr& failure);

 private:
  const std::string function_;
  const std::string peer_;
  const SharedIn shared_in_;
  std::once_flag told_;
};

}  // namespace lambdapool::api
