#include "runtime/serve.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "core/encoding.hpp"
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

// The next invocation may find this process frozen or killed, so what the function printed goes out now.
void flush_output() {
  std::cout.flush();
  std::fflush(stdout);
}

std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      json += "\\u00" + hex_encode({&c, 1});
    } else {
      json += c;
    }
  }
  return json + "\"";
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
  const std::string body = "{\"errorType\":" + quoted(answer.error().type) +
                           ",\"errorMessage\":" + quoted(answer.error().message) + "}";
  return channel.answer(invocation.request_id, Answered::error, body, answer.error().type);
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
