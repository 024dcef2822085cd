#include "package/deflater.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "core/own_thread.hpp"

namespace lambdapool::package {

namespace {

constexpr std::size_t block_bytes = std::size_t{2} << 20;  // some 20 milliseconds
constexpr std::size_t sample_bytes = std::size_t{4} << 10;
constexpr std::size_t sampled_every = std::size_t{128} << 10;
// Shared libraries are 1.5 % smaller than with zlib's level 5, and text 6 %, in half of the time.
constexpr int level = 5;
constexpr int level_of_samples = 1;
constexpr unsigned threads_reasonable = 16;

class Compressor {
 public:
  explicit Compressor(int effort) : compressor_(libdeflate_alloc_compressor(effort)) {
    if (compressor_ == nullptr) throw std::bad_alloc();
  }
  ~Compressor() { libdeflate_free_compressor(compressor_); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // A stream of its own; valid until the next one is made.
  std::string_view deflate(std::string_view data) {
    const std::size_t most = libdeflate_deflate_compress_bound(compressor_, data.size());
    if (room_.size() < most) room_.resize(most);
    return {room_.data(),
            libdeflate_deflate_compress(compressor_, data.data(), data.size(), room_.data(), room_.size())};
  }

 private:
  libdeflate_compressor* compressor_;
  std::string room_;  // its pages are there already
};

// Reads a stream for the sake of where its blocks are.
class Reader {
 public:
  struct Last {
    std::size_t begin, end;  // of the stream's last block, in bits
  };

  Reader() {
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~Reader() { inflateEnd(&stream_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Last find_last(std::string& bytes, std::size_t inflated_size) {
    inflateReset(&stream_);
    if (room_.size() <= inflated_size) room_.resize(inflated_size + 1);
    stream_.next_in = reinterpret_cast<Bytef*>(bytes.data());
    stream_.avail_in = static_cast<uInt>(bytes.size());
    stream_.next_out = reinterpret_cast<Bytef*>(room_.data());
    stream_.avail_out = static_cast<uInt>(room_.size());
    constexpr int unused_bits = 7, is_last = 64, at_end_of_block = 128;  // of data_type
    for (std::size_t begin = 0;;) {
      LAMBDAPOOL_CHECK(inflate(&stream_, Z_BLOCK) == Z_OK && (stream_.data_type & at_end_of_block) != 0);
      const std::size_t end =
          8 * stream_.total_in - static_cast<std::size_t>(stream_.data_type & unused_bits);
      if ((stream_.data_type & is_last) != 0) return {begin, end};
      begin = end;
    }
  }

 private:
  z_stream stream_{};
  std::string room_;
};

// The stream goes on behind these bytes: its last block is not the last any more, and an empty one fills the
// byte that it ends in.
void leave_open(std::string& bytes, std::size_t inflated_size) {
  thread_local Reader reader;
  const auto [begin, end] = reader.find_last(bytes, inflated_size);
  bytes[begin / 8] = static_cast<char>(bytes[begin / 8] & ~(1U << begin % 8));
  constexpr std::size_t head_bits = 3;  // of a block that is stored: all zero
  bytes.resize((end + head_bits + 7) / 8);
  constexpr std::string_view empty("\0\0\xff\xff", 4);
  bytes.append(empty);
}

struct Compressors {
  Compressor thorough{level};
  Compressor quick{level_of_samples};
  Compressor none{0};
};

// Whether it is what compresses to next to nothing less: images, archives, random numbers. To find that out
// costs a twentieth of trying.
bool looks_compressed(std::string_view block, Compressor& quick) {
  if (block.size() < 8 * sample_bytes) return false;
  const std::size_t samples = std::max(std::size_t{4}, block.size() / sampled_every);
  std::size_t size = 0;
  for (std::size_t i = 0; i < samples; ++i)
    size += quick.deflate(block.substr(i * (block.size() / samples), sample_bytes)).size();
  const std::size_t sampled = samples * sample_bytes;
  return size > sampled - sampled / 50;
}

DeflatedBlock deflate_block(const std::string& content, std::size_t begin) {
  thread_local Compressors compressors;
  const std::string_view block = std::string_view(content).substr(begin, block_bytes);
  DeflatedBlock done;
  done.size = block.size();
  done.crc = libdeflate_crc32(0, block.data(), block.size());
  Compressor& fitting = looks_compressed(block, compressors.quick) ? compressors.none : compressors.thorough;
  done.bytes = fitting.deflate(block);
  if (begin + block.size() < content.size()) leave_open(done.bytes, block.size());
  return done;
}

}  // namespace

Deflater::Deflater(unsigned threads) : threads_max_(std::clamp(threads, 1U, threads_reasonable)) {
  threads_.reserve(threads_max_);  // one that runs cannot be dropped for want of memory
}

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
    if (idle_ < tasks_.size() && threads_.size() < threads_max_) {
      try {
        threads_.push_back(start_own_thread([this] { run(); }));
      } catch (const NoThread&) {
        if (threads_.empty()) throw;
      }
    }
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
