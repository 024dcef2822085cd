#include "identity/token_file.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include "core/write_all.hpp"

namespace lambdapool::identity {

namespace fs = std::filesystem;

Result<std::string> read_token_file(const fs::path& path, const std::string& named_by) {
  std::error_code ignored;
  std::ifstream in;
  if (fs::is_regular_file(path, ignored)) in.open(path, std::ios::binary);  // a FIFO would be waited for
  if (!in.is_open())
    return fail(ErrorKind::credentials,
                "cannot read the token file " + path.string() + " (from " + named_by + ")");
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  text.resize(text.find_last_not_of("\r\n") + 1);
  if (text.empty())
    return fail(ErrorKind::credentials,
                "the token file " + path.string() + " (from " + named_by + ") is empty");
  return text;
}

Result<void> replace_token_file(const fs::path& path, const std::string& text) {
  std::string temporary = path.string() + ".XXXXXX";
  const int fd = ::mkstemp(temporary.data());  // 0600
  bool written = fd >= 0 && write_all(fd, text);
  if (fd >= 0) written = ::close(fd) == 0 && written;
  if (written) written = ::rename(temporary.c_str(), path.c_str()) == 0;
  if (written) return {};
  const auto reason = std::generic_category().message(errno);
  if (fd >= 0) ::unlink(temporary.c_str());
  return fail(ErrorKind::io, "cannot write " + path.string() + ": " + reason);
}

}  // namespace lambdapool::identity
