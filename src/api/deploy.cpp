#include "lambdapool/deploy.hpp"

#include <utility>

#include "api/failure.hpp"
#include "core/environment.hpp"
#include "deploy/functions.hpp"

namespace lambdapool {
namespace {

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

deploy::Connection connection_to(const Account& account) {
  target::TargetOptions where;
  where.target = unless_empty(account.target);
  where.aws = {.access_key_id = unless_empty(account.aws_access_key_id),
               .secret_access_key = unless_empty(account.aws_secret_access_key),
               .session_token = unless_empty(account.aws_session_token),
               .profile = unless_empty(account.profile),
               .region = unless_empty(account.region)};
  where.project = unless_empty(account.project);
  where.allow_http = account.allow_http;
  return deploy::Connection::in_project(std::move(where), Environment::of_this_process());
}

deploy::FunctionRequest request_for(const std::string& name, const FunctionSettings& settings) {
  deploy::FunctionRequest request;
  request.name = name;
  request.paths = settings.paths;
  request.requirements = settings.requirements;
  if (!settings.allowed_secrets.empty()) request.allowed_secrets = settings.allowed_secrets;
  request.memory_mb = settings.memory_mb;
  request.timeout_s = settings.timeout_s;
  request.layers = settings.layers;
  request.runtime = settings.runtime;
  request.architecture = settings.architecture;
  request.ephemeral_mb = settings.ephemeral_storage_mb;
  request.description = settings.description;
  request.environment = settings.environment;
  request.tags = settings.tags;
  if (settings.concurrency) request.concurrency = deploy::Reservation{settings.concurrency};
  request.per_instance = settings.per_instance;
  request.service_account = settings.service_account;
  request.role = settings.role;
  request.policies = settings.policies;
  request.bucket = settings.bucket;
  return request;
}

deploy::Events events_of(const FunctionSettings& settings) {
  if (!settings.progress) return {};
  return [&settings](const deploy::Event& event) { settings.progress(deploy::line_of(event)); };
}

Function function_of(deploy::Function&& from) {
  Function function;
  function.name = std::move(from.name);
  function.arn = std::move(from.arn);
  function.runtime = std::move(from.runtime);
  function.architecture = std::move(from.architecture);
  function.role = std::move(from.role);
  function.description = std::move(from.description);
  function.memory_mb = from.memory_mb;
  function.timeout_s = from.timeout_s;
  function.ephemeral_storage_mb = from.ephemeral_mb;
  function.size_bytes = from.size_bytes;
  function.code_sha256 = std::move(from.code_sha256);
  function.last_modified = std::move(from.last_modified);
  function.last_update_error = std::move(from.last_update_error);
  for (auto& layer : from.layers) function.layers.push_back(std::move(layer.arn));
  function.lambdapool_version = std::move(from.lambdapool_version);
  return function;
}

template <class T>
T value_of(Result<T> result) {
  if (!result) api::throw_error(result.error());
  return std::move(*result);
}

}  // namespace

Function create(const std::string& name, const FunctionSettings& settings, const Account& account) {
  auto connection = connection_to(account);
  const auto request = value_of(deploy::judge_creation(connection, request_for(name, settings)));
  return function_of(value_of(deploy::create(connection, request, deploy::Existing::refuse,
                                             events_of(settings), deploy::StopToken(settings.give_up)))
                         .function);
}

Function update(const std::string& name, const FunctionSettings& settings, const Account& account) {
  auto connection = connection_to(account);
  const auto request = value_of(deploy::judge_update(connection, request_for(name, settings)));
  return function_of(
      value_of(deploy::update(connection, request, events_of(settings), deploy::StopToken(settings.give_up)))
          .function);
}

void remove(const std::string& name, const Account& account) {
  auto connection = connection_to(account);
  value_of(deploy::remove(connection, name));
}

std::vector<Function> list(const Account& account) {
  auto connection = connection_to(account);
  std::vector<Function> functions;
  for (auto& function : value_of(deploy::list(connection)))
    functions.push_back(function_of(std::move(function)));
  return functions;
}

}  // namespace lambdapool
