#include "local/run/run_service.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <utility>
#include <vector>

#include "core/own_thread.hpp"
#include "local/control/signature.hpp"
#include "local/run/revision_code.hpp"
#include "local/run/run_answer.hpp"
#include "local/run/run_files.hpp"
#include "local/run/run_logs.hpp"
#include "local/run/run_operations.hpp"
#include "local/run/run_path.hpp"
#include "local/run/run_policy.hpp"
#include "local/run/run_record.hpp"
#include "local/run/run_storage.hpp"
#include "local/store/log_store.hpp"
#include "local/store/uuid.hpp"
#include "local/work_threads.hpp"

namespace lambdapool::local::run {
namespace {

using nlohmann::json;

std::string no_such_service(const RunPath& path) {
  return "Resource '" + path.id + "' of kind 'SERVICE' in region '" + path.location + "' in project '" +
         path.project + "' does not exist.";
}

bool is_service_id(const std::string& id) {
  static const std::regex form("[a-z]([-a-z0-9]*[a-z0-9])?");
  return id.size() < 50 && std::regex_match(id, form);
}

// google/rpc/code.proto.
constexpr int failed_precondition = 9;
constexpr int aborted = 10;

constexpr const char* superseded = "The service was changed or deleted while its revision came up.";

// Where nobody else would tell of an exception.
http::Response answer_or_failure(const std::function<http::Response()>& make) {
  try {
    return make();
  } catch (const std::exception& failure) {
    return refusal(500, "The local Cloud Run has failed: " + reason_of(failure));
  }
}

std::function<void(http::Response)> answering(http::Responder responder) {
  return [held = std::make_shared<http::Responder>(std::move(responder))](http::Response response) {
    held->send(std::move(response));
  };
}

}  // namespace

struct RunService::Impl : std::enable_shared_from_this<RunService::Impl> {
  Impl(http::EventLoop& its_loop, RunOptions with)
      : loop(its_loop),
        options(std::move(with)),
        admission(options.admission),
        files(options.home),
        logs(loop, threads, options.home),
        instances(std::make_unique<Instances>(
            loop, options.instances,
            [this](const Revision& revision) { return make_code_ready(files, revision); },
            [this](const Revision& revision, const std::string& instance, std::string_view lines) {
              logs.append(LogName::of(revision.service).folder(), revision.name + "." + instance, lines,
                          now_ms());
            })) {}

  http::EventLoop& loop;
  const RunOptions options;
  const Admission admission;
  const RunFiles files;
  WorkThreads threads{2};
  LogStore logs;
  std::unique_ptr<Instances> instances;
  RunOperations operations{loop};
  std::string url;
  struct Known {
    std::string text;
    std::shared_ptr<const Revision> revision;
  };
  std::map<std::string, Known> known;  // services that were called, by name

  std::int64_t now_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(options.clock().time_since_epoch()).count();
  }

  std::optional<http::Response> judge(const http::Request& head, const http::Caller& caller) const {
    if (const auto admitted = admission.judge(head, caller); !admitted)
      return refusal(403, admitted.error().message);
    // Whose key has signed a URL is not known here: so it is as good as any token.
    if (const auto signed_until = signed_url_ends(head); signed_until && options.token.empty())
      return *signed_until > options.clock() ? std::nullopt : std::optional(expired_url());
    constexpr std::string_view scheme = "Bearer ";
    const auto given = head.headers.get("Authorization");
    if (!given.starts_with(scheme) || given.size() == scheme.size())
      return refusal(401, "Request is missing required authentication credential.");
    if (!options.token.empty() && !same(given.substr(scheme.size()), options.token))
      return refusal(401, "Request had invalid authentication credentials.");
    return std::nullopt;
  }

  void handle(http::Request request, http::Responder responder) {
    const auto path = parse_run_path(request.method, request.target);
    if (!path) return responder.send(refusal(404, "The requested URL was not found on this server."));
    switch (path->operation) {
      case RunOperation::call_service:
        return call(*path, std::move(request), std::move(responder));
      case RunOperation::create_service:
      case RunOperation::update_service:
        return change(*path, request.body, std::move(responder));
      case RunOperation::wait_operation:
        return operations.wait(path->parent(), path->id, request.body, answering(std::move(responder)));
      case RunOperation::list_entries:
        return list_log(std::move(request.body), std::move(responder));
      case RunOperation::list_buckets:
      case RunOperation::get_bucket:
      case RunOperation::create_bucket:
      case RunOperation::update_bucket:
      case RunOperation::delete_bucket:
      case RunOperation::list_objects:
      case RunOperation::get_object:
      case RunOperation::upload_object:
      case RunOperation::delete_object:
      case RunOperation::xml_object:
      case RunOperation::upload_source:
        return storage(*path, std::move(request), std::move(responder));
      default:
        return responder.send(answer(*path, request));
    }
  }

  http::Response answer(const RunPath& path, const http::Request& request) {
    switch (path.operation) {
      case RunOperation::get_service:
        if (const auto record = find(path)) return json_answer(record->shown(url));
        return refusal(404, no_such_service(path));
      case RunOperation::get_revision:
        return revision(path);
      case RunOperation::list_services:
        return list(path);
      case RunOperation::delete_service:
        return remove(path);
      case RunOperation::test_permissions:
      case RunOperation::get_policy:
      case RunOperation::set_policy:
        return policy(path, request.body);
      case RunOperation::get_operation:
        return operations.shown(path.parent(), path.id);
      default:
        return refusal(404, "The requested URL was not found on this server.");
    }
  }

  void list_log(std::string body, http::Responder responder) {
    threads.run([self = shared_from_this(), body = std::move(body),
                 held = std::make_shared<http::Responder>(std::move(responder))] {
      held->send(answer_or_failure([&] {
        const auto entries = list_entries(self->options.home, body);
        return entries ? json_answer(*entries) : refusal(entries.error());
      }));
    });
  }

  std::optional<RunRecord> find(const RunPath& path) const {
    const auto text = files.service(path.service());
    return text ? std::optional(read(path.service(), *text)) : std::nullopt;
  }

  RunRecord read(const std::string& name, const std::string& text) const {
    auto record = RunRecord::parse(name, text);
    if (const auto serving = record.serving();
        serving && !record.is_coming_up() && !has_code(files, *serving))
      record.failed(code_is_gone(*serving), options.clock());
    return record;
  }

  http::Response revision(const RunPath& path) const {
    const auto record = find(path);
    const auto shown = record ? record->shown_revision(path.revision) : std::nullopt;
    return shown ? json_answer(*shown) : refusal(404, "Revision '" + path.revision + "' does not exist.");
  }

  http::Response policy(const RunPath& path, const std::string& body) const {
    if (!find(path)) return refusal(404, no_such_service(path));
    if (path.operation == RunOperation::get_policy) return policy_of(files, path.service());
    if (path.operation == RunOperation::set_policy) return set_policy(files, path.service(), body);
    return test_permissions(body);
  }

  http::Response list(const RunPath& path) const {
    json services = json::array();
    for (const auto& [name, text] : files.services(path.project, path.location))
      services.push_back(json::parse(read(name, text).shown(url)));
    return json_answer(services.empty() ? "{}" : dumped({{"services", services}}));
  }

  // The service is changed when its new revision has come up, and is as it was where that does not.
  void change(const RunPath& asked, const std::string& body, http::Responder responder) {
    RunPath path = asked;
    const bool creates = path.operation == RunOperation::create_service;
    if (creates) path.id = path.value("serviceId");
    if (!is_service_id(path.id))
      return responder.send(refusal(400,
                                    "Violation in CreateServiceRequest.service_id: only lowercase, digits, "
                                    "and hyphens; must begin with letter, and cannot end with hyphen; must "
                                    "be less than 50 characters"));
    const auto before = find(path);
    if (creates && before) return responder.send(refusal(409, "Resource '" + path.id + "' already exists."));
    if (!creates && !before) return responder.send(refusal(404, no_such_service(path)));
    if (before && before->is_damaged())
      return responder.send(refusal(
          400, "What is kept of " + path.id + " is damaged: delete the function and create it again."));
    auto record = RunRecord::make(path.service(), body, before ? &*before : nullptr, path.value("updateMask"),
                                  options.clock());
    if (!record) return responder.send(refusal(record.error()));
    const bool validates = path.value("validateOnly") == "true";
    const auto source = record->source();
    if (!source && !validates) return responder.send(refusal(source.error()));
    const std::string id = operations.begin(record->shown(url));
    if (validates) {
      operations.succeed(id, record->shown(url));
      return responder.send(operations.shown(path.parent(), id));
    }
    // It is there from now on; requests go to what served them before, where there is something.
    if (auto kept = files.keep_service(record->name(), record->text()); !kept)
      return responder.send(refusal(kept.error()));
    if (!record->is_coming_up()) {
      settle(record->name(), record->kept_revisions());
      const std::string why_not = record->why_not();
      if (why_not.empty()) operations.succeed(id, record->shown(url));
      if (!why_not.empty()) operations.fail(id, failed_precondition, why_not);
      return responder.send(operations.shown(path.parent(), id));
    }
    responder.send(operations.shown(path.parent(), id));
    const auto fetch = [self = shared_from_this(), id, source = *source, record = *record] {
      auto code = self->unpacked(source);
      self->loop.post([self, id, record, code = std::move(code)] {
        if (!code) return self->give_up(id, record, code.error());
        self->try_out(id, record, *code);
      });
    };
    try {
      threads.run(fetch);
    } catch (const NoThread& failure) {
      give_up(id, *record, {ErrorKind::io, reason_of(failure)});
    }
  }

  // On another thread, where nobody is told of exceptions.
  Result<std::filesystem::path> unpacked(const CodeSource& source) const {
    try {
      if (const auto archive = files.object(source.bucket, source.object, source.generation))
        return files.unpack(*archive);
    } catch (const std::exception& failure) {
      return fail(ErrorKind::io, "The code could not be unpacked: " + reason_of(failure));
    }
    return fail(ErrorKind::invalid_argument,
                "No such object: " + source.bucket + "/" + source.object + "#" + source.generation);
  }

  void try_out(const std::string& id, RunRecord record, const std::filesystem::path& code) {
    const auto revision = record.wanted(code);
    instances->try_out(revision,
                       [weak = weak_from_this(), id, record, code, revision](Result<void> up) mutable {
                         const auto self = weak.lock();
                         if (!self) return;
                         if (self->files.service(record.name()) != record.text())
                           return self->operations.fail(id, aborted, superseded);
                         if (!up) return self->give_up(id, record, up.error());
                         record.came_up(code, self->options.clock());
                         if (auto kept = self->files.keep_service(record.name(), record.text()); !kept)
                           return self->give_up(id, record, kept.error());
                         self->settle(record.name(), record.kept_revisions());
                         self->operations.succeed(id, record.shown(self->url));
                       });
  }

  // A revision that does not come up never gets requests; what served them goes on.
  void give_up(const std::string& id, RunRecord record, const Error& error) {
    record.failed(error.message, options.clock());
    (void)files.keep_service(record.name(), record.text());
    operations.fail(id, failed_precondition, error.message);
  }

  // After a change: what nothing needs any more goes, or with the next one.
  void settle(const std::string& name, const std::set<std::string>& kept_revisions) {
    instances->retire(name, kept_revisions);
    try {
      threads.run([self = shared_from_this()] { remove_unused_code(self->files); });
    } catch (const NoThread&) {
    }
  }

  http::Response remove(const RunPath& path) {
    const auto record = find(path);
    if (!record) return refusal(404, no_such_service(path));
    const std::string id = operations.begin(record->shown(url));
    if (path.value("validateOnly") != "true") {
      files.remove_service(path.service());
      settle(path.service(), {});
    }
    operations.succeed(id, record->shown(url));
    return operations.shown(path.parent(), id);
  }

  // Archives are large, and written to the disk.
  void storage(const RunPath& path, http::Request request, http::Responder responder) {
    threads.run([self = shared_from_this(), path, asked = std::make_shared<http::Request>(std::move(request)),
                 held = std::make_shared<http::Responder>(std::move(responder))] {
      held->send(answer_or_failure([&] {
        return answer_storage({self->files, self->url, self->options.clock()}, path, *asked);
      }));
    });
  }

  void call(const RunPath& path, http::Request request, http::Responder responder) {
    // What is called may be a tag of the service: "TAG---S".
    const std::string called = path.service();
    const auto dashes = path.id.find("---");
    std::string name = called, tag;
    auto text = files.service(name);
    if (!text && dashes != std::string::npos) {
      tag = path.id.substr(0, dashes);
      name = path.parent() + "/services/" + path.id.substr(dashes + 3);
      text = files.service(name);
    }
    auto record =
        text && known[called].text != *text ? std::optional(RunRecord::parse(name, *text)) : std::nullopt;
    if (!text || (record && !tag.empty() && !record->serving(tag))) {
      known.erase(called);
      return responder.send(
          {404, {{"Content-Type", "text/html; charset=UTF-8"}}, "<h1>Error: Page not found</h1>"});
    }
    auto& cached = known[called];
    if (cached.text != *text) {
      if (!record || !record->serving(tag))
        return responder.send(not_run(503, record ? record->why_not() : ""));
      if (cached.revision) instances->retire(name, record->kept_revisions());
      cached = {std::move(*text), record->serving(tag)};
    }
    request.target = path.rest;
    request.headers.remove("Authorization");
    request.headers.remove("Connection");
    request.headers.remove("Host");
    instances->call(
        cached.revision, std::move(request),
        [held = std::make_shared<http::Responder>(std::move(responder))](http::Response response) {
          response.headers.remove("Connection");
          response.headers.remove("Transfer-Encoding");
          held->send(std::move(response));
        });
  }
};

bool is_for_run(const http::Request& head) {
  const auto& target = head.target;
  return target.starts_with("/v2/projects/") || target.starts_with("/v1/projects/") ||
         target.starts_with("/v2/entries:") || target.starts_with("/storage/v1/") ||
         target.starts_with("/upload/storage/v1/") || target.starts_with("/download/storage/v1/") ||
         target.starts_with("/upload/v2/") || target.starts_with("/_run/") || is_for_xml_storage(head);
}

RunService::RunService(http::EventLoop& loop, RunOptions options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

RunService::~RunService() {
  impl_->threads.stop();
  impl_->instances.reset();
  impl_->loop.run([&] {
    impl_->logs.flush_now();
    impl_.reset();
  });
}

std::optional<http::Response> RunService::screen(const http::Request& head, const http::Caller& caller) {
  return impl_->judge(head, caller);
}

void RunService::handle(http::Request request, http::Responder responder) {
  impl_->handle(std::move(request), std::move(responder));
}

void RunService::set_url(std::string url) { impl_->url = std::move(url); }

void RunService::pause() { impl_->threads.pause(); }
void RunService::resume() { impl_->threads.resume(); }

void RunService::close_in_fork() {
  impl_->logs.close_in_fork();
  impl_->instances->close_in_fork();
}

}  // namespace lambdapool::local::run
