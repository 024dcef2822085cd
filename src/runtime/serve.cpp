#include "runtime/serve.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>

#include "core/limits.hpp"
#include "core/part_frames.hpp"
#include "core/whole_number.hpp"
#include "runtime/channel.hpp"
#include "runtime/crash_report.hpp"
#include "runtime/forked_child.hpp"
#include "runtime/output_tap.hpp"
#include "runtime/packets.hpp"
#include "runtime/perform.hpp"

namespace lambdapool::runtime {
namespace {

__attribute__((section(".lambdapool"), used)) const char marker[] = "lambdapool runtime 1";

Result<Channel> open_channel(const Environment& environment) {
  if (const auto number = environment.get("LAMBDAPOOL_RUNTIME_FD")) return Channel::on_descriptor(*number);
  return Channel::connect(environment.get("AWS_LAMBDA_RUNTIME_API").value_or(""));
}

// The stream of a task's answer, which begins with the first frames. From any thread.
class Stream {
 public:
  Stream(Channel& channel, const std::string& id) : channel_(channel), id_(id) {}

  Result<void> write(std::string_view frames) {
    const std::lock_guard lock(mutex_);
    return write_both(frames, {});
  }
  // The answer, in two pieces, with which the stream ends. False: there is no room for it.
  bool write_answer(std::string_view first, std::string_view second) {
    const std::lock_guard lock(mutex_);
    const std::string head = part_head('A', {}, first, second).append(first);
    if (size_ + head.size() + second.size() > bytes_max) return false;
    write_both(head, second);
    return true;
  }
  // Of output, which goes to the log in any case: what a slow reader would hold up is left out.
  void show(std::string_view lines) {
    if (has_begun() && !channel_.takes_more()) {
      left_out_ = true;
      return;
    }
    if (std::exchange(left_out_, false)) show("lambdapool: output is left out here, for it came too fast\n");
    if (const std::string frame = output_.of(lines); !frame.empty()) write(frame);
  }
  bool has_begun() {
    const std::lock_guard lock(mutex_);
    return has_begun_;
  }
  const Result<void>& state() const { return state_; }  // an error: no more can be written

 private:
  static constexpr auto bytes_max = static_cast<std::size_t>(limits::streamed_payload_bytes_max);

  Result<void> write_both(std::string_view first, std::string_view second) {
    if (state_ && !std::exchange(has_begun_, true)) state_ = channel_.begin_stream(id_, parts_media_type);
    if (state_) state_ = channel_.stream(first, second);
    size_ += first.size() + second.size();
    return state_;
  }

  Channel& channel_;
  const std::string& id_;
  std::mutex mutex_;
  bool has_begun_ = false;
  std::size_t size_ = 0;
  Result<void> state_ = {};
  OutputFrames output_;
  bool left_out_ = false;
};

// What is known of the local Lambda: the memory for outcomes, and the socket for small tasks. Null elsewhere.
struct Local {
  std::unique_ptr<PartsMemory> parts;
  std::unique_ptr<Packets> packets;
};

Local open_local(const Environment& environment, Channel& channel) {
  Local local;
  local.parts = PartsMemory::on_descriptor(environment.get("LAMBDAPOOL_PARTS_FD").value_or(""));
  if (!local.parts) return local;  // without it answers are streamed, which packets cannot be
  const auto memory_mb = whole_number(environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").value_or(""));
  local.packets = Packets::on_descriptor(environment.get("LAMBDAPOOL_PACKETS_FD").value_or(""), channel,
                                         memory_mb.value_or(128));
  return local;
}

// Where the sender of a task takes it so, what is there early goes out in a stream, with the answer at its
// end.
Result<Invocation> handle(Channel& channel, const Local& local, const Invocation& invocation,
                          const ProgramIdentity& identity, Blobs& blobs, std::unique_ptr<OutputTap>& tap) {
  const std::string& id = invocation.request_id;
  Stream out(channel, id);
  PartsStream stream([&](std::string_view frames) { return out.write(frames); });
  const auto show_output = [&] {
    if (!tap) tap = OutputTap::open();
    if (tap) tap->begin([&](std::string_view lines) { out.show(lines); });
  };
  const auto end_output = [&] {
    flush_output();
    if (tap) tap->end();
  };
  const auto take_large = [&](std::string_view head, std::string_view body) {
    end_output();  // nothing comes behind an answer
    return out.write_answer(head, body);
  };
  report_at_deadline(invocation.deadline);
  const auto answer = perform(invocation.payload, identity, invocation.deadline,
                              [] { return std::chrono::system_clock::now(); }, {}, &blobs,
                              {local.parts.get(), &stream, show_output, take_large});
  report_no_deadline();
  end_output();
  if (local.parts) local.parts->clear();
  if (!out.state()) return tl::unexpected<Error>(out.state().error());
  if (!out.has_begun()) {
    const auto tell = [&](Answered kind, std::string_view body, std::string_view error_type) {
      if (local.packets) return local.packets->answer(invocation, kind, body, error_type);
      return channel.answer(id, kind, body, error_type);
    };
    if (answer) return tell(Answered::response, *answer, {});
    return tell(Answered::error, describe(answer.error()), answer.error().type);
  }
  if (local.packets) local.packets->stand_aside();
  if (answer && answer->empty()) return channel.end_stream();
  if (!answer) return channel.end_stream(Channel::Trailer{answer.error().type, describe(answer.error())});
  if (auto written = channel.stream(part_head('A', {}, *answer), *answer); !written)
    return tl::unexpected<Error>(written.error());
  return channel.end_stream();
}

}  // namespace

const char* runtime_marker() { return marker; }

bool is_worker(const Environment& environment) {
  return environment.get("AWS_LAMBDA_RUNTIME_API").has_value() && environment.get("_HANDLER") == "lambdapool";
}

void serve(const Environment& environment, Remote remote) {
  for (const char* name : {"AWS_LAMBDA_RUNTIME_API", "_HANDLER", "LAMBDAPOOL_RUNTIME_FD",
                           "LAMBDAPOOL_PARTS_FD", "LAMBDAPOOL_PACKETS_FD"})
    ::unsetenv(name);
  auto channel = open_channel(environment);
  if (!channel) {
    std::fprintf(stderr, "lambdapool: %s\n", channel.error().message.c_str());
    end_process(1);
  }
  // First, since the local Lambda finds the first task meanwhile.
  const Local local = open_local(environment, *channel);
  report_crashes();
  print_by_lines();
  const ProgramIdentity identity = own_identity();
  Blobs blobs(std::move(remote), environment);
  std::unique_ptr<OutputTap> tap;  // once somebody wants it
  auto invocation = local.packets ? local.packets->first() : channel->first();
  while (invocation) invocation = handle(*channel, local, *invocation, identity, blobs, tap);
  std::fprintf(stderr, "lambdapool: %s\n", invocation.error().message.c_str());
  end_process(1);
}

}  // namespace lambdapool::runtime
