// The JSON object that carries a task through Invoke and an outcome back. docs/protocol.md specifies it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/architecture.hpp"
#include "core/error.hpp"
#include "core/limits.hpp"

namespace lambdapool::envelope {

inline constexpr int version = 1;

// What both directions carry. `body` is opaque to everything but the two ends' codec.
struct Envelope {
  std::string codec;      // "pickle" or "cpp"
  std::string peer = {};  // who encoded it: Python's version ("3.11"), or the executable's build identity
  std::string body;
  std::string echo = {};  // the task's, which its outcome repeats; "" where there is none
  bool raw = false;       // it came with its body as it is: see encode_raw
  bool stored = false;    // of an outcome: the body says what was stored in its place, "sha256:size,size,..."
  std::vector<std::uint64_t> buffers = {};  // of a raw outcome: the sizes of those that end the body
};

// The members before the body.
struct Label {
  std::string_view codec;
  std::string_view peer;
  std::string_view echo = {};         // "" where there is none
  std::chrono::seconds timeout = {};  // of an outcome; none where it is zero
  std::string_view code = {};         // of a task: which code its sender knows the worker to have; "" for any
  std::string_view members = {};      // further ones, as JSON: "blobs":[...],"results":{...}
};

// What an outcome says of the function that made it.
struct Told {
  std::optional<std::chrono::seconds> timeout;  // about the function's own
  std::optional<Architecture> architecture;     // of the machine that it runs on
};

enum class Direction { task, outcome };

// {"lambdapool":1,"codec":"pickle","peer":"3.11","echo":"...","encoding":"base64","task":"..."}; the body is
// compressed ("zlib+base64") where that pays, tried from 4 KiB up. `extra` follows `body` without a copy.
std::string encode(Direction direction, const Label& label, std::string_view body,
                   std::string_view extra = {});

// As encode; nullopt where that has more than `most` bytes, which is found out early.
std::optional<std::string> encode_within(std::size_t most, Direction direction, const Label& label,
                                         std::string_view body, std::string_view extra = {});

// For a service and workers of ours on this machine: the same object with the encoding "raw" and without the
// body's member, a zero byte (which JSON never has), and the body as it is.
std::string encode_raw(const Label& label, std::string_view body, std::string_view extra = {});

// A larger body would perhaps not fit Invoke, and then is to be found out in the one way for all targets.
inline constexpr std::size_t raw_body_max = (limits::request_payload_bytes_max - 16 * 1024) / 4 * 3;

inline bool is_raw(std::string_view payload) { return payload.find('\0') != std::string_view::npos; }

// What encode_raw has made as encode would have, for a worker that knows JSON alone.
Result<std::string> raw_as_json(Direction direction, std::string_view raw);

// Longer ones are refused: a worker repeats what anybody may have sent.
inline constexpr std::size_t echo_size_max = 64;

// Decompressed bodies beyond this are refused rather than allocated.
inline constexpr std::size_t max_body_bytes = std::size_t{256} << 20;

// Of JSON or raw. Error kind protocol: says what is missing or malformed, and which versions this side
// speaks.
Result<Envelope> decode(Direction direction, std::string_view payload, std::size_t max_body = max_body_bytes);

// The same of a payload that is not needed any more: a raw body is not copied.
Result<Envelope> decode_taken(Direction direction, std::string payload);

// Whether `payload` is the outcome of the task that was sent with `echo`, which must not be empty: looks at
// the members around the body, and at none of its bytes. Error kinds protocol (it is not, or cannot be read)
// and code_mismatch (a worker that knows no echo has made it).
Result<Told> check_echo(std::string_view payload, std::string_view echo);

}  // namespace lambdapool::envelope
