// A template: a process that has imported the packages of a function, from which its next workers are forked
// (python/template.py). What is imported is what workers of the same code have imported before.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/event_loop.hpp"
#include "local/worker/import_list.hpp"
#include "local/worker/python_fork.hpp"

namespace lambdapool::local {

// What templates have of the fork server that they come from.
struct TemplateHost {
  http::EventLoop& loop;
  Supervisor& supervisor;
  std::filesystem::path scratch;
  std::chrono::milliseconds init_limit;
  std::chrono::milliseconds idle_timeout;
  // Completes a description with what the fork server knows of places.
  std::function<std::optional<PythonFork>(const PythonStart::Describe&)> describe;
  std::function<bool(const PythonFork&, ProcessEvents)> fork;
  std::function<void(PythonStart)> start;          // from another template, or from none
  std::function<void(PythonStart)> start_without;  // from none
};

class PythonTemplate {
 public:
  // unfit: no worker can be forked from it. gone: the process has ended.
  enum class State { preparing, ready, unfit, gone };

  // Begins to prepare it in the place of `first`, with what is on the list.
  PythonTemplate(const TemplateHost& host, ImportList& list, const PythonStart& first,
                 std::function<void()> on_gone);
  ~PythonTemplate();

  // While preparing or ready: the worker comes from it, at once or when it is ready, or is started in another
  // way.
  void take(PythonStart start);

  void retire();                      // it ends when the last of its workers has ended
  void lose(const std::string& why);  // with the fork server

  State state() const { return state_; }
  int additions() const { return additions_; }  // to the list, when it was made
  bool in_use() const { return !waiting_.empty() || (channel_ && channel_->forks() > 0); }

 private:
  void start_process(const PythonStart& first);
  ProcessEvents process_events();
  void on_started(pid_t pid);
  void on_report(const ForkReport& report);
  void on_ended(const std::string& how);
  void give_up();
  void fork(PythonStart start);
  void rest();
  void go(const std::string& why);

  const TemplateHost& host_;
  ImportList& list_;
  int additions_;
  std::function<void()> on_gone_;
  State state_ = State::preparing;
  bool retired_ = false;
  std::filesystem::path tmp_;
  std::unique_ptr<ForkChannel> channel_;
  std::deque<PythonStart> waiting_;
  std::unique_ptr<http::EventLoop::Timer> patience_;
  std::unique_ptr<http::EventLoop::Timer> idle_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lambdapool::local
