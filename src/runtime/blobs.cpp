#include "runtime/blobs.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "core/encoding.hpp"
#include "lambdapool/shared.hpp"

namespace lambdapool::runtime {
namespace {

constexpr std::uint64_t memory_mb_unknown = 512;

class Fetched final : public Bytes {
 public:
  explicit Fetched(std::uint64_t size)
      : size_(size), data_(std::make_unique<std::max_align_t[]>(size / sizeof(std::max_align_t) + 1)) {}
  char* data() { return reinterpret_cast<char*>(data_.get()); }
  std::string_view view() const override { return {reinterpret_cast<const char*>(data_.get()), size_}; }

 private:
  std::uint64_t size_;
  std::unique_ptr<std::max_align_t[]> data_;
};

class MappedFile final : public Bytes {
 public:
  MappedFile(void* at, std::uint64_t size) : at_(at), size_(size) {}
  ~MappedFile() override { ::munmap(at_, size_); }
  std::string_view view() const override { return {static_cast<const char*>(at_), size_}; }

 private:
  void* at_;
  std::uint64_t size_;
};

// The machine's own object store shows its files; whatever is not as expected is asked for by the URL.
std::shared_ptr<const Bytes> map_file(const std::string& directory, const envelope::Blob& blob) {
  if (directory.empty() || blob.file.empty() || blob.file.find('/') != std::string::npos || blob.size == 0)
    return nullptr;
  const int file = ::open((directory + "/" + blob.file).c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  struct stat status {};
  void* at = MAP_FAILED;
  if (::fstat(file, &status) == 0 && static_cast<std::uint64_t>(status.st_size) == blob.size)
    at = ::mmap(nullptr, blob.size, PROT_READ, MAP_PRIVATE, file, 0);
  ::close(file);
  return at == MAP_FAILED ? nullptr : std::make_shared<MappedFile>(at, blob.size);
}

// What Shared<T> finds; one task runs at a time.
struct Current {
  Blobs* blobs = nullptr;
  std::vector<envelope::Blob> table = {};
};
Current& current() {
  static Current only;
  return only;
}

}  // namespace

Blobs::Blobs(Remote remote, const Environment& environment)
    : remote_(std::move(remote)), directory_(environment.get("LAMBDAPOOL_OBJECTS").value_or("")) {
  const auto memory = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").value_or("");
  std::uint64_t megabytes = memory_mb_unknown;
  std::from_chars(memory.data(), memory.data() + memory.size(), megabytes);
  room_ = megabytes * 1024 * 1024 / 2;
}

Result<std::shared_ptr<const Bytes>> Blobs::get(const envelope::Blob& blob) {
  const auto known =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.sha256 == blob.sha256; });
  if (known != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, known);
    return kept_.front().bytes;
  }
  if (auto mapped = map_file(directory_, blob)) return mapped;
  if (!remote_.fetch) return fail(ErrorKind::io, "this worker cannot fetch data");
  auto fetched = std::make_shared<Fetched>(blob.size);
  if (auto done = remote_.fetch(blob.url, fetched->data(), blob.size); !done)
    return tl::unexpected(done.error());
  if (sha256_hex(fetched->view()) != blob.sha256)
    return fail(
        ErrorKind::protocol,
        "it is not what the caller sent: its SHA-256 is another one; somebody has changed the object");
  kept_.push_front({blob.sha256, fetched});
  std::uint64_t bytes = 0;
  for (auto at = kept_.begin(); at != kept_.end();) {
    bytes += at->bytes->view().size();
    at = bytes > room_ && at != kept_.begin() ? kept_.erase(at) : std::next(at);
  }
  return fetched;
}

Result<void> Blobs::put(const std::string& url, std::string_view bytes) const {
  if (!remote_.put) return fail(ErrorKind::io, "this worker cannot store data");
  return remote_.put(url, bytes);
}

Result<std::string> Blobs::assemble(const envelope::TaskData& data, std::string body) {
  if (!data.pieces) return body;
  std::string whole;
  std::string_view left = body;
  for (const auto& place : *data.pieces) {
    if (!place.blob) {
      if (place.bytes > left.size()) return fail(ErrorKind::protocol, "its body is shorter than its pieces");
      whole.append(left.substr(0, place.bytes));
      left.remove_prefix(place.bytes);
      continue;
    }
    const auto& blob = data.blobs[*place.blob];
    const auto bytes = get(blob);
    if (!bytes) {
      Error error = bytes.error();
      error.message =
          "data of the task (" + std::to_string(blob.size) + " bytes) could not be fetched: " + error.message;
      return tl::unexpected(std::move(error));
    }
    whole.append((*bytes)->view());
  }
  return whole;
}

void Blobs::begin_task(std::vector<envelope::Blob> blobs) { current() = {this, std::move(blobs)}; }

}  // namespace lambdapool::runtime

namespace lambdapool::detail {

std::pair<std::shared_ptr<const void>, std::string_view> shared_bytes(std::string_view sha256) {
  auto& task = runtime::current();
  for (const auto& blob : task.table) {
    if (blob.sha256 != sha256) continue;
    auto bytes = task.blobs->get(blob);
    if (!bytes) throw MalformedMessage("what is shared could not be fetched: " + bytes.error().message);
    return {*bytes, (*bytes)->view()};
  }
  throw MalformedMessage("what is shared did not come with the task");
}

}  // namespace lambdapool::detail
