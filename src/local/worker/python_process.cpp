#include "local/worker/python_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "core/write_all.hpp"
#include "embedded/fork_server.hpp"
#include "embedded/python_agent_digests.hpp"
#include "embedded/python_agents.hpp"
#include "embedded/python_channel.hpp"
#include "embedded/python_compiled.hpp"
#include "embedded/python_fresh.hpp"
#include "embedded/python_invocation.hpp"
#include "embedded/python_packets.hpp"
#include "embedded/python_records.hpp"
#include "embedded/python_reserve.hpp"
#include "embedded/python_sdk.hpp"
#include "embedded/python_spare.hpp"
#include "embedded/python_template.hpp"
#include "embedded/runtime_client.hpp"
#include "local/store/home.hpp"
#include "local/worker/interpreters.hpp"
#include "local/worker/invocation_error.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr int kills_max = 5;  // of an interpreter that starts, until it counts as one that cannot

bool write_script(const fs::path& path, std::string_view text) {
  const Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  return file && write_all(file.get(), text);
}

// What compiled.py reads.
std::string modules() {
  const std::pair<std::string_view, std::string_view> parts[] = {
      {"fork_server", embedded::fork_server()},
      {"channel", embedded::python_channel()},
      {"invocation", embedded::python_invocation()},
      {"packets", embedded::python_packets()},
      {"records", embedded::python_records()},
      {"runtime_client", embedded::runtime_client()},
      {"fresh", embedded::python_fresh()},
      {"template", embedded::python_template()},
      {"spare", embedded::python_spare()},
      {"sdk", embedded::python_sdk()},
      {"agents", embedded::python_agents()},
      {"reserve", embedded::python_reserve()},
      {"agent_digests", embedded::python_agent_digests()},
  };
  std::string text;
  for (const auto& [name, source] : parts)
    text.append(name).append(" " + std::to_string(source.size()) + "\n").append(source);
  return text;
}

// Where shims of Python find what they start. Workers get an environment of their own.
constexpr std::string_view for_shims[] = {"HOME", "TMPDIR", "PYENV_ROOT", "PYENV_VERSION"};

bool is_for_installing(std::string_view name) {
  constexpr std::string_view known[] = {
      "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "http_proxy",         "https_proxy",    "all_proxy",
      "no_proxy",        "HTTP_PROXY",     "HTTPS_PROXY",        "ALL_PROXY",      "NO_PROXY",
      "SSL_CERT_FILE",   "SSL_CERT_DIR",   "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"};
  return name.starts_with("PIP_") || name.starts_with("UV_") ||
         std::ranges::find(known, name) != std::end(known);
}

std::vector<std::string> fork_server_environment(const Environment& host) {
  std::vector<std::string> variables = {"LANG=C.UTF-8", "PATH=" + host.get("PATH").value_or("/usr/bin:/bin")};
  for (const std::string_view name : for_shims) {
    const std::string value = host.get(std::string(name)).value_or("");
    if (!value.empty()) variables.push_back(std::string(name) + "=" + value);
  }
  return variables;
}

// In a file: what it was started with can be read in each process that is forked from it, and these may hold
// passwords.
std::string variables_for_installing(const Environment& host) {
  std::string variables;
  for (const auto& [name, value] : host.all()) {
    if (!value.empty() && is_for_installing(name)) variables.append(name + "=" + value).push_back('\0');
  }
  return variables;
}

// A worker's root hides the host's /tmp and /opt. An interpreter that lives there has to do without one.
bool hidden_in_root(const fs::path& interpreter) {
  const std::string path = interpreter.string();
  for (const char* hidden : {"/tmp/", "/opt/", "/var/task/"}) {
    if (path.starts_with(hidden)) return true;
  }
  return false;
}

}  // namespace

PythonForkServer::PythonForkServer(http::EventLoop& loop, Supervisor& supervisor, Options options)
    : loop_(loop), supervisor_(supervisor), options_(std::move(options)), templates_(host()) {
  candidates_ = interpreter_candidates(options_.version, options_.environment, options_.preferred);
  try_next_candidate();
}

PythonForkServer::~PythonForkServer() = default;

// In few files: each takes as long as the rest of the writing, and sometimes ten times so.
bool PythonForkServer::write_programs() {
  const fs::path directory = options_.scratch / "python";
  return !make_private_directories(directory) &&
         write_script(directory / "compiled.py", embedded::python_compiled()) &&
         write_script(directory / "modules", modules()) &&
         write_script(directory / "installing", variables_for_installing(options_.environment));
}

void PythonForkServer::try_next_candidate() {
  if (next_candidate_ == 0) {
    tried_.clear();
    other_versions_only_ = true;
  }
  if (next_candidate_ == 0 && !write_programs()) {
    return give_up("Python workers need a writable directory: could not write into " +
                   (options_.scratch / "python").string() + ".");
  }
  if (next_candidate_ == candidates_.size()) {
    return give_up(other_versions_only_ ? nothing_found() : not_started());
  }
  spawn(candidates_[next_candidate_++]);
}

void PythonForkServer::spawn(const fs::path& interpreter) {
  SocketPair pair = socket_pair(SOCK_SEQPACKET);
  const fs::path log = options_.scratch / "python" / ("log-" + options_.version);
  Descriptor output(::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (!pair.ours || !output) {
    return give_up(std::string("Could not start Python for this function: ") + system_reason(errno) + ".");
  }
  interpreter_ = interpreter;
  Spawn request;
  request.arguments = {interpreter.string(),
                       "-I",
                       "-S",
                       "-B",
                       (options_.scratch / "python" / "compiled.py").string(),
                       options_.compiled.string(),
                       (options_.scratch / "python" / "modules").string(),
                       options_.version,
                       options_.sdk.string()};
  request.environment = fork_server_environment(options_.environment);
  request.directory = "/";
  request.fork_server = true;
  request.output = output.get();
  request.channel = pair.theirs.get();
  const std::weak_ptr<bool> alive = alive_;
  channel_ = std::make_unique<ForkChannel>(
      loop_, std::move(pair.ours),
      ForkChannel::Events{[this](const ForkReport& report) { on_ready(report); }});
  supervisor_.spawn(request, {[this, alive](pid_t pid) {
                                if (!alive.expired()) be_patient(pid);
                              },
                              [this, alive](const std::string& why) {
                                if (!alive.expired()) on_end_before_ready(why);
                              },
                              [this, alive](int status, std::uint64_t) {
                                if (!alive.expired()) on_end(status);
                              },
                              [this, alive](const std::string& why) {
                                if (!alive.expired()) lose(why);
                              }});
}

// Something that is called python and says nothing must not keep an invocation waiting for ever.
void PythonForkServer::be_patient(pid_t pid) {
  constexpr std::chrono::seconds enough{30};
  patience_ = loop_.call_after(enough, [this, pid] {
    out_of_patience_ = state_ == State::starting;
    if (out_of_patience_) supervisor_.kill(pid);
  });
}

void PythonForkServer::on_ready(const ForkReport& report) {
  state_ = State::ready;
  kills_ = 0;
  patience_.reset();
  if (!report.executable.empty()) interpreter_ = report.executable;
  const bool own_root =
      supervisor_.root() != Supervisor::Root::none && report.mounts && !hidden_in_root(interpreter_);
  files_ = own_root ? WorkerFiles::mounted : WorkerFiles::in_place;
  auto waiting = std::move(waiting_);
  waiting_.clear();
  for (auto& one : waiting) send(std::move(one));
}

// Afterwards: somebody killed it, and its workers have died with it; the next fork starts anew.
void PythonForkServer::on_end(int wait_status) {
  const std::string how = how_it_ended(wait_status);
  if (state_ == State::starting) {
    // Killed from outside while it started says nothing about the interpreter: the same once more.
    const bool killed = WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL && !out_of_patience_;
    if (killed && ++kills_ < kills_max) return spawn(candidates_[next_candidate_ - 1]);
    const bool another_version = WIFEXITED(wait_status) && last_words().starts_with("this is Python");
    other_versions_only_ = other_versions_only_ && another_version;
    return on_end_before_ready(out_of_patience_ ? "said nothing for 30 seconds" : how + ": " + last_words());
  }
  const std::string why = "its Python fork server (" + interpreter_.string() + ") ended (" + how + ")";
  state_ = State::starting;
  next_candidate_ = 0;
  const auto channel = std::move(channel_);
  templates_.lose(why);
  channel->lose(why);
  if (!waiting_.empty() && !channel_) try_next_candidate();
}

void PythonForkServer::on_end_before_ready(const std::string& how) {
  patience_.reset();
  channel_.reset();
  out_of_patience_ = false;
  tried_ += (tried_.empty() ? "" : "; ") + interpreter_.string() + ": " + how;
  try_next_candidate();
}

void PythonForkServer::lose(const std::string& why) {
  state_ = State::lost;
  patience_.reset();
  const auto channel = std::move(channel_);
  const auto waiting = std::move(waiting_);
  waiting_.clear();
  templates_.lose(why);
  if (channel) channel->lose(why);
  for (const auto& one : waiting) one.events.lost(why);
}

std::string PythonForkServer::last_words() const {
  std::ifstream log(options_.scratch / "python" / ("log-" + options_.version));
  std::string last = "ended without a word";
  for (std::string line; std::getline(log, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

std::string PythonForkServer::nothing_found() const {
  const std::string& version = options_.version;
  return "This function needs Python " + version +
         ", and no interpreter of that version was found (looked in the active virtual environment and for "
         "python" +
         version + ", python3 and python on PATH" + (tried_.empty() ? "" : "; tried " + tried_) +
         "). Install Python " + version +
         " or create the function with the runtime of a version that is installed.";
}

// There is one, but it does not start.
std::string PythonForkServer::not_started() const {
  return "Could not start Python " + options_.version + " for this function (tried " + tried_ +
         "). Nothing of it has run. See to it that such an interpreter starts, or create the function with "
         "the runtime of another version.";
}

void PythonForkServer::give_up(const std::string& reason) {
  state_ = State::failed;
  auto waiting = std::move(waiting_);
  waiting_.clear();
  for (auto& one : waiting) one.events.failed(reason);
  state_ = State::starting;  // somebody may install it while we run: look again the next time
  kills_ = 0;
  next_candidate_ = 0;
  channel_.reset();
}

void PythonForkServer::fork(PythonStart start) {
  if (state_ == State::ready) return send(std::move(start));
  if (state_ == State::lost) {  // not at once: whoever asks is still in the middle of asking
    loop_.post([lost = start.events.lost] { lost("its supervisor process has ended"); });
    return;
  }
  waiting_.push_back(std::move(start));
  const bool resting = next_candidate_ == 0 && !channel_;
  if (!resting) return;
  loop_.post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired() || channel_ || state_ == State::ready || waiting_.empty()) return;
    candidates_ = interpreter_candidates(options_.version, options_.environment, options_.preferred);
    try_next_candidate();
  });
}

void PythonForkServer::learn(const fs::path& imports, std::string_view names) {
  if (state_ == State::ready) templates_.learn(imports, names);
}

void PythonForkServer::retire(std::string_view key) { templates_.retire(key); }

TemplateHost PythonForkServer::host() {
  return {loop_,
          supervisor_,
          options_.scratch,
          options_.init_limit,
          options_.idle_timeout,
          [this](const PythonStart::Describe& given) { return describe(given); },
          [this](const PythonFork& fork, ProcessEvents events) {
            return channel_ && channel_->fork(fork, std::move(events));
          },
          [this](PythonStart start) { send(std::move(start)); },
          [this](PythonStart start) { start_without_template(std::move(start)); }};
}

std::optional<PythonFork> PythonForkServer::describe(const PythonStart::Describe& given) const {
  auto fork = given(files_, interpreter_);
  if (fork && files_ == WorkerFiles::mounted) fork->own_root = supervisor_.root_directory();
  return fork;
}

void PythonForkServer::send(PythonStart start) {
  if (!templates_.take(start)) start_without_template(std::move(start));
}

void PythonForkServer::start_without_template(PythonStart start) {
  const auto fork = describe(start.describe);
  if (!fork) return;
  const auto lost = start.events.lost;
  if (!channel_ || !channel_->fork(*fork, std::move(start.events))) {
    lost("its Python fork server (" + interpreter_.string() + ") has ended");
  }
}

}  // namespace lambdapool::local
