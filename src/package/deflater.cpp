#include "package/deflater.hpp"

#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

namespace lambdapool::package {

namespace {

constexpr std::size_t block_bytes = std::size_t{256} << 10;  // some milliseconds
constexpr std::size_t window_bytes = std::size_t{32} << 10;  // so far back deflate looks
constexpr std::size_t sample_bytes = std::size_t{4} << 10;
constexpr std::size_t samples = 4;
// Shared libraries are 0.7 % larger than with 6, and take 0.6 of the time.
constexpr int level = 5;
constexpr int level_of_samples = 1;
// Symbols for one set of Huffman codes: with 9 those fit less well, and the buffers fit the caches less.
constexpr int memory_level = 8;
constexpr unsigned threads_reasonable = 16;

Bytef* as_bytes(const char* data) { return reinterpret_cast<Bytef*>(const_cast<char*>(data)); }

class Stream {
 public:
  explicit Stream(int level) {
    if (deflateInit2(&stream_, level, Z_DEFLATED, -MAX_WBITS, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~Stream() { deflateEnd(&stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // `before` is what the stream has had already.
  void append(std::string_view before, std::string_view data, int flush, std::string& out) {
    deflateReset(&stream_);
    if (!before.empty())
      deflateSetDictionary(&stream_, as_bytes(before.data()), static_cast<uInt>(before.size()));
    constexpr std::size_t flush_bytes = 16;
    const std::size_t most = deflateBound(&stream_, data.size()) + flush_bytes;
    if (room_.size() < most) room_.resize(most);
    stream_.next_in = as_bytes(data.data());
    stream_.avail_in = static_cast<uInt>(data.size());
    stream_.next_out = as_bytes(room_.data());
    stream_.avail_out = static_cast<uInt>(room_.size());
    ::deflate(&stream_, flush);
    out.append(room_, 0, room_.size() - stream_.avail_out);
  }

 private:
  z_stream stream_{};
  std::string room_;  // its pages are there already
};

struct Streams {
  Stream thorough{level};
  Stream quick{level_of_samples};
  Stream none{Z_NO_COMPRESSION};
};

// Whether it is what compresses to next to nothing less: images, archives, random numbers. To find that out
// costs a twentieth of trying.
bool looks_compressed(std::string_view block, Stream& quick) {
  if (block.size() < 2 * samples * sample_bytes) return false;
  std::string out;
  for (std::size_t i = 0; i < samples; ++i)
    quick.append({}, block.substr(i * (block.size() / samples), sample_bytes), Z_FINISH, out);
  constexpr std::size_t sampled = samples * sample_bytes;
  return out.size() > sampled - sampled / 50;
}

DeflatedBlock deflate_block(const std::string& content, std::size_t begin) {
  thread_local Streams streams;
  const std::string_view all = content;
  const std::string_view block = all.substr(begin, block_bytes);
  const std::size_t before = std::min(begin, window_bytes);
  const int flush = begin + block.size() == all.size() ? Z_FINISH : Z_SYNC_FLUSH;
  DeflatedBlock done;
  done.size = block.size();
  done.crc = crc32(0, as_bytes(block.data()), static_cast<uInt>(block.size()));
  if (looks_compressed(block, streams.quick))
    streams.none.append({}, block, flush, done.bytes);
  else
    streams.thorough.append(all.substr(begin - before, before), block, flush, done.bytes);
  return done;
}

}  // namespace

Deflater::Deflater(unsigned threads) : threads_max_(std::clamp(threads, 1U, threads_reasonable)) {}

Deflater::~Deflater() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    tasks_.clear();
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

std::vector<std::future<DeflatedBlock>> Deflater::deflate(const std::shared_ptr<const std::string>& content) {
  std::vector<std::future<DeflatedBlock>> blocks;
  for (std::size_t begin = 0; blocks.empty() || begin < content->size(); begin += block_bytes) {
    Task task([content, begin] { return deflate_block(*content, begin); });
    blocks.push_back(task.get_future());
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (idle_ < tasks_.size() && threads_.size() < threads_max_) threads_.emplace_back([this] { run(); });
    changed_.notify_one();
  }
  return blocks;
}

void Deflater::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return ended_ || !tasks_.empty(); });
    --idle_;
    if (ended_) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace lambdapool::package
