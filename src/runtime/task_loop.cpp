#include "runtime/task_loop.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "core/timestamp.hpp"
#include "runtime/crash_report.hpp"
#include "runtime/early.hpp"
#include "runtime/forked_child.hpp"
#include "runtime/perform.hpp"
#include "runtime/program.hpp"

namespace lambdapool::runtime {
namespace {

constexpr const char* parts_variable = "LAMBDAPOOL_PARTS_FD";

// Room for an envelope's other members.
constexpr std::size_t members_max = std::size_t{64} << 10;

bool read_all(int channel, char* into, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(channel, into, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    into += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool send_all(int channel, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(channel, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string lengths(std::size_t type, std::size_t answer) {
  const std::uint64_t both[] = {type, answer};
  std::string bytes(sizeof both, '\0');
  std::memcpy(bytes.data(), both, sizeof both);
  return bytes;
}

Limits http_limits() {
  Limits limits;
  limits.response_bytes = task_bytes_max;
  limits.raw_bytes = task_bytes_max - members_max;
  limits.of =
      "this platform's limit for an answer: " + std::to_string(task_bytes_max) + " bytes; return less";
  return limits;
}

}  // namespace

// The service that started this process ends it, when it likes: so it ends with the channel.
void serve_tasks(int channel, const Environment& environment, Remote remote) {
  ::fcntl(channel, F_SETFD, FD_CLOEXEC);
  ::unsetenv(parts_variable);
  const auto parts = PartsMemory::on_descriptor(environment.get(parts_variable).value_or(""));
  report_crashes();
  print_by_lines();
  const ProgramIdentity identity = own_identity();
  const Limits limits = http_limits();
  Blobs blobs(std::move(remote), environment);
  const auto now = [] { return std::chrono::system_clock::now(); };
  for (;;) {
    std::array<char, 16> head;
    if (!read_all(channel, head.data(), head.size())) end_process(0);
    std::uint64_t size = 0;
    double seconds = 0;
    std::memcpy(&size, head.data(), sizeof size);
    std::memcpy(&seconds, head.data() + sizeof size, sizeof seconds);
    if (size > task_bytes_max) end_process(1);
    std::string task(size, '\0');
    if (!read_all(channel, task.data(), task.size())) end_process(0);
    const auto deadline = now() + std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1'000));
    report_at_deadline(deadline);
    auto outcome = perform(task, identity, deadline, now, limits, &blobs, {parts.get()});
    report_no_deadline();
    flush_output();
    const std::string type = outcome ? "" : outcome.error().type;
    const std::string answer = outcome ? std::move(*outcome) : describe(outcome.error());
    if (!send_all(channel, lengths(type.size(), answer.size()) + type) || !send_all(channel, answer))
      end_process(0);
  }
}

}  // namespace lambdapool::runtime
