// A worker's share in data that did not fit a call: fetched once, checked, and kept while there is room.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/environment.hpp"
#include "core/task_data.hpp"

namespace lambdapool::runtime {

// How a worker speaks to where data lies. Given from outside, because most workers never do.
struct Remote {
  std::function<Result<void>(const std::string& url, char* into, std::uint64_t size)> fetch;
  std::function<Result<void>(const std::string& url, std::string_view bytes)> put;
};

// Bytes in memory, or a file's. They begin at an address that fits every type.
class Bytes {
 public:
  virtual ~Bytes() = default;
  virtual std::string_view view() const = 0;
};

class Blobs {
 public:
  Blobs() = default;  // none can be had
  Blobs(Remote remote, const Environment& environment);

  // Error kinds: network, access_denied, not_found, protocol (other bytes), io.
  Result<std::shared_ptr<const Bytes>> get(const envelope::Blob& blob);
  Result<void> put(const std::string& url, std::string_view bytes) const;

  // The body that the envelope's data say, put together.
  Result<std::string> assemble(const envelope::TaskData& data, std::string body);

  // For the task that runs: those that came with it, by their digests (Shared<T> asks).
  void begin_task(std::vector<envelope::Blob> blobs);

 private:
  struct Kept {
    std::string sha256;
    std::shared_ptr<const Bytes> bytes;
  };
  Remote remote_ = {};
  std::string directory_ = {};  // of the machine's object store; "" where there is none
  std::uint64_t room_ = 0;      // for what was fetched
  std::list<Kept> kept_ = {};   // what was used last comes first
};

}  // namespace lambdapool::runtime
