#include "deploy/function/code_and_configuration.hpp"

#include <optional>
#include <string>
#include <utility>

#include "deploy/code/code_fetch.hpp"
#include "deploy/function/change.hpp"
#include "deploy/function/deployed_function.hpp"
#include "deploy/role/execution_role.hpp"

namespace lambdapool::deploy {
namespace {

using aws::FunctionConfiguration;
using aws::FunctionDescription;

Error changed_meanwhile(const std::string& name, const Error& error = {}) {
  Error told = error;
  told.kind = ErrorKind::conflict;
  told.message = "function " + name + " was changed by somebody else in the meantime; try again.";
  return told;
}

// The service failed when it was first asked, and the second time finds the function changed.
Error perhaps_ourselves(Session& session, const std::string& name) {
  if (const auto settled = wait_until_settled(session, name); !settled) return settled.error();
  Error told;
  told.message =
      "the service failed while it changed function " + name + ", which is not what it was; try again.";
  told.http_status = 500;
  return told;
}

Result<FunctionConfiguration> send_and_settle(Session& session, http::Request request,
                                              const std::string& name) {
  const auto answer = session.send(std::move(request), Repeatable::no);
  if (!answer) return tl::unexpected(answer.error());
  const auto accepted = aws::parse_configuration(*answer);
  const bool conflict =
      !accepted && (accepted.error().http_status == 412 || accepted.error().kind == ErrorKind::conflict);
  if (conflict && answer->is_second) return tl::unexpected(perhaps_ourselves(session, name));
  if (conflict) return tl::unexpected(changed_meanwhile(name, accepted.error()));
  if (!accepted) return accepted;
  return wait_until_settled(session, name);
}

// `zip` outlives the call.
aws::UpdateFunctionCode code_call(const std::string& name, std::string_view zip, const CodeUpload& upload) {
  aws::UpdateFunctionCode call{name, zip};
  call.code_in_s3 = upload.object();
  return call;
}

// The state after new code, which must be the state before but for the code: otherwise somebody came between.
Result<FunctionConfiguration> update_code(Session& session, const std::string& name,
                                          const package::Package& code, const CodeUpload& upload,
                                          const FunctionConfiguration& now) {
  auto call = code_call(name, code.zip, upload);
  if (now.architecture != code.architecture) call.architecture = code.architecture;
  call.revision_id = now.revision_id;
  auto done = send_and_settle(session, aws::update_function_code_request(call), name);
  if (!done && done.error().kind != ErrorKind::conflict) {
    // An answer that got lost may have been a yes.
    const auto found = find_function(session, name);
    if (!found || !*found || !is_already_there(code, (*found)->configuration)) return done;
    done = (*found)->configuration;
  }
  if (!done) return done;
  aws::UpdateFunctionConfiguration unchanged{name, now.memory_mb, now.timeout_s, arns_of_layers(now),
                                             now.runtime};
  unchanged.environment = now.environment;
  unchanged.role = now.role;
  unchanged.description = now.description;
  unchanged.ephemeral_mb = now.ephemeral_mb;
  unchanged.vpc = now.vpc;
  if (done->code_sha256 != code.sha256_base64 || !is_in_force(unchanged, *done))
    return tl::unexpected(changed_meanwhile(name));
  return done;
}

Result<FunctionConfiguration> update_configuration(Session& session, aws::UpdateFunctionConfiguration call,
                                                   const FunctionConfiguration& now) {
  session.tell(Event::Kind::configuring);
  call.revision_id = now.revision_id;
  for (int refusals = 1;; ++refusals) {
    auto done = send_and_settle(session, aws::update_function_configuration_request(call), call.name);
    if (done) return done;
    if (!is_role_refusal(done.error())) {
      auto found = find_function(session, call.name);
      const bool lost = may_have_happened(done.error()) || done.error().kind == ErrorKind::cancelled;
      if (lost && found && *found && is_in_force(call, (*found)->configuration))
        return std::move((*found)->configuration);
      return tl::unexpected(done.error());
    }
    const std::string role = call.role.value_or(now.role);
    const auto delay = role_patience(refusals, false);
    if (!delay) return tl::unexpected(role_refused(role, done.error()));
    if (auto waited = session.pause(*delay); !waited) return tl::unexpected(waited.error());
  }
}

// What there was before, to be put back.
struct Before {
  FunctionConfiguration configuration;
  std::optional<std::string> zip;  // nullopt: it could not be had
};

Result<void> restore_code(Session& session, const ResolvedRequest& request, Before before,
                          const FunctionConfiguration& now) {
  if (!before.zip) return fail(ErrorKind::io, "the old code could not be fetched");
  package::Package old;
  old.zip = std::move(*before.zip);
  auto upload = CodeUpload::prepare(session, request.bucket, request.asked.name, old);
  if (!upload) return tl::unexpected(upload.error());
  auto call = code_call(request.asked.name, old.zip, *upload);
  call.architecture = before.configuration.architecture;
  call.revision_id = now.revision_id;
  const auto done = send_and_settle(session, aws::update_function_code_request(call), request.asked.name);
  return done ? Result<void>{} : tl::unexpected(done.error());
}

// Takes back what this update has done, and nothing else: error conflict where somebody else came between.
Result<void> restore(Session& session, const ResolvedRequest& request, const Plan& plan, Before before) {
  const auto now = wait_until_idle(session, request.asked.name);
  if (!now) return tl::unexpected(now.error());
  FunctionConfiguration current = now->configuration;
  const auto& deployed = plan.code ? plan.code->sha256_base64 : before.configuration.code_sha256;
  if (current.code_sha256 != deployed) return tl::unexpected(changed_meanwhile(request.asked.name));
  if (is_in_force(plan.change.configuration, current)) {
    auto call = plan.change.way_back;
    call.revision_id = current.revision_id;
    const auto done =
        send_and_settle(session, aws::update_function_configuration_request(call), request.asked.name);
    if (!done) return tl::unexpected(done.error());
    current = *done;
  }
  if (current.code_sha256 == before.configuration.code_sha256) return {};
  return restore_code(session, request, std::move(before), current);
}

// The refusal, and the state that the function is in now.
tl::unexpected<Error> after_refusal(Session& session, const ResolvedRequest& request, const Plan& plan,
                                    Before before, Error error) {
  const std::string function = "function " + request.asked.name;
  if (error.kind == ErrorKind::conflict && plan.code) {
    error.message = "the code of " + function +
                    " was updated, but then somebody else changed the function; update it again.";
    return tl::unexpected(std::move(error));
  }
  const auto done = restore(session, request, plan, std::move(before));
  if (done) return tl::unexpected(std::move(error));
  const bool lost = error.kind == ErrorKind::not_found || done.error().kind == ErrorKind::not_found;
  if (lost && is_gone(session, request.asked.name)) return tl::unexpected(gone_meanwhile(request.asked.name));
  if (done.error().kind == ErrorKind::conflict)
    error.message = "the new configuration of " + function + " was refused: " + error.message + " (" +
                    function + " is as somebody else has left it in the meantime)";
  else if (plan.code)
    error.message =
        function +
        " has its new code with its old configuration, because the new one was refused: " + error.message +
        " (The old code was not put back: " + done.error().message + ")";
  else
    error.message = "whether the configuration of " + function +
                    " was changed is not known: " + error.message + " (" + done.error().message + ")";
  return tl::unexpected(std::move(error));
}

}  // namespace

Result<FunctionConfiguration> change_code_and_configuration(Session& session, const ResolvedRequest& request,
                                                            const Plan& plan, const CodeUpload& upload,
                                                            const FunctionDescription& now) {
  Before before{now.configuration, {}};
  if (plan.code && plan.change.of_configuration())
    before.zip = fetch_code(session, now.code_url, now.configuration.code_sha256);
  FunctionConfiguration current = now.configuration;
  if (plan.code) {
    auto updated = update_code(session, request.asked.name, *plan.code, upload, current);
    if (!updated) return updated;
    current = std::move(*updated);
    session.tell(Event::Kind::uploaded, request.asked.name);
  }
  for (const std::string& line : plan.change.lines) session.tell(Event::Kind::changing, line);
  if (!plan.change.of_configuration()) return current;
  auto configured = update_configuration(session, plan.change.configuration, current);
  const bool untouched = !configured && !plan.code && configured.error().http_status != 0;
  if (!configured && !untouched)
    return after_refusal(session, request, plan, std::move(before), configured.error());
  return configured;
}

}  // namespace lambdapool::deploy
