#include "cli/terminal/output_width.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/arguments.hpp"

namespace lambdapool::cli {

std::optional<std::size_t> output_width(const Environment& environment) {
  if (::isatty(STDOUT_FILENO) == 0) return std::nullopt;
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const auto columns = parse_integer(environment.get("COLUMNS").value_or(""));
  return columns && *columns > 0 ? std::optional<std::size_t>(*columns) : std::nullopt;
}

}  // namespace lambdapool::cli
