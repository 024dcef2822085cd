#include "deploy/code/requirements_copy.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>

#include "core/descriptor.hpp"
#include "core/write_all.hpp"

namespace lambdapool::deploy {
namespace {

constexpr int asking_interval_ms = 100;

// To its end, which is far off where who writes to the pipe takes their time. nullopt: it cannot be read.
Result<std::optional<std::string>> read_pipe(int pipe, const StopToken& stop) {
  std::string text;
  std::array<char, 65536> block;
  for (;;) {
    if (auto wanted = stop.check("nothing was changed"); !wanted) return tl::unexpected(wanted.error());
    pollfd readable{pipe, POLLIN, 0};
    if (::poll(&readable, 1, asking_interval_ms) <= 0) continue;
    const auto size = ::read(pipe, block.data(), block.size());
    if (size == 0) return text;
    if (size < 0 && errno != EINTR && errno != EAGAIN) return std::nullopt;
    if (size > 0) text.append(block.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

bool can_be_read_again(const std::string& requirements) {
  std::error_code ignored;
  return !std::filesystem::is_fifo(requirements, ignored);
}

Result<RequirementsCopy> keep_what_is_read_once(std::string& requirements, const StopToken& stop) {
  if (can_be_read_again(requirements)) return nullptr;
  const auto unreadable = [&] {
    return fail(ErrorKind::io, "the requirements " + requirements + " cannot be read");
  };
  const Descriptor pipe(::open(requirements.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!pipe) return unreadable();
  auto text = read_pipe(pipe.get(), stop);
  if (!text) return tl::unexpected(std::move(text.error()));
  if (!*text) return unreadable();
  std::error_code ignored;
  auto made = package::TempDir::make(std::filesystem::temp_directory_path(ignored));
  if (!made) return tl::unexpected(made.error());
  const auto copy = made->path() / "requirements.txt";
  if (write_new_file(copy.string(), **text) != 0) return unreadable();
  requirements = copy.string();
  return std::make_shared<const package::TempDir>(std::move(*made));
}

}  // namespace lambdapool::deploy
