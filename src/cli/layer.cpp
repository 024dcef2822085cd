// layer publish, list and delete: layers of one's own, which create and update take by name.

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "aws/lambda/layers.hpp"
#include "cli/code.hpp"
#include "cli/code_upload.hpp"
#include "cli/layer_names.hpp"
#include "cli/local_limits.hpp"
#include "cli/output_width.hpp"
#include "cli/progress.hpp"
#include "cli/quantity.hpp"
#include "cli/settings.hpp"
#include "cli/table.hpp"
#include "cli/verbs.hpp"
#include "core/timestamp.hpp"

namespace lambdapool::cli {
namespace {

using Layers = std::vector<aws::LayerVersion>;

// The options that a layer shares with a function, so that both are judged by the same rules.
FunctionOptions as_function(const LayerOptions& options) {
  FunctionOptions function;
  function.name = "layer";
  function.paths = options.paths;
  function.requirements = options.requirements;
  function.allowed_secrets = options.allowed_secrets;
  function.runtime = options.runtime;
  function.architecture = options.architecture;
  function.description = options.description;
  function.bucket = options.bucket;
  return function;
}

Result<void> validate_publication(const LayerOptions& options) {
  if (auto valid = validate_layer_name(options.name); !valid) return valid;
  if (options.paths.empty() && options.requirements.value_or("").empty())
    return fail(ErrorKind::invalid_argument, "there is nothing to publish: give paths or --requirements.");
  if (is_executable_code(as_function(options)))
    return fail(ErrorKind::invalid_argument,
                "a layer holds Python code; an executable brings its own libraries and needs no layer.");
  if (auto valid = validate(as_function(options)); !valid) return valid;
  return validate_code(as_function(options));
}

Result<package::Package> build(const Session& session, const LayerOptions& options,
                               const std::string& runtime) {
  const Context& context = session.context();
  const Platform platform{
      runtime, options.architecture.value_or(session.is_local() ? this_machines_architecture() : "x86_64")};
  auto request = python_request(context, as_function(options), platform);
  Activity activity("Copying");
  request.progress = [&](const std::string& line) {
    say(line);
    activity.now(line);
  };
  auto built = package::build_python_layer(request);
  if (auto go_on = context.interruption.check("nothing was changed"); !go_on)
    return tl::unexpected(go_on.error());
  if (!built) return built;
  if (auto fits = check_package(*built, session.is_local(), options.bucket); !fits)
    return tl::unexpected(fits.error());
  return built;
}

Result<aws::LayerVersion> send(Session& session, const LayerOptions& options, package::Package code) {
  const auto upload = CodeUpload::prepare(session, options.bucket, "layer-" + options.name, code);
  if (!upload) return tl::unexpected(upload.error());
  aws::PublishLayerVersion call{options.name, {}, upload->object(), options.description.value_or("")};
  if (!call.content_in_s3) call.zip = std::move(code.zip);
  call.runtimes = {code.runtime};
  call.architectures = {code.architecture};
  const auto answer = session.send(aws::publish_layer_version_request(call), Repeatable::no);
  if (!answer) return tl::unexpected(answer.error());
  return aws::parse_layer_version(*answer);
}

Result<Layers> all_layers(Session& session) {
  Layers layers;
  for (std::optional<std::string> marker;;) {
    const auto answer = session.send(aws::list_layers_request(marker), Repeatable::yes);
    if (!answer) return tl::unexpected(answer.error());
    auto page = aws::parse_list_layers(*answer);
    if (!page) return tl::unexpected(page.error());
    layers.insert(layers.end(), page->layers.begin(), page->layers.end());
    if (!page->next_marker) return layers;
    marker = page->next_marker;
  }
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

std::string table(const Layers& layers, std::optional<std::size_t> width) {
  std::vector<std::vector<std::string>> rows;
  const auto now = std::chrono::system_clock::now();
  for (const auto& layer : layers) {
    const auto at = parse_timestamp(layer.created);
    const auto age =
        at ? readable_age(std::chrono::duration_cast<std::chrono::seconds>(now - *at)) : layer.created;
    rows.push_back({layer.name, std::to_string(layer.version), age, joined(layer.runtimes), layer.arn});
  }
  return format_table({{"LAYER NAME"},
                       {"VERSION", Align::right},
                       {"WHEN"},
                       {"RUNTIMES"},
                       {"ARN", Align::left, Place::below_when_narrow}},
                      rows, width);
}

std::string json(const Layers& layers) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& layer : layers)
    list.push_back({{"name", layer.name},
                    {"version", layer.version},
                    {"arn", layer.arn},
                    {"description", layer.description},
                    {"created", layer.created},
                    {"runtimes", layer.runtimes},
                    {"architectures", layer.architectures}});
  return list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<void> publish_layer(const Context& context, const LayerOptions& given) {
  if (auto valid = validate_publication(given); !valid) return valid;
  LayerOptions options = given;
  auto bucket = chosen_bucket(context, options.bucket);
  if (!bucket) return tl::unexpected(bucket.error());
  options.bucket = *bucket;
  const auto runtime = python_runtime(context, as_function(options));
  if (!runtime) return tl::unexpected(runtime.error());
  auto session = Session::open(context);
  if (!session) return tl::unexpected(session.error());
  if ((*session)->is_local() && given.bucket) say_no_bucket();
  say("=== Publishing layer " + options.name + " ===");
  auto code = build(**session, options, *runtime);
  if (!code) return tl::unexpected(code.error());
  const auto published = send(**session, options, std::move(*code));
  if (!published) return tl::unexpected(published.error());
  say("=== Published layer " + options.name + " version " + std::to_string(published->version) + " ===\n" +
      published->arn);
  return {};
}

Result<void> list_layers(const Context& context, const LayerOptions& options) {
  auto session = Session::open_to_read(context);
  if (!session) return tl::unexpected(session.error());
  const auto layers = all_layers(**session);
  if (!layers) return tl::unexpected(layers.error());
  std::cout << (options.json ? json(*layers) : table(*layers, output_width(context.environment)))
            << std::flush;
  return {};
}

Result<void> delete_layer(const Context& context, const LayerOptions& options) {
  const auto colon = options.name.find(':');
  const std::string name = options.name.substr(0, colon);
  if (auto valid = validate_layer_name(name); !valid) return valid;
  auto session = Session::open(context);
  if (!session) return tl::unexpected(session.error());
  const auto versions = layer_versions(**session, name);
  if (!versions) return tl::unexpected(versions.error());
  if (auto go_on = context.interruption.check("nothing was changed"); !go_on) return go_on;
  (*session)->see_through();
  bool any = false;
  for (const auto& version : *versions) {
    const std::string number = std::to_string(version.version);
    if (colon != std::string::npos && number != options.name.substr(colon + 1)) continue;
    const auto answer =
        (*session)->send(aws::delete_layer_version_request(name, version.version), Repeatable::yes);
    if (!answer) return tl::unexpected(answer.error());
    if (auto deleted = aws::parse_no_content(*answer); !deleted) return deleted;
    say("=== Deleted layer " + name + " version " + number + " ===");
    any = true;
  }
  return any ? Result<void>{} : no_such_layer(options.name);
}

}  // namespace lambdapool::cli
