#include "runtime/packets.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>

#include "core/envelope.hpp"
#include "core/packets.hpp"
#include "core/whole_number.hpp"

namespace lambdapool::runtime {
namespace {

constexpr std::size_t around_an_answer = 64;             // its kind and its request id
constexpr std::chrono::milliseconds memory_interval{1};  // in which no task gets from enough to beyond

// To sleep and be woken takes longer, and no less of the processor, than to look so long for what comes soon,
// as the next packet does where a caller waits for each of his tasks. Where it did not, since others have the
// processor, there is no looking for so many tasks.
constexpr std::chrono::microseconds looks_for{300};
constexpr int looks_again_after = 300;

constexpr std::uint64_t time_max_ms = 1'000'000'000'000;  // what the clock can say

tl::unexpected<Error> lost(const char* what) {
  return fail(ErrorKind::network, std::string("the local Lambda ") + what);
}

std::optional<Invocation> task_in(std::string_view packet) {
  const auto end = packet.find('\0');
  const bool is_task = packet.starts_with(packet::task) || packet.starts_with(packet::waited_task);
  if (!is_task || end == std::string_view::npos) return std::nullopt;
  const std::string_view head = packet.substr(1, end - 1);
  const auto id_end = head.find('\n');
  const auto time_end = id_end == std::string_view::npos ? id_end : head.find('\n', id_end + 1);
  if (time_end == std::string_view::npos) return std::nullopt;
  const auto time = whole_number(head.substr(id_end + 1, time_end - id_end - 1));
  if (!time || *time > time_max_ms) return std::nullopt;
  return Invocation{std::string(head.substr(0, id_end)),
                    std::chrono::system_clock::now() + std::chrono::milliseconds(*time),
                    std::string(packet.substr(end + 1))};
}

// The next one may be such a task again, which comes as a packet.
bool would_have_fitted(std::string_view payload) {
  return payload.size() < packet::bytes_max && envelope::is_raw(payload);
}

}  // namespace

std::unique_ptr<Packets> Packets::on_descriptor(const std::string& number, Channel& channel,
                                                std::uint64_t memory_mb, int log) {
  const auto parsed = whole_number(number);
  const int fd = parsed && *parsed > 2 && *parsed < (1u << 20) ? static_cast<int>(*parsed) : -1;
  struct stat status {};
  if (fd < 0 || ::fstat(fd, &status) != 0 || !S_ISSOCK(status.st_mode)) return nullptr;
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  std::unique_ptr<Packets> packets(new Packets(fd, channel, memory_mb, log));
  return packets->send({&packet::ready, 1}) ? std::move(packets) : nullptr;
}

// A task may put something else in the log's place.
Packets::Packets(int socket, Channel& channel, std::uint64_t memory_mb, int log)
    : socket_(socket),
      channel_(channel),
      log_(::fcntl(log, F_DUPFD_CLOEXEC, 3)),
      enough_kb_(memory_mb * 1024 / 4 * 3),
      room_(packet::bytes_max, '\0') {}

Packets::~Packets() {
  ::close(socket_);
  if (log_ >= 0) ::close(log_);
}

Result<void> Packets::send(std::string_view packet) {
  while (::send(socket_, packet.data(), packet.size(), MSG_NOSIGNAL) < 0)
    if (errno != EINTR) return lost("took no answer");
  return {};
}

Result<Invocation> Packets::first() { return next(); }

ssize_t Packets::receive() {
  using Clock = std::chrono::steady_clock;
  static const bool several_processors = std::thread::hardware_concurrency() > 1;
  bool looks = room_[0] == packet::waited_task && several_processors;
  if (looks && pause_ > 0) looks = false, --pause_;
  const auto end = looks ? Clock::now() + looks_for : Clock::time_point();
  for (;;) {
    if (looks && Clock::now() >= end) looks = false, pause_ = looks_again_after;
    const ssize_t got = ::recv(socket_, room_.data(), room_.size(), looks ? MSG_DONTWAIT : 0);
    if (got >= 0 || (errno != EINTR && !(looks && errno == EAGAIN))) return got;
  }
}

Result<Invocation> Packets::next() {
  const ssize_t got = receive();
  if (got <= 0) return lost("is gone");
  const std::string_view packet(room_.data(), static_cast<std::size_t>(got));
  by_packet_ = packet[0] != packet::fetch;
  if (!by_packet_) return channel_.first();
  auto task = task_in(packet);
  if (!task) return lost("sent a packet that is no task");
  return std::move(*task);
}

Result<Invocation> Packets::answer(const Invocation& answered, Answered kind, std::string_view body,
                                   std::string_view error_type) {
  const std::string& id = answered.request_id;
  const bool fits = body.size() + id.size() + around_an_answer <= packet::bytes_max;
  if (by_packet_ && kind == Answered::response && fits && !is_short_of_memory()) {
    std::string packet(1, mark(id) ? packet::answer : packet::quiet_answer);
    packet.reserve(1 + id.size() + body.size());
    packet.append(id).append(body);
    if (auto sent = send(packet); !sent) return tl::unexpected<Error>(sent.error());
    return next();
  }
  if (!by_packet_ && !would_have_fitted(answered.payload)) return channel_.answer(id, kind, body, error_type);
  auto told = channel_.answer_alone(id, kind, body, error_type);
  if (told) told = send({&packet::ready, 1});
  if (!told) return tl::unexpected<Error>(told.error());
  return next();
}

// Near the limit it takes no task before it is known what the last one has used.
bool Packets::is_short_of_memory() {
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_ < memory_interval) return false;
  looked_ = now;
  rusage used{};
  return ::getrusage(RUSAGE_SELF, &used) == 0 && static_cast<std::uint64_t>(used.ru_maxrss) > enough_kb_;
}

// Whether there was something to be marked: of what this task has written, not all has been read.
bool Packets::mark(const std::string& request_id) {
  int unread = 0;
  if (::ioctl(log_, FIONREAD, &unread) == 0 && unread == 0) return false;
  const std::string mark = packet::mark_begin + request_id + packet::mark_end;
  while (::write(log_, mark.data(), mark.size()) < 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN) break;     // what there is, is read
    pollfd room{log_, POLLOUT, 0};  // a task has made it so
    ::poll(&room, 1, -1);
  }
  return true;
}

}  // namespace lambdapool::runtime
