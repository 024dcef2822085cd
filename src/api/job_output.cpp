// A job whose tasks print where its user sees it.
#include <chrono>

#include "api/job.hpp"

namespace lambdapool::api {

std::string Job::name_of(const Chunk& chunk) const {
  if (!is_map()) return setting_.shown.function + " #" + std::to_string(setting_.number);
  const std::size_t first = position(chunk.first), last = position(chunk.first + chunk.count - 1);
  return setting_.shown.function + "[" + std::to_string(first) +
         (first == last ? "" : "-" + std::to_string(last)) + "]";
}

// What the tasks printed stands before what their caller prints of them, where that takes no long time.
void Job::let_print() const {
  if (setting_.shown.output) setting_.shown.output->wait_until_printed(std::chrono::milliseconds(500));
}

}  // namespace lambdapool::api
