#include "runtime/serve.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

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

Result<Invocation> handle(Channel& channel, const Invocation& invocation, const ProgramIdentity& identity,
                          Blobs& blobs) {
  report_at_deadline(invocation.deadline);
  const auto answer = perform(
      invocation.payload, identity, invocation.deadline, [] { return std::chrono::system_clock::now(); }, {},
      &blobs);
  report_no_deadline();
  flush_output();
  if (answer) return channel.answer(invocation.request_id, Answered::response, *answer);
  return channel.answer(invocation.request_id, Answered::error, describe(answer.error()),
                        answer.error().type);
}

}  // namespace

const char* runtime_marker() { return marker; }

bool is_worker(const Environment& environment) {
  return environment.get("AWS_LAMBDA_RUNTIME_API").has_value() && environment.get("_HANDLER") == "lambdapool";
}

void serve(const Environment& environment, Remote remote) {
  for (const char* name : {"AWS_LAMBDA_RUNTIME_API", "_HANDLER", "LAMBDAPOOL_RUNTIME_FD"}) ::unsetenv(name);
  report_crashes();
  auto channel = open_channel(environment);
  if (!channel) {
    std::fprintf(stderr, "lambdapool: %s\n", channel.error().message.c_str());
    end_process(1);
  }
  const ProgramIdentity identity = own_identity();
  Blobs blobs(std::move(remote), environment);
  auto invocation = channel->first();
  while (invocation) invocation = handle(*channel, *invocation, identity, blobs);
  std::fprintf(stderr, "lambdapool: %s\n", invocation.error().message.c_str());
  end_process(1);
}

}  // namespace lambdapool::runtime
