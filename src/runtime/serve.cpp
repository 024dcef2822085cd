#include "runtime/serve.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "core/part_frames.hpp"
#include "runtime/channel.hpp"
#include "runtime/crash_report.hpp"
#include "runtime/forked_child.hpp"
#include "runtime/perform.hpp"

namespace lambdapool::runtime {
namespace {

__attribute__((section(".lambdapool"), used)) const char marker[] = "lambdapool runtime 1";

Result<Channel> open_channel(const Environment& environment) {
  if (const auto number = environment.get("LAMBDAPOOL_RUNTIME_FD")) return Channel::on_descriptor(*number);
  return Channel::connect(environment.get("AWS_LAMBDA_RUNTIME_API").value_or(""));
}

constexpr const char* parts_type = "application/vnd.lambdapool.parts";

// Where the sender of a task takes it so, what is there early goes out in a stream, with the answer at its
// end.
Result<Invocation> handle(Channel& channel, const Invocation& invocation, const ProgramIdentity& identity,
                          Blobs& blobs, Parts* memory) {
  const std::string& id = invocation.request_id;
  bool streaming = false;
  PartsStream stream([&](std::string_view frames) -> Result<void> {
    if (!std::exchange(streaming, true))
      if (auto begun = channel.begin_stream(id, parts_type); !begun) return begun;
    return channel.stream(frames);
  });
  report_at_deadline(invocation.deadline);
  const auto answer = perform(invocation.payload, identity, invocation.deadline,
                              [] { return std::chrono::system_clock::now(); }, {}, &blobs, {memory, &stream});
  report_no_deadline();
  flush_output();
  if (!stream.state()) return tl::unexpected<Error>(stream.state().error());
  if (!streaming) {
    if (answer) return channel.answer(id, Answered::response, *answer);
    return channel.answer(id, Answered::error, describe(answer.error()), answer.error().type);
  }
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
  for (const char* name :
       {"AWS_LAMBDA_RUNTIME_API", "_HANDLER", "LAMBDAPOOL_RUNTIME_FD", "LAMBDAPOOL_PARTS_FD"})
    ::unsetenv(name);
  report_crashes();
  print_by_lines();
  auto channel = open_channel(environment);
  if (!channel) {
    std::fprintf(stderr, "lambdapool: %s\n", channel.error().message.c_str());
    end_process(1);
  }
  const ProgramIdentity identity = own_identity();
  Blobs blobs(std::move(remote), environment);
  const auto parts = PartsMemory::on_descriptor(environment.get("LAMBDAPOOL_PARTS_FD").value_or(""));
  auto invocation = channel->first();
  while (invocation) invocation = handle(*channel, *invocation, identity, blobs, parts.get());
  std::fprintf(stderr, "lambdapool: %s\n", invocation.error().message.c_str());
  end_process(1);
}

}  // namespace lambdapool::runtime
