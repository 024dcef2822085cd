// Whatever arrives as an envelope is read or refused; what is read is written the same way again.
#include <cstdlib>
#include <string_view>

#include "core/envelope.hpp"
#include "core/task_data.hpp"

using namespace lambdapool;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  if (const auto told = envelope::read_task_data(json)) {
    if (!envelope::read_task_data("{" + envelope::data_members(*told) + "}")) std::abort();
  }
  envelope::parse_stored(json);
  constexpr std::size_t max_body = std::size_t{1} << 20;
  for (const auto direction : {envelope::Direction::task, envelope::Direction::outcome}) {
    const auto read = envelope::decode(direction, json, max_body);
    if (!read) continue;
    const std::string written =
        envelope::encode(direction, {read->codec, read->peer, read->echo}, read->body);
    const auto again = envelope::decode(direction, written);
    if (!again || again->codec != read->codec || again->peer != read->peer || again->body != read->body ||
        again->echo != read->echo)
      std::abort();
    if (direction == envelope::Direction::outcome && !read->echo.empty() &&
        !envelope::check_echo(json, read->echo))
      std::abort();
  }
  return 0;
}
