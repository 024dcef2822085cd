// A service's change is an operation that ends when its new revision has come up, and until then the old one
// serves: so what a create or an update leaves is either the new function or the one that was there.
#include "deploy/run/run_functions.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "deploy/code/code.hpp"
#include "deploy/deployment.hpp"
#include "deploy/function/settings.hpp"
#include "deploy/run/code_on_run.hpp"
#include "deploy/run/deployed_service.hpp"
#include "deploy/run/operation.hpp"
#include "deploy/run/revision_log.hpp"
#include "deploy/run/run_request.hpp"
#include "deploy/session.hpp"
#include "gcp/project/project.hpp"
#include "gcp/run/services.hpp"
#include "gcp/service_name.hpp"

namespace lambdapool::deploy {
namespace {

namespace run = gcp::run;
using namespace std::chrono_literals;

constexpr auto looked_at_for = std::chrono::minutes{25};

// After an answer that does not tell whether the change was made: its code's object is this change's alone.
Result<run::Service> look_again(Session& session, const run::Service& wanted, const Error& error) {
  const bool is_known = error.kind != ErrorKind::network && error.kind != ErrorKind::timed_out &&
                        error.kind != ErrorKind::conflict && error.http_status < 500;
  if (is_known || wanted.object.empty()) return tl::unexpected(error);
  const auto deadline = std::chrono::steady_clock::now() + looked_at_for;
  for (;;) {
    auto found = call(session, run::get_service_request(wanted.name), run::parse_get_service);
    if (!found || found->object != wanted.object) return tl::unexpected(error);
    if (found->state == "CONDITION_FAILED") return fail(ErrorKind::service, found->state_message);
    if (found->state == "CONDITION_SUCCEEDED") return found;
    if (std::chrono::steady_clock::now() > deadline) return tl::unexpected(error);
    if (auto waited = session.pause(500ms); !waited) return tl::unexpected(waited.error());
  }
}

Result<package::Package> code_for(const Session& session, const JudgedRequest& request,
                                  const std::string& runtime) {
  Platform platform;
  platform.runtime = runtime;
  platform.local = session.target().name == "gcp-local";
  platform.architecture = architecture_on_run(session.connection());
  platform.is_limited = false;
  return build_code(session, request.asked, request.code, platform);
}

struct NewFunction {
  std::unique_ptr<Session> session;
  run::Service service;
  package::Package code = {};
  bool is_there = false;  // and is left as it is
};

Result<NewFunction> prepare_creation(Connection& connection, const JudgedRequest& request, Existing existing,
                                     const Events& events, const StopToken& stop) {
  const std::string& name = request.asked.name;
  const auto id = gcp::service_id(name);
  if (!id) return tl::unexpected(id.error());
  const auto runtime = request.code.is_executable() ? Result<std::string>()
                                                    : python_runtime(connection, request.asked.runtime);
  if (!runtime) return tl::unexpected(runtime.error());
  if (!request.code.is_executable())
    if (auto known = check_runtime_of(run_limits(), *runtime); !known) return tl::unexpected(known.error());
  auto session = Session::open_to_run(connection, events, stop);
  if (!session) return tl::unexpected(session.error());
  auto found = find_service(**session, name);
  if (!found) return tl::unexpected(found.error());
  if (*found && !is_own(**found))
    return fail(ErrorKind::conflict, "function " + name +
                                         " already exists and was not made by lambdapool; it is left as it "
                                         "is, so choose another name.");
  if (*found && (*found)->state == "CONDITION_FAILED" && (*found)->latest_ready_revision.empty()) {
    (*session)->tell(Event::Kind::removing_unfinished, name);
    const auto deleted = bring_to_end(
        **session, (*session)->send(run::delete_service_request((*found)->name), Repeatable::yes));
    if (!deleted && deleted.error().kind != ErrorKind::not_found) return tl::unexpected(deleted.error());
    found->reset();
  }
  if (*found && existing == Existing::refuse)
    return fail(ErrorKind::conflict,
                "function " + name + " already exists; 'lambdapool update " + name + "' changes it.");
  if (*found) return NewFunction{std::move(*session), std::move(**found), {}, true};
  (*session)->tell(Event::Kind::begun, name);
  auto code = code_for(**session, request, *runtime);
  if (!code) return tl::unexpected(code.error());
  NewFunction made{std::move(*session), new_service(request.asked), std::move(*code)};
  made.service.name = place_on(*made.session).service(*id);
  describe_code(made.service, made.code, request.asked);
  return made;
}

// Uploads the code and sends the service with it. What was uploaded in vain is removed.
Result<run::Service> deploy_service(Session& session, run::Service& service, const package::Package* code,
                                    http::Request (*request)(const run::Service&, run::ValidateOnly)) {
  std::optional<UploadedCode> uploaded;
  if (code) {
    auto sent = upload_code(session, service.id(), *code);
    if (!sent) return tl::unexpected(sent.error());
    uploaded = std::move(*sent);
    service.bucket = uploaded->bucket;
    service.object = uploaded->object;
    service.generation = uploaded->generation;
  }
  if (auto go_on = session.check_unchanged(); !go_on) {
    if (uploaded) remove_code(session, *uploaded);
    return tl::unexpected(go_on.error());
  }
  session.see_through();
  auto deployed =
      bring_to_end(session, session.send(request(service, run::ValidateOnly::no), Repeatable::no));
  if (!deployed && uploaded) deployed = look_again(session, service, deployed.error());
  if (deployed) return deployed;
  deployed = tl::unexpected(explained(session, service, deployed.error()));
  if (uploaded) remove_code(session, *uploaded);
  return deployed;
}

// A service whose first revision did not come up stays, and is none: so it goes.
void remove_failed(Session& session, const run::Service& service) {
  const auto found = call(session, run::get_service_request(service.name), run::parse_get_service);
  if (!found || found->object != service.object) return;
  (void)bring_to_end(session, session.send(run::delete_service_request(service.name), Repeatable::yes));
}

// What Google itself says to the service, without making it.
Result<void> validate_only(Session& session, const run::Service& service,
                           http::Request (*request)(const run::Service&, run::ValidateOnly)) {
  const auto answer = session.send(request(service, run::ValidateOnly::yes), Repeatable::yes);
  if (!answer) return tl::unexpected(answer.error());
  const auto validated = run::parse_operation(*answer);
  return validated ? Result<void>{} : tl::unexpected(validated.error());
}

struct ChangedFunction {
  std::unique_ptr<Session> session;
  run::Service before;   // as it has come up
  run::Service service;  // as it is to be
  std::optional<package::Package> code = {};
  std::vector<std::string> lines = {};  // what changes beside the code
  std::string old_object = {};
};

// Of the code that there is: another Python, and nothing else.
Result<ChangedFunction> with_runtime(ChangedFunction changed, const std::optional<std::string>& asked) {
  const std::string before = function_of(changed.service).runtime;
  if (!asked || *asked == before) return changed;
  if (!before.starts_with("python") || !asked->starts_with("python"))
    return fail(ErrorKind::invalid_argument, "the code of function " + function_of(changed.service).name +
                                                 " runs on " + before + ", and not on " + *asked +
                                                 "; give the paths of other code as well.");
  changed.lines.push_back("runtime from " + before + " to " + *asked);
  set_runtime(changed.service, *asked);
  return changed;
}

Result<ChangedFunction> prepare_change(Connection& connection, const JudgedRequest& request,
                                       const Events& events, const StopToken& stop) {
  const FunctionRequest& asked = request.asked;
  auto session = Session::open_to_run(connection, events, stop);
  if (!session) return tl::unexpected(session.error());
  const auto found = own_service(**session, asked.name);
  if (!found) return tl::unexpected(found.error());
  const auto service = as_it_came_up(**session, *found);
  if (!service) return tl::unexpected(service.error());
  if (!asks_for_anything(asked))
    return fail(ErrorKind::invalid_argument,
                "there is nothing to update: give paths, or options such as --memory, --timeout or --env.");
  if (const auto packages = packages_of(*service); !packages.empty())
    if (auto kept = keeps_packages(packages, asked); !kept) return tl::unexpected(kept.error());
  (*session)->tell(Event::Kind::begun, asked.name);
  ChangedFunction changed{std::move(*session), *service, *service};
  changed.old_object = changed.service.object;
  changed.lines = change_service(changed.service, asked);
  if (asked.paths.empty()) return with_runtime(std::move(changed), asked.runtime);
  const std::string before = function_of(changed.service).runtime;
  const bool stays_python = !asked.runtime && before.starts_with("python");
  const auto runtime = request.code.is_executable() ? Result<std::string>()
                       : stays_python               ? Result<std::string>(before)
                                                    : python_runtime(connection, asked.runtime);
  if (!runtime) return tl::unexpected(runtime.error());
  if (!request.code.is_executable())
    if (auto known = check_runtime_of(run_limits(), *runtime); !known) return tl::unexpected(known.error());
  auto code = code_for(*changed.session, request, *runtime);
  if (!code) return tl::unexpected(code.error());
  const bool is_there = code->sha256_base64 == function_of(changed.service).code_sha256 &&
                        changed.service.state != "CONDITION_FAILED";
  if (is_there) {
    changed.session->tell(Event::Kind::unchanged_code, asked.name);
  } else {
    describe_code(changed.service, *code, asked);
    changed.code = std::move(*code);
  }
  return changed;
}

// A service is private to those who have the role roles/run.invoker there or in the project, and to have made
// it gives no such right. Nobody is given it unasked.
void tell_who_cannot_call(Session& session, const run::Service& service) {
  if (session.target().name != "gcp") return;
  const std::vector<std::string> needed{"run.routes.invoke"};
  const auto held =
      call(session, gcp::test_service_permissions_request(service.name, needed), gcp::parse_permissions);
  if (!held || !held->empty()) return;
  session.tell(Event::Kind::warning, "the account that has made " + function_of(service).name +
                                         " may not call it, as it lacks the role roles/run.invoker; " +
                                         run::command_to_let_call(place_on(session), service.id()) +
                                         " gives it.");
}

// What is the service's own changes at once, whatever becomes of the revision: after one that does not come
// up it is put back.
void put_back(Session& session, const ChangedFunction& changed) {
  const auto& [labels, description] = std::tie(changed.before.labels, changed.before.description);
  if (changed.service.labels == labels && changed.service.description == description) return;
  auto found = call(session, run::get_service_request(changed.before.name), run::parse_get_service);
  if (!found || found->labels != changed.service.labels || found->description != changed.service.description)
    return;
  found->labels = labels;
  found->description = description;
  (void)session.send(run::update_labels_request(*found), Repeatable::yes);
}

}  // namespace

Result<Created> RunFunctions::create(Connection& connection, const JudgedRequest& request, Existing existing,
                                     const Events& events, const StopToken& stop) const {
  auto made = prepare_creation(connection, request, existing, events, stop);
  if (!made) return tl::unexpected(made.error());
  if (made->is_there) return Created{function_of(made->service), false};
  made->session->tell(Event::Kind::uploading);
  const auto created =
      deploy_service(*made->session, made->service, &made->code, run::create_service_request);
  if (!created) {
    remove_failed(*made->session, made->service);
    return tl::unexpected(created.error());
  }
  made->session->tell(Event::Kind::uploaded, request.asked.name);
  tell_who_cannot_call(*made->session, *created);
  return Created{function_of(*created)};
}

Result<CreationPlan> RunFunctions::plan_creation(Connection& connection, const JudgedRequest& request,
                                                 Existing existing, const Events& events,
                                                 const StopToken& stop) const {
  auto made = prepare_creation(connection, request, existing, events, stop);
  if (!made) return tl::unexpected(made.error());
  if (!made->is_there)
    if (auto valid = validate_only(*made->session, made->service, run::create_service_request); !valid)
      return tl::unexpected(valid.error());
  return CreationPlan{.function = function_of(made->service), .is_new = !made->is_there};
}

Result<Updated> RunFunctions::update(Connection& connection, const JudgedRequest& request,
                                     const Events& events, const StopToken& stop) const {
  auto changed = prepare_change(connection, request, events, stop);
  if (!changed) return tl::unexpected(changed.error());
  // One whose newest revision did not come up is put in order by a new one.
  if (!changed->code && changed->lines.empty() && changed->before.state != "CONDITION_FAILED")
    return Updated{function_of(changed->service), false};
  if (changed->code) changed->session->tell(Event::Kind::uploading);
  for (const auto& line : changed->lines) changed->session->tell(Event::Kind::changing, line);
  if (!changed->code) changed->session->tell(Event::Kind::configuring);
  const auto updated = deploy_service(*changed->session, changed->service,
                                      changed->code ? &*changed->code : nullptr, run::update_service_request);
  if (!updated) {
    put_back(*changed->session, *changed);
    return tl::unexpected(updated.error());
  }
  if (changed->code) {
    remove_code(*changed->session, {changed->service.bucket, changed->old_object, ""});
    changed->session->tell(Event::Kind::uploaded, request.asked.name);
  }
  if (const auto serving = run::serving_revision(*updated);
      serving != updated->latest_ready_revision.substr(updated->latest_ready_revision.rfind('/') + 1))
    changed->session->tell(Event::Kind::warning,
                           "the requests to " + request.asked.name + " still go to its revision " + serving +
                               ", as its traffic says; `gcloud run services update-traffic " + updated->id() +
                               " --to-latest` sends them to what is new.");
  return Updated{function_of(*updated)};
}

Result<UpdatePlan> RunFunctions::plan_update(Connection& connection, const JudgedRequest& request,
                                             const Events& events, const StopToken& stop) const {
  auto changed = prepare_change(connection, request, events, stop);
  if (!changed) return tl::unexpected(changed.error());
  if (auto valid = validate_only(*changed->session, changed->service, run::update_service_request); !valid)
    return tl::unexpected(valid.error());
  UpdatePlan plan{.changes = std::move(changed->lines)};
  if (changed->code) plan.code_bytes = static_cast<std::int64_t>(changed->code->zip.size());
  return plan;
}

Result<Removal> RunFunctions::remove(Connection& connection, const std::string& name, const Events& events,
                                     const StopToken& stop) const {
  if (auto valid = validate_name(name); !valid) return tl::unexpected(valid.error());
  auto session = Session::open_to_run(connection, events, stop);
  if (!session) return tl::unexpected(session.error());
  const auto service = own_service(**session, name);
  if (!service) return tl::unexpected(service.error());
  (*session)->see_through();
  (*session)->tell(Event::Kind::begun, name);
  const auto deleted =
      bring_to_end(**session, (*session)->send(run::delete_service_request(service->name), Repeatable::yes));
  // Not there any more: an earlier attempt of ours got through, or somebody else was faster.
  if (!deleted && deleted.error().kind != ErrorKind::not_found) return tl::unexpected(deleted.error());
  remove_code(**session, {service->bucket, service->object, service->generation});
  return Removal{};
}

Result<Removal> RunFunctions::plan_removal(Connection& connection, const std::string& name,
                                           const Events& events, const StopToken& stop) const {
  if (auto valid = validate_name(name); !valid) return tl::unexpected(valid.error());
  auto session = Session::open_to_run(connection, events, stop);
  if (!session) return tl::unexpected(session.error());
  const auto service = own_service(**session, name);
  if (!service) return tl::unexpected(service.error());
  return Removal{};
}

Result<std::vector<Function>> RunFunctions::list(Connection& connection, const StopToken& stop) const {
  auto session = Session::open_to_run(connection, {}, stop);
  if (!session) return tl::unexpected(session.error());
  std::vector<Function> functions;
  std::optional<std::string> token;
  do {
    const auto page =
        call(**session, run::list_services_request(place_on(**session), token), run::parse_list_services);
    if (!page) return tl::unexpected(page.error());
    for (const auto& service : page->services) {
      if (!is_own(service)) continue;
      const auto serving = as_it_serves(**session, service);
      if (!serving && serving.error().kind != ErrorKind::not_found) return tl::unexpected(serving.error());
      functions.push_back(function_of(serving ? *serving : service));
    }
    token = page->next_page_token;
  } while (token);
  std::ranges::stable_sort(functions, [](const Function& a, const Function& b) {
    return a.last_modified != b.last_modified ? a.last_modified > b.last_modified : a.name < b.name;
  });
  return functions;
}

}  // namespace lambdapool::deploy
