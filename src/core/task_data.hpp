// What an envelope says of data that is not in it (docs/protocol.md, Blobs).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/envelope.hpp"
#include "core/error.hpp"

namespace lambdapool::envelope {

struct Blob {
  std::string sha256;  // 64 lower-case hex digits
  std::uint64_t size = 0;
  std::string url;
  std::string file = {};  // "" where there is none
};

// Where a stretch of the body comes from: the next bytes of the envelope's body, or a blob.
struct Place {
  std::uint64_t bytes = 0;
  std::optional<std::size_t> blob = {};
};

struct TaskData {
  std::vector<Blob> blobs = {};
  std::optional<std::vector<Place>> pieces = {};  // nullopt: the body is the envelope's
  std::string results_url = {};                   // "" where there is none
  bool parts = false;                             // outcomes are taken ahead of the answer
  bool streams = false;                           // and the answer as the last of a stream of them
  bool large = false;                             // which may be raw, and larger than others
  bool output = false;                            // and what the task writes
};

// As Label::members has them; "" where there is nothing to say.
std::string data_members(const TaskData& data);

// The member of a task whose sender takes outcomes early, beside the answer or in a stream with it, and
// perhaps what the task writes.
struct PartsWanted {
  bool in_stream = false;
  bool output = false;
};
std::string_view parts_member(PartsWanted wanted);
// Makes a member that asks for a stream one that does not: no text in JSON holds it, as its quotes would be
// escaped there.
void stream_no_more(std::string& task);

// Error kind protocol.
Result<TaskData> read_task_data(std::string_view json);

// Of an outcome whose body was stored.
struct StoredBody {
  std::string sha256;
  std::vector<std::uint64_t> sizes;
};
std::string encode_stored(const Label& label, const StoredBody& stored);
Result<StoredBody> parse_stored(std::string_view text);  // an Envelope's body where it is `stored`

}  // namespace lambdapool::envelope
