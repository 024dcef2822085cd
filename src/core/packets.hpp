// The other way of our own runtimes on the local Lambda, beside the Runtime API's HTTP: a task or an answer
// is one packet, which neither side has to parse (docs/protocol.md, Packets). The first byte says what it is.
#pragma once

#include <cstddef>

namespace lambdapool::packet {

// To the runtime. A task is its request id, "\n", the ms that it may take, "\n", a trace id, "\0" and the raw
// envelope.
inline constexpr char task = 'T';
inline constexpr char waited_task = 'W';  // its caller is looking for the answer, and comes back soon
inline constexpr char row_task = 'M';     // its items begin one by one, with tokens from another socket
inline constexpr char fetch = 'F';        // the next invocation is to be asked for over HTTP

// From it: it is then free for the next, which may have come already.
inline constexpr char ready = 'R';  // the first one; later, when its answer over HTTP has been taken
inline constexpr char ready_for_rows[] = "RM";  // as the first one, of who knows them
inline constexpr char answer = 'A';             // request id, answer
inline constexpr char quiet_answer = 'Q';  // the same; the log has nothing of this task that was not read
// In the log, behind what a task has written and before an `answer`: the request id between these.
inline constexpr char mark_begin = '\0';
inline constexpr char mark_end = '\n';

// What is larger goes over HTTP.
inline constexpr std::size_t bytes_max = std::size_t{48} << 10;

}  // namespace lambdapool::packet
