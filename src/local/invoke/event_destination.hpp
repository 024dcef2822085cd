// What a destination is told of an asynchronous invocation that has come to its end.
#pragma once

#include <optional>
#include <string>

#include "local/invoke/event_queue.hpp"

namespace lambdapool::local {

struct EventEnd {
  std::string condition;  // Success, RetriesExhausted, EventAgeExceeded
  std::string function_arn;
  std::string executed_version;
  int attempts = 0;
  std::optional<InvocationResult> result = {};  // of the last attempt
};

std::string destination_record(const EventInvocation& event, const EventEnd& end);  // JSON

}  // namespace lambdapool::local
