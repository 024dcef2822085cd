#include "local/worker/invocation_error.hpp"

#include <string.h>
#include <sys/wait.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/limits.hpp"

namespace lambdapool::local {
namespace {

// Go's names for signals, which is what Lambda's messages carry.
std::string signal_name(int number) {
  switch (number) {
    case SIGHUP:
      return "hangup";
    case SIGINT:
      return "interrupt";
    case SIGQUIT:
      return "quit";
    case SIGILL:
      return "illegal instruction";
    case SIGTRAP:
      return "trace/breakpoint trap";
    case SIGABRT:
      return "aborted";
    case SIGBUS:
      return "bus error";
    case SIGFPE:
      return "floating point exception";
    case SIGKILL:
      return "killed";
    case SIGUSR1:
      return "user defined signal 1";
    case SIGSEGV:
      return "segmentation fault";
    case SIGUSR2:
      return "user defined signal 2";
    case SIGPIPE:
      return "broken pipe";
    case SIGALRM:
      return "alarm clock";
    case SIGTERM:
      return "terminated";
    default:
      return "signal " + std::to_string(number);
  }
}

}  // namespace

std::string how_it_ended(int wait_status) {
  if (WIFSIGNALED(wait_status)) return "signal: " + signal_name(WTERMSIG(wait_status));
  return "exit status " + std::to_string(WEXITSTATUS(wait_status));
}

InvocationError exited(int wait_status) {
  const std::string type = "Runtime.ExitError";
  if (wait_status == 0) return {type, "Runtime exited without providing a reason"};
  return {type, "Runtime exited with error: " + how_it_ended(wait_status)};
}

InvocationError machinery_lost(const std::string& why) {
  return {.type = "Runtime.ExitError",
          .reason = "The local Lambda could not start a worker, so nothing ran: " + why + ".",
          .cause = InvocationError::Cause::machinery};
}

InvocationError timed_out(std::chrono::milliseconds limit) {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.2f", std::chrono::duration<double>(limit).count());
  return {"Sandbox.Timedout", "Task timed out after " + std::string(seconds) + " seconds",
          InvocationError::Status::timeout};
}

InvocationError out_of_memory() {
  return {"Runtime.OutOfMemory", "Runtime exited with error: signal: killed"};
}

InvocationError no_bootstrap() {
  return {"Runtime.InvalidEntrypoint",
          "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"};
}

InvocationError response_too_large(std::int64_t bytes_max) {
  const std::string limit = std::to_string(bytes_max);
  const std::string type = "Function.ResponseSizeTooLarge";
  return {.type = type,
          .reason = "",
          .payload = R"({"errorMessage":"Response payload size exceeded maximum allowed payload size ()" +
                     limit + R"( bytes).","errorType":")" + type + R"("})"};
}

std::string payload_of(const InvocationError& failure, std::string_view request_id) {
  if (!failure.payload.empty()) return failure.payload;
  nlohmann::ordered_json body;
  body["errorType"] = failure.type;
  body["errorMessage"] = "RequestId: " + std::string(request_id) + " Error: " + failure.reason;
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace lambdapool::local
