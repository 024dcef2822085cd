// Bodies that are never whole in memory: where a request's goes as it comes, and where an answer's comes
// from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "http/message.hpp"

namespace lambdapool::http {

// Takes a request's body piece by piece, on the loop's thread. One that is destroyed before the request was
// handed over has seen only a part of it.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // An answer: no more is taken, the request is refused with it and the connection closed.
  virtual std::optional<Response> write(std::string_view piece) = 0;
};

// The sink for the body of an admitted request; null: it is kept in memory, within the limits.
using Divert = std::function<std::unique_ptr<BodySink>(const Request& head)>;

// Gives an answer's body piece by piece, on the loop's thread.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual std::uint64_t size() const = 0;  // of all pieces together
  // Between 1 and `most` bytes into `piece`; 0: it cannot be read, and the connection is broken off.
  virtual std::size_t read(char* piece, std::size_t most) = 0;
};

}  // namespace lambdapool::http
