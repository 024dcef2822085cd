#include "deploy/function/deployed_function.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "deploy/function/own_functions.hpp"

namespace lambdapool::deploy {
namespace {

using namespace std::chrono_literals;
constexpr auto settle_within = std::chrono::minutes{5};

std::string reason(const std::string& given) { return given.empty() ? "no reason was given" : given; }

}  // namespace

Result<std::optional<aws::FunctionDescription>> find_function(Session& session, const std::string& name) {
  const auto answer = session.send(aws::get_function_request(name), Repeatable::yes);
  if (!answer) return tl::unexpected(answer.error());
  auto found = aws::parse_get_function(*answer);
  if (found) return std::optional(std::move(*found));
  if (found.error().kind == ErrorKind::not_found) return std::optional<aws::FunctionDescription>{};
  return tl::unexpected(found.error());
}

// On local, one whose record cannot be read: the tags are what is left of it.
bool is_damaged(const aws::FunctionDescription& function) {
  return function.configuration.runtime.empty() && function.configuration.state == "Failed";
}

bool is_own(const aws::FunctionDescription& function) {
  return function.tags.count(version_tag) != 0 &&
         (is_damaged(function) || function.configuration.environment.count(version_variable) != 0);
}

Result<aws::FunctionDescription> own_function(Session& session, const std::string& name) {
  auto found = find_function(session, name);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return no_such_function(session, name);
  if (!is_own(**found))
    return fail(ErrorKind::conflict,
                "function " + name + " was not made by lambdapool, so it is left as it is.");
  return std::move(**found);
}

bool is_gone(Session& session, const std::string& name) {
  const auto found = find_function(session, name);
  return found && !*found;
}

Error gone_meanwhile(const std::string& name) {
  return {ErrorKind::not_found, "function " + name +
                                    " was deleted by somebody else while it was being changed; if you still "
                                    "want it, create it again."};
}

Result<aws::FunctionDescription> wait_until_idle(Session& session, const std::string& name) {
  const std::chrono::milliseconds longest = session.is_local() ? 100ms : 1s;
  const auto deadline = std::chrono::steady_clock::now() + settle_within;
  std::optional<std::string> told;
  for (std::chrono::milliseconds delay = 50ms;; delay = std::min(delay * 2, longest)) {
    auto found = find_function(session, name);
    if (!found) return tl::unexpected(found.error());
    if (!*found) return tl::unexpected(gone_meanwhile(name));
    const aws::FunctionConfiguration& now = (*found)->configuration;
    if (now.state != "Pending" && now.last_update_status != "InProgress") return std::move(**found);
    if (std::chrono::steady_clock::now() > deadline)
      return fail(ErrorKind::timed_out,
                  "function " + name + " was still being changed by the service after five minutes.");
    const auto& said = now.state == "Pending" ? now.state_reason : now.last_update_status_reason;
    if (told != said) session.tell(Event::Kind::waiting, said);
    told = said;
    if (auto waited = session.pause(delay); !waited) return tl::unexpected(waited.error());
  }
}

Result<aws::FunctionConfiguration> wait_until_settled(Session& session, const std::string& name) {
  auto idle = wait_until_idle(session, name);
  if (!idle) return tl::unexpected(idle.error());
  const aws::FunctionConfiguration& now = idle->configuration;
  if (now.state == "Failed")
    return fail(ErrorKind::service,
                "function " + name + " failed to become active: " + reason(now.state_reason));
  if (now.last_update_status == "Failed")
    return fail(ErrorKind::service,
                "the update of function " + name + " failed: " + reason(now.last_update_status_reason));
  return now;
}

bool may_have_happened(const Error& error) {
  return error.kind == ErrorKind::network || error.kind == ErrorKind::timed_out ||
         error.kind == ErrorKind::protocol || error.http_status >= 500;
}

}  // namespace lambdapool::deploy
