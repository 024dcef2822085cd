// Deflate (RFC 1951) on all processors: contents are cut into blocks of a fixed size, and each is compressed
// by itself, so that the bytes are the same however many threads there are.
#pragma once

#include <zlib.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace lambdapool::package {

struct DeflatedBlock {
  std::string bytes;  // the blocks of a content make a stream, one after the other
  uLong crc = 0;      // CRC-32 of what went in
  std::size_t size = 0;
};

class Deflater {
 public:
  explicit Deflater(unsigned threads = std::thread::hardware_concurrency());
  ~Deflater();  // what has not begun is not done any more

  // At least one block. A future throws std::bad_alloc where memory was short.
  std::vector<std::future<DeflatedBlock>> deflate(const std::shared_ptr<const std::string>& content);

 private:
  using Task = std::packaged_task<DeflatedBlock()>;

  void run();

  const std::size_t threads_max_;
  std::vector<std::thread> threads_;  // no more than there has been work for
  std::mutex mutex_;                  // over what follows
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  std::size_t idle_ = 0;
  bool ended_ = false;
};

}  // namespace lambdapool::package
