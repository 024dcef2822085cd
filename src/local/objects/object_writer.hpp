// A body on its way into a file of a bucket, checked as it comes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/descriptor.hpp"
#include "core/encoding.hpp"
#include "http/body_stream.hpp"
#include "local/control/refusal.hpp"
#include "local/objects/aws_chunks.hpp"

namespace lambdapool::local {

// What the head says of the body that follows.
struct Promise {
  std::string sha256_hex;  // "" where nothing is said
  std::string crc32;       // base64 of four bytes; likewise
  bool chunked = false;    // "aws-chunked": within HTTP's own framing, each piece says how long it is
  std::optional<std::uint64_t> length = {};  // of what is stored
};
Promise promise_of(const http::Request& head);

class ObjectWriter : public http::BodySink {
 public:
  // Writes to a new file of a random name in `directory`, removed unless it is taken.
  ObjectWriter(const std::filesystem::path& directory, Promise promise);
  ~ObjectWriter() override;

  std::optional<http::Response> write(std::string_view piece) override;

  // The file's name, once the body is whole and what was promised.
  OrRefusal<std::string> take();

 private:
  std::optional<Refusal> store(std::string_view bytes);

  std::filesystem::path path_;
  Promise promise_;
  Descriptor file_;
  std::optional<Refusal> why_not_;  // it could not be opened
  AwsChunks chunks_;
  Sha256Stream sha256_;
  std::uint32_t crc32_ = 0;
  std::uint64_t bytes_ = 0;
  bool taken_ = false;
};

}  // namespace lambdapool::local
