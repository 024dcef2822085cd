#include "local/service.hpp"

#include <unistd.h>

#include <cstring>
#include <exception>
#include <future>

#include "core/descriptor_limit.hpp"
#include "http/event_loop.hpp"
#include "http/server.hpp"
#include "local/control/control_plane.hpp"
#include "local/iam/iam_service.hpp"
#include "local/logs/logs_service.hpp"
#include "local/objects/s3_service.hpp"
#include "local/private_socket.hpp"
#include "local/run/run_service.hpp"
#include "local/store/home.hpp"
#include "local/store/uuid.hpp"
#include "local/url/address.hpp"
#include "local/worker/interpreters.hpp"
#include "local/worker/workers.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

// For the bodies of requests that are on their way or being worked on: one of the largest and then some.
constexpr std::size_t request_memory = 128u << 20;

// Event loop, database, logs, supervisor, fork server, one worker, and one connection from either end.
constexpr std::size_t descriptors_at_least = 32;

WorkersOptions workers_options(const ServiceOptions& options) {
  WorkersOptions workers;
  workers.scratch = options.home / "scratch" / random_uuid();
  workers.sdk = sdk_directory(options.home);
  workers.compiled = options.home / "compiled";
  workers.region = options.region;
  workers.environment = options.environment;
  workers.python = options.python;
  workers.imports = options.home / "imports";
  workers.shared_memory = options.environment.get("LAMBDAPOOL_DEV_SHM").value_or("0") != "0";
  return workers;
}

ControlPlaneOptions control_plane_options(const ServiceOptions& options) {
  ControlPlaneOptions plane;
  plane.home = options.home;
  plane.identity = options.identity;
  plane.admission = options.admission;
  plane.region = options.region;
  plane.concurrency = options.concurrency;
  plane.log = options.log;
  plane.warn = options.warn;
  return plane;
}

S3Options s3_options(const ServiceOptions& options, const fs::path& scratch) {
  S3Options s3;
  s3.directory = options.home / "objects";
  s3.transit = scratch / "objects";
  s3.identity = options.identity;
  s3.admission = options.admission;
  s3.region = options.region;
  s3.log = options.log;
  return s3;
}

LogsOptions logs_options(const ServiceOptions& options, ControlPlane& plane) {
  LogsOptions logs;
  logs.home = options.home;
  logs.groups = [&plane] { return plane.log_groups(); };
  logs.identity = options.identity;
  logs.admission = options.admission;
  logs.region = options.region;
  return logs;
}

IamOptions iam_options(const ServiceOptions& options) {
  IamOptions iam;
  iam.home = options.home;
  iam.identity = options.identity;
  iam.admission = options.admission;
  iam.region = options.region;
  iam.log = options.log;
  return iam;
}

run::RunOptions run_options(const ServiceOptions& options) {
  run::RunOptions run;
  run.home = options.home;
  run.instances.scratch = options.home / "scratch" / random_uuid();
  run.instances.environment = options.environment;
  run.instances.python = options.python;
  run.admission = options.admission;
  run.token = options.token;
  return run;
}

// Members are destroyed from the last to the first: no new requests, then no new work, then the workers.
class RunningService : public Service, private http::InProcess {
 public:
  Result<void> start(const ServiceOptions& options) {
    region_ = options.region;
    const auto settings = workers_options(options);
    auto workers = Workers::start(loop_, settings);
    if (!workers) return tl::unexpected(workers.error());
    workers_ = std::move(*workers);
    auto plane = ControlPlane::open(loop_, *workers_, control_plane_options(options));
    if (!plane) return tl::unexpected(plane.error());
    plane_ = std::move(*plane);
    auto s3 = s3_options(options, settings.scratch);
    // The workers' directory is claimed first, so that what a killed service leaves in it is found.
    s3.before_transit = [this] { workers_->isolation(); };
    objects_ = std::make_unique<S3Service>(std::move(s3));
    logs_ = std::make_unique<LogsService>(logs_options(options, *plane_));
    iam_ = std::make_unique<IamService>(iam_options(options));
    run_ = std::make_unique<run::RunService>(loop_, run_options(options));
    auto listener = listen(options);
    if (!listener) return tl::unexpected(listener.error());
    listener_ = std::move(*listener);
    const auto at = listener_->endpoint();
    run_->set_url(at.scheme == http::Endpoint::Scheme::unix_socket ? "http://localhost" : at.url());
    if (options.port) return {};
    auto objects = listen_for_workers();
    if (!objects) return tl::unexpected(objects.error());
    objects_listener_ = std::move(*objects);
    return {};
  }

  http::Endpoint endpoint() const override { return listener_->endpoint(); }
  http::Endpoint objects_endpoint() const override {
    return objects_listener_ ? objects_listener_->endpoint() : endpoint();
  }
  fs::path objects_incoming() const override { return objects_->transit_incoming(); }
  http::InProcess& in_process() override { return *this; }
  void expect(std::string function) override { plane_->expect(std::move(function)); }
  std::vector<std::string> without_effect() override { return plane_->without_effect(); }
  std::string isolation() const override { return workers_->isolation(); }

  void before_fork() override {
    plane_->pause();
    objects_->pause();
    logs_->pause();
    iam_->pause();
    run_->pause();
    go_on_ = {};
    std::promise<void> waiting;
    loop_.post([&waiting, go_on = go_on_.get_future().share()] {
      waiting.set_value();
      go_on.wait();
    });
    waiting.get_future().wait();
    plane_->disconnect();
    iam_->disconnect();
  }
  void after_fork_in_parent() override {
    go_on_.set_value();
    plane_->resume();
    objects_->resume();
    logs_->resume();
    iam_->resume();
    run_->resume();
  }
  void after_fork_in_child() override {
    listener_->close_in_fork();
    if (objects_listener_) objects_listener_->close_in_fork();
    plane_->close_in_fork();
    workers_->close_in_fork();
    run_->close_in_fork();
  }

 private:
  http::EventLoop& loop() override { return loop_; }
  void handle(http::Request request, http::Responder responder) override {
    plane_->handle_own(std::move(request), std::move(responder));
  }
  bool is_idle() const override { return plane_->is_idle(); }

  enum class Room { lambda, objects, logs, iam, run };

  // A function's URL takes whatever its callers send, signed for S3 or not.
  Room room_of(const http::Request& head) const {
    const auto url = url_address(head, region_);
    if ((!url || url->by_path) && is_for_s3(head)) return Room::objects;
    if (url) return Room::lambda;
    if (is_for_logs(head)) return Room::logs;
    if (is_query_call(head)) return Room::iam;
    return run::is_for_run(head) ? Room::run : Room::lambda;
  }

  std::optional<http::Response> screen(const http::Request& head, const http::Caller& caller) {
    switch (room_of(head)) {
      case Room::objects:
        return objects_->screen(head, caller);
      case Room::logs:
        return logs_->screen(head, caller);
      case Room::iam:
        return iam_->screen(head, caller);
      case Room::run:
        return run_->screen(head, caller);
      case Room::lambda:
        break;
    }
    return plane_->screen(head, caller);
  }

  void serve(http::Request request, http::Responder responder) {
    switch (room_of(request)) {
      case Room::objects:
        return objects_->handle(std::move(request), std::move(responder));
      case Room::logs:
        return logs_->handle(std::move(request), std::move(responder));
      case Room::iam:
        return iam_->handle(std::move(request), std::move(responder));
      case Room::run:
        return run_->handle(std::move(request), std::move(responder));
      case Room::lambda:
        break;
    }
    plane_->handle(std::move(request), std::move(responder));
  }

  // The object store alone. A name that nobody can guess, but anybody may try: who calls is asked first.
  Result<std::unique_ptr<http::Listener>> listen_for_workers() {
    http::Guard guard;
    guard.admit = [](const http::Caller& caller) { return caller.uid == ::geteuid(); };
    guard.screen = [this](const http::Request& head, const http::Caller& caller) {
      return objects_->screen(head, caller);
    };
    guard.divert = [this](const http::Request& head) { return objects_->divert(head); };
    guard.memory = memory_;
    guard.deadlines.emplace();
    return http::listen_unix(
        loop_, "@lambdapool-" + random_uuid(),
        [this](http::Request request, http::Responder responder) {
          objects_->handle(std::move(request), std::move(responder));
        },
        {}, std::move(guard));
  }

  Result<std::unique_ptr<http::Listener>> listen(const ServiceOptions& options) {
    const auto handle = [this](http::Request request, http::Responder responder) {
      serve(std::move(request), std::move(responder));
    };
    http::Guard guard;
    guard.screen = [this](const http::Request& head, const http::Caller& caller) {
      return screen(head, caller);
    };
    guard.divert = [this](const http::Request& head) {
      return room_of(head) == Room::objects ? objects_->divert(head) : nullptr;
    };
    guard.memory = memory_;
    guard.deadlines.emplace();
    if (options.port)
      return http::listen_tcp(loop_, "127.0.0.1", *options.port, handle, {}, std::move(guard));
    auto place = PrivateSocket::place(options.home, [] {
      std::error_code nowhere;
      auto named = fs::temp_directory_path(nowhere);
      return nowhere ? fs::path("/tmp") : named;  // TMPDIR may name none that is there
    });
    if (!place) return tl::unexpected(place.error());
    socket_.emplace(std::move(*place));
    return http::listen_unix(loop_, socket_->path(), handle, {}, std::move(guard));
  }

  std::string region_;
  std::promise<void> go_on_;  // holds the loop up during a fork
  http::EventLoop loop_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<ControlPlane> plane_;
  std::unique_ptr<S3Service> objects_;
  std::unique_ptr<LogsService> logs_;
  std::unique_ptr<IamService> iam_;
  std::unique_ptr<run::RunService> run_;
  std::optional<PrivateSocket> socket_;
  std::shared_ptr<http::MemoryBudget> memory_ = std::make_shared<http::MemoryBudget>(request_memory);
  std::unique_ptr<http::Listener> listener_;
  std::unique_ptr<http::Listener> objects_listener_;
};

}  // namespace

Result<std::unique_ptr<Service>> Service::start(ServiceOptions options) {
  raise_descriptor_limit();
  if (auto room = require_descriptors(descriptors_at_least, "the local Lambda with one worker"); !room)
    return tl::unexpected(room.error());
  if (auto made = secure_home(options.home); !made) return tl::unexpected(made.error());
  try {
    auto service = std::make_unique<RunningService>();
    if (auto started = service->start(options); !started) return tl::unexpected(started.error());
    return service;
  } catch (const std::exception& failure) {
    return fail(ErrorKind::io, "The local Lambda cannot start: " + reason_of(failure));
  }
}

Result<fs::path> default_home(const Environment& environment) {
  if (const auto home = environment.get("LAMBDAPOOL_HOME")) {
    if (fs::path(*home).is_absolute()) return *home;
    return fail(ErrorKind::invalid_argument,
                "LAMBDAPOOL_HOME is '" + *home +
                    "', which is another directory wherever a command runs; give a path that begins with /");
  }
  // A relative one counts as not set, says the XDG specification.
  const fs::path data = environment.get("XDG_DATA_HOME").value_or("");
  if (data.is_absolute()) return data / "lambdapool";
  return environment.home_directory() / ".local" / "share" / "lambdapool";
}

}  // namespace lambdapool::local
