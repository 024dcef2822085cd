#include "local/worker/python_fork.hpp"

#include <nlohmann/json.hpp>

namespace lambdapool::local {

using nlohmann::json;

ForkChannel::ForkChannel(http::EventLoop& loop, Descriptor ours, Events events)
    : events_(std::move(events)),
      packets_(
          loop, std::move(ours), [this](std::string_view packet) { on_packet(packet); }, [] {}) {}

bool ForkChannel::fork(const PythonFork& fork, ProcessEvents events) {
  const std::uint32_t id = next_id_++;
  json request = {{"id", id},
                  {"environment", fork.environment},
                  {"directory", fork.directory},
                  {"handler", fork.handler},
                  {"fresh", fork.fresh},
                  {"tell_imports", fork.tell_imports},
                  {"root", fork.own_root.string()},
                  {"code", fork.root.code.string()},
                  {"opt", fork.root.opt.string()},
                  {"tmp", fork.root.tmp.string()}};
  if (!fork.modules.empty()) {
    request["modules"] = fork.modules.string();
    request["bytecode"] = fork.bytecode.string();
  }
  // What the fork server looks at first, so that a worker that it has in reserve does not wait until the rest
  // is read.
  std::string message = fork.modules.empty() ? "worker" : "template";
  for (const auto& part : {fork.root.code.string(), fork.root.opt.string(), std::to_string(id)})
    message.append(1, '\0').append(part);
  message.append(1, '\0').append(request.dump(-1, ' ', false, json::error_handler_t::replace));
  const int channel = fork.channel.get();
  const int fds[] = {fork.output ? fork.output.get() : channel, channel};
  if (!packets_.send(message, fds)) return false;
  forks_.emplace(id, std::move(events));
  return true;
}

void ForkChannel::on_packet(std::string_view packet) {
  using Kind = ForkReport::Kind;
  const auto report = read_fork_report(packet);
  if (!report) return;
  if (report->kind == Kind::ready || report->kind == Kind::unfit) return events_.about_itself(*report);
  const auto found = forks_.find(report->id);
  if (found == forks_.end()) return;
  if (report->kind == Kind::started) {
    const auto started = found->second.started;
    return started(report->pid);
  }
  const ProcessEvents events = std::move(found->second);
  forks_.erase(found);
  const auto last_exited = forks_.empty() ? events_.last_exited : [] {};
  if (report->kind == Kind::failed) events.failed(report->reason);
  if (report->kind == Kind::exited) events.exited(report->status, report->peak_kb * 1024);
  last_exited();
}

void ForkChannel::lose(const std::string& why) {
  const auto forks = std::move(forks_);
  forks_.clear();
  for (const auto& [id, events] : forks) events.lost(why);
}

}  // namespace lambdapool::local
