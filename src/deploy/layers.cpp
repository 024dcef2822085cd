#include "deploy/layers.hpp"

#include <utility>

#include "deploy/code/code.hpp"
#include "deploy/code/code_upload.hpp"
#include "deploy/code/requirements_copy.hpp"
#include "deploy/function/settings.hpp"
#include "deploy/layer_names.hpp"
#include "deploy/local_limits.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {
namespace {

// What a layer shares with a function, so that both are judged by the same rules.
FunctionRequest as_function(const LayerRequest& request) {
  FunctionRequest function;
  function.name = "layer";
  function.paths = request.paths;
  function.requirements = request.requirements;
  function.allowed_secrets = request.allowed_secrets;
  function.runtime = request.runtime;
  function.architecture = request.architecture;
  function.description = request.description;
  function.bucket = request.bucket;
  return function;
}

Result<void> validate_publication(const LayerRequest& request) {
  if (auto valid = validate_layer_name(request.name); !valid) return valid;
  if (request.paths.empty() && request.requirements.value_or("").empty())
    return fail(ErrorKind::invalid_argument, "there is nothing to publish: give paths or --requirements.");
  const Code code = code_of(request.paths);
  if (code.is_executable())
    return fail(ErrorKind::invalid_argument,
                "a layer holds Python code; an executable brings its own libraries and needs no layer.");
  if (auto valid = validate(as_function(request), lambda_limits()); !valid) return valid;
  return validate_code(as_function(request), code, lambda_limits());
}

Result<LayerVersion> send_layer(Session& session, const LayerRequest& request,
                                const std::optional<std::string>& bucket, const package::Package& code) {
  const auto upload = CodeUpload::prepare(session, bucket, "layer-" + request.name, code);
  if (!upload) return tl::unexpected(upload.error());
  aws::PublishLayerVersion call{request.name, {}, upload->object(), request.description.value_or("")};
  if (!call.content_in_s3) call.zip = code.zip;
  call.runtimes = {code.runtime};
  call.architectures = {code.architecture};
  const auto answer = session.send(aws::publish_layer_version_request(call), Repeatable::no);
  if (!answer) return tl::unexpected(answer.error());
  return aws::parse_layer_version(*answer);
}

}  // namespace

Result<LayerVersion> publish_layer(Connection& connection, const LayerRequest& asked, const Events& events,
                                   const StopToken& stop) {
  if (auto valid = validate_publication(asked); !valid) return tl::unexpected(valid.error());
  LayerRequest request = asked;
  RequirementsCopy copy;
  if (!request.requirements.value_or("").empty()) {
    auto kept = keep_what_is_read_once(*request.requirements, stop);
    if (!kept) return tl::unexpected(kept.error());
    copy = std::move(*kept);
  }
  const auto bucket = chosen_bucket(connection.environment(), request.bucket);
  if (!bucket) return tl::unexpected(bucket.error());
  const auto runtime = python_runtime(connection, request.runtime);
  if (!runtime) return tl::unexpected(runtime.error());
  auto session = Session::open(connection, events, stop);
  if (!session) return tl::unexpected(session.error());
  const bool local = (*session)->is_local();
  if (local && request.bucket) tell_no_bucket(**session);
  (*session)->tell(Event::Kind::begun, request.name);
  const Platform platform{*runtime,
                          request.architecture.value_or(local ? this_machines_architecture() : "x86_64"),
                          local, *bucket};
  const auto code = build_layer(**session, request, platform);
  if (!code) return tl::unexpected(code.error());
  auto published = send_layer(**session, request, *bucket, *code);
  if (published) published->name = request.name;
  return published;
}

Result<std::vector<LayerVersion>> list_layers(Connection& connection, const StopToken& stop) {
  auto session = Session::open_to_read(connection, {}, stop);
  if (!session) return tl::unexpected(session.error());
  std::vector<LayerVersion> layers;
  for (std::optional<std::string> marker;;) {
    auto page = call(**session, aws::list_layers_request(marker), aws::parse_list_layers);
    if (!page) return tl::unexpected(page.error());
    layers.insert(layers.end(), page->layers.begin(), page->layers.end());
    if (!page->next_marker) return layers;
    marker = page->next_marker;
  }
}

Result<std::vector<std::int64_t>> delete_layer(Connection& connection, const std::string& layer,
                                               const Events& events, const StopToken& stop) {
  const auto colon = layer.find(':');
  const std::string name = layer.substr(0, colon);
  if (auto valid = validate_layer_name(name); !valid) return tl::unexpected(valid.error());
  auto session = Session::open(connection, events, stop);
  if (!session) return tl::unexpected(session.error());
  const auto versions = layer_versions(**session, name);
  if (!versions) return tl::unexpected(versions.error());
  if (auto go_on = (*session)->check_unchanged(); !go_on) return tl::unexpected(go_on.error());
  (*session)->see_through();
  std::vector<std::int64_t> gone;
  for (const auto& version : *versions) {
    const std::string number = std::to_string(version.version);
    if (colon != std::string::npos && number != layer.substr(colon + 1)) continue;
    const auto deleted =
        call(**session, aws::delete_layer_version_request(name, version.version), aws::parse_no_content);
    if (!deleted) return tl::unexpected(deleted.error());
    (*session)->tell(Event::Kind::deleted_version, number);
    gone.push_back(version.version);
  }
  if (gone.empty()) return no_such_layer(layer);
  return gone;
}

}  // namespace lambdapool::deploy
