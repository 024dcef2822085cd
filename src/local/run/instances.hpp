// The instances of local Cloud Run services: processes that serve HTTP, started as requests come, ended when
// idle.
//
// A request goes to an instance that has room for it, or to a new one while the revision may have more. An
// instance gets requests once it answers on its port. That is a socket that it inherits
// (LAMBDAPOOL_LISTEN_FD): no other user of the machine can speak to it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "http/event_loop.hpp"
#include "http/message.hpp"
#include "local/run/revision.hpp"

namespace lambdapool::local::run {

struct InstancesOptions {
  std::filesystem::path scratch;      // a directory of these instances' own; removed with them
  Environment environment = {};       // where to look for interpreters
  std::filesystem::path python = {};  // preferred interpreter, if it has the right version
  std::chrono::milliseconds idle_timeout{300'000};
  std::chrono::milliseconds queue_timeout{10'000};   // for room: then 429
  std::chrono::milliseconds start_timeout{240'000};  // until it answers
};

// Sees to it that a revision's code is there; called on the loop's thread before an instance starts.
using ReadyCode = std::function<Result<void>(const Revision& revision)>;

// An answer of the platform itself: the function has not run, which a header says to callers that know it
// (X-Lambdapool-Not-Run: 1).
http::Response not_run(int status, const std::string& text);

// Takes lines of a revision's log as they come, and which instance's they are.
using RunLog =
    std::function<void(const Revision& revision, const std::string& instance, std::string_view lines)>;

// All on the loop's thread but for construction and destruction.
class Instances {
 public:
  Instances(http::EventLoop& loop, InstancesOptions options, ReadyCode ready_code, RunLog log);
  ~Instances();  // kills every instance and waits for it; not on the loop's thread

  // `done` gets the instance's own answer, of which the body may still come (http::LiveBody), or one of the
  // platform: 429 no room, 503 it died, 504 too late.
  void call(std::shared_ptr<const Revision> revision, http::Request request,
            std::function<void(http::Response)> done);

  // Whether it comes up: an instance is started, and kept for the requests to come. Error kind service; its
  // log has what it has said.
  void try_out(std::shared_ptr<const Revision> revision, std::function<void(Result<void>)> done);

  // Idle instances of the service's other revisions end now, busy ones after their requests.
  void retire(const std::string& service, const std::set<std::string>& kept_revisions);

  // In a forked child: lets go of what would make the parent's end go unnoticed.
  void close_in_fork();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lambdapool::local::run
