// The JSON object that carries a task through Invoke and an outcome back. docs/protocol.md specifies it.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace lambdapool::envelope {

inline constexpr int version = 1;

// What both directions carry. `body` is opaque to everything but the two ends' codec.
struct Envelope {
  std::string codec;      // "pickle" or "cpp"
  std::string peer = {};  // who encoded it: Python's version ("3.11"), or the executable's build identity
  std::string body;
};

enum class Direction { task, outcome };

// {"lambdapool":1,"codec":"pickle","peer":"3.11","encoding":"base64","task":"..."}; the body is
// compressed ("zlib+base64") where that pays, tried from 4 KiB up. `extra` follows `body` without a copy.
std::string encode(Direction direction, std::string_view codec, std::string_view peer, std::string_view body,
                   std::string_view extra = {});

// Decompressed bodies beyond this are refused rather than allocated.
inline constexpr std::size_t max_body_bytes = std::size_t{256} << 20;

// Error kind protocol: says what is missing or malformed, and which versions this side speaks.
Result<Envelope> decode(Direction direction, std::string_view json, std::size_t max_body = max_body_bytes);

}  // namespace lambdapool::envelope
