#include "deploy/run/deployed_service.hpp"

#include <utility>
#include <vector>

#include "core/suggestion.hpp"
#include "deploy/run/run_request.hpp"
#include "gcp/service_name.hpp"

namespace lambdapool::deploy {

namespace run = gcp::run;

namespace {

std::string short_name(const std::string& revision) { return revision.substr(revision.rfind('/') + 1); }

Result<run::Service> as_of(Session& session, run::Service service, const std::string& revision) {
  if (revision.empty() || revision == short_name(service.latest_created_revision)) return service;
  const auto found = session.send(run::get_revision_request(service.name, revision), Repeatable::yes);
  if (!found) return tl::unexpected(found.error());
  return run::parse_revision_of(std::move(service), *found);
}

}  // namespace

run::Place place_on(const Session& session) {
  return {session.target().google->project, session.target().region};
}

Result<std::optional<run::Service>> find_service(Session& session, const std::string& function) {
  const auto id = gcp::service_id(function);
  if (!id) return tl::unexpected(id.error());
  auto found =
      call(session, run::get_service_request(place_on(session).service(*id)), run::parse_get_service);
  if (!found && found.error().kind == ErrorKind::not_found) return std::nullopt;
  if (!found) return tl::unexpected(found.error());
  if (const auto name = function_of(*found).name; is_own(*found) && name != function)
    return fail(ErrorKind::conflict, "the Cloud Run service " + *id + " is the function " + name +
                                         "; choose a name that differs by more than case and '_'.");
  return std::optional(std::move(*found));
}

Result<run::Service> as_it_serves(Session& session, run::Service service) {
  const auto revision = run::serving_revision(service);
  return as_of(session, std::move(service), revision);
}

Result<run::Service> as_it_came_up(Session& session, run::Service service) {
  const auto revision = short_name(service.latest_ready_revision);
  return as_of(session, std::move(service), revision);
}

Error no_such_service(Session& session, const std::string& function) {
  std::vector<std::string> names;
  // For a suggestion the first services do.
  const auto page =
      call(session, run::list_services_request(place_on(session), std::nullopt), run::parse_list_services);
  if (page)
    for (const auto& service : page->services)
      if (is_own(service)) names.push_back(function_of(service).name);
  const std::string meant = suggestion(function, names);
  return {ErrorKind::not_found, "function " + function + " does not exist on the target " +
                                    session.target().name + (meant.empty() ? ";" : meant) +
                                    " 'lambdapool list' shows those that do."};
}

Result<run::Service> own_service(Session& session, const std::string& function) {
  auto found = find_service(session, function);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return tl::unexpected(no_such_service(session, function));
  if (!is_own(**found))
    return fail(ErrorKind::conflict,
                "function " + function + " was not made by lambdapool, so it is left as it is.");
  return std::move(**found);
}

}  // namespace lambdapool::deploy
