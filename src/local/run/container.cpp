#include "local/run/container.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

namespace lambdapool::local::run {
namespace {

// Without the packages that the interpreter has here, as a base image is without them; a sitecustomize of the
// function's own is what site would have looked for. `command` begins with python3, and goes on with a file
// or -m MODULE, then arguments.
std::vector<std::string> python_command(const std::filesystem::path& interpreter, const std::string& version,
                                        const std::vector<std::string>& command) {
  static const std::string script =
      "import os, runpy, sys\n"
      "version, *rest = sys.argv[1:]\n"
      "if '%d.%d' % sys.version_info[:2] != version: sys.exit(87)\n"
      "here = sys.path.pop(0)\n"
      "try: import sitecustomize\n"
      "except ImportError: pass\n"
      "sys.path.insert(0, here)\n"
      "if rest[:1] == ['-m']:\n"
      "  sys.argv = rest[1:]\n"
      "  runpy.run_module(rest[1], run_name='__main__', alter_sys=True)\n"
      "else:\n"
      "  sys.argv = rest\n"
      "  sys.path[0] = os.path.dirname(os.path.abspath(rest[0]))\n"
      "  runpy.run_path(rest[0], run_name='__main__')\n";
  std::vector<std::string> made{interpreter.string(), "-S", "-c", script, version};
  made.insert(made.end(), command.begin() + 1, command.end());
  return made;
}

}  // namespace

Descriptor listening_socket(const std::string& name) {
  Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!made || name.size() + 1 > sizeof address.sun_path) return {};
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return {};
  return ::listen(made.get(), SOMAXCONN) == 0 ? std::move(made) : Descriptor();
}

std::string describe_container(const Revision& revision, const std::filesystem::path& tmp,
                               const std::vector<std::filesystem::path>& interpreters, std::size_t candidate,
                               Spawn& spawn) {
  auto environment = revision.environment;
  if (revision.command.empty()) return "the container has no command";
  spawn.arguments = revision.command;
  if (revision.command.front() == "python3" && !revision.python.empty()) {
    if (candidate >= interpreters.size()) return "there is no Python " + revision.python + " here";
    spawn.arguments = python_command(interpreters[candidate], revision.python, revision.command);
  } else if (!spawn.arguments.front().starts_with('/')) {
    spawn.arguments.front() = (revision.code / spawn.arguments.front()).lexically_normal().string();
  }
  environment.insert({"PATH", "/usr/local/bin:/usr/bin:/bin"});
  environment.insert({"HOME", tmp.string()});
  environment.insert({"LANG", "C.UTF-8"});
  environment["TMPDIR"] = tmp.string();
  environment["PORT"] = "8080";
  environment["K_SERVICE"] = revision.short_name();
  environment["K_REVISION"] = revision.name;
  environment["K_CONFIGURATION"] = revision.short_name();
  environment["CLOUD_RUN_TIMEOUT_SECONDS"] = std::to_string(revision.timeout.count());
  environment["LAMBDAPOOL_LISTEN_FD"] = "3";
  for (const auto& [name, value] : environment) spawn.environment.push_back(name + "=" + value);
  spawn.directory = revision.code.string();
  return "";
}

}  // namespace lambdapool::local::run
