#include "local/worker/python_template.hpp"

#include <sys/socket.h>

#include <utility>

#include "local/store/home.hpp"
#include "local/store/uuid.hpp"
#include "local/worker/invocation_error.hpp"

namespace lambdapool::local {

PythonTemplate::PythonTemplate(const TemplateHost& host, ImportList& list, const PythonStart& first,
                               std::function<void()> on_gone)
    : host_(host), list_(list), additions_(list.additions()), on_gone_(std::move(on_gone)) {
  tmp_ = host_.scratch / ("template-" + random_uuid());
  start_process(first);
}

PythonTemplate::~PythonTemplate() {
  channel_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(tmp_, ignored);
}

void PythonTemplate::start_process(const PythonStart& first) {
  auto fork = host_.describe(first.outline);
  SocketPair pair = socket_pair(SOCK_SEQPACKET);
  if (!fork || !pair.ours) return give_up();
  if (make_private_directories(tmp_) || make_private_directories(list_.bytecode())) return give_up();
  if (fork->environment.contains("TMPDIR")) fork->environment["TMPDIR"] = tmp_.string();
  fork->root.tmp = tmp_;
  fork->modules = list_.file();
  fork->bytecode = list_.bytecode();
  fork->channel = std::move(pair.theirs);
  channel_ = std::make_unique<ForkChannel>(
      host_.loop, std::move(pair.ours),
      ForkChannel::Events{[this](const ForkReport& report) { on_report(report); }, [this] { rest(); }});
  if (!host_.fork(*fork, process_events())) give_up();
}

ProcessEvents PythonTemplate::process_events() {
  const std::weak_ptr<bool> alive = alive_;
  ProcessEvents events;
  events.started = [this, alive](pid_t pid) {
    if (!alive.expired()) on_started(pid);
  };
  events.failed = [this, alive](const std::string& why) {
    if (!alive.expired()) on_ended(why);
  };
  events.exited = [this, alive](int status, std::uint64_t) {
    if (!alive.expired()) on_ended(how_it_ended(status));
  };
  events.lost = [this, alive](const std::string& why) {
    if (!alive.expired()) lose(why);
  };
  return events;
}

// An import that takes longer would not have been waited for in a worker either.
void PythonTemplate::on_started(pid_t pid) {
  if (state_ != State::preparing) return;
  patience_ = host_.loop.call_after(host_.init_limit, [this, pid] {
    if (state_ == State::preparing) host_.supervisor.kill(pid);
  });
}

void PythonTemplate::on_report(const ForkReport& report) {
  if (state_ != State::preparing) return;
  if (report.kind == ForkReport::Kind::unfit) {
    list_.note_unfit(report.module, report.reason);
    return give_up();
  }
  state_ = State::ready;
  patience_.reset();
  for (auto& start : std::exchange(waiting_, {})) fork(std::move(start));
  rest();
}

void PythonTemplate::on_ended(const std::string& how) {
  if (state_ == State::preparing) return give_up();
  if (state_ == State::ready) go("the process that it was forked from ended (" + how + ")");
}

void PythonTemplate::give_up() {
  state_ = State::unfit;
  patience_.reset();
  for (auto& start : std::exchange(waiting_, {})) host_.start(std::move(start));
  if (retired_) go("");
}

void PythonTemplate::take(PythonStart start) {
  if (state_ == State::ready) return fork(std::move(start));
  waiting_.push_back(std::move(start));
}

void PythonTemplate::fork(PythonStart start) {
  const auto described = host_.describe(start.describe);
  if (!described) return;
  idle_.reset();
  const auto lost = start.events.lost;
  if (!channel_->fork(*described, std::move(start.events))) {
    lost("the process that it should have been forked from has ended");
  }
}

void PythonTemplate::rest() {
  if (state_ != State::ready || in_use()) return;
  if (retired_) return go("");
  idle_ = host_.loop.call_after(host_.idle_timeout, [this] { go(""); });
}

void PythonTemplate::retire() {
  retired_ = true;
  if (state_ == State::unfit) return go("");
  rest();
}

void PythonTemplate::lose(const std::string& why) {
  for (auto& start : std::exchange(waiting_, {})) start.events.lost(why);
  go(why);
}

// The process ends with this object: later, since this may be in the middle of a call of the channel's.
void PythonTemplate::go(const std::string& why) {
  state_ = State::gone;
  patience_.reset();
  host_.loop.post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    const auto on_gone = on_gone_;
    on_gone();
  });
  if (channel_) channel_->lose(why);
}

}  // namespace lambdapool::local
