// Whatever a worker's service sends is an invocation or an error; so is what it sends for an answer.
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "runtime/channel.hpp"

using namespace lambdapool;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  int ends[2];
  if (size > 65'536 || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return 0;
  if (::write(ends[0], data, size) != static_cast<ssize_t>(size)) std::abort();
  ::shutdown(ends[0], SHUT_WR);
  auto channel = runtime::Channel::on_descriptor(std::to_string(ends[1]));
  if (!channel) std::abort();
  auto invocation = channel->first();
  while (invocation) invocation = channel->answer(invocation->request_id, runtime::Answered::response, "{}");
  ::close(ends[0]);
  return 0;
}
