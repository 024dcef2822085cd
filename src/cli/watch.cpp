// watch deploys what it is told whenever that changes, a line each time, until a signal comes.
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <iostream>

#include "cli/quantity.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/verbs.hpp"
#include "deploy/code/requirements_copy.hpp"
#include "deploy/code/source_watch.hpp"
#include "deploy/functions.hpp"

namespace lambdapool::cli {
namespace {

// Who saves writes several files, and a compiler writes one for a while.
constexpr std::chrono::milliseconds quiet{100};
constexpr std::chrono::seconds quiet_at_most{3};

// Error kind cancelled, without a word, when a signal comes: that is how one ends it.
Result<void> wait_for_change(deploy::SourceWatch& sources, const Interruption& interruption) {
  for (;;) {
    if (!interruption.wait_for(sources.descriptor(), std::chrono::milliseconds{-1}))
      return fail(ErrorKind::cancelled, "");
    const auto changed = sources.has_changed();
    if (!changed) return tl::unexpected(changed.error());
    if (*changed) break;
  }
  for (const auto until = std::chrono::steady_clock::now() + quiet_at_most;
       std::chrono::steady_clock::now() < until;) {
    if (!interruption.wait_for(sources.descriptor(), quiet)) break;
    if (const auto changed = sources.has_changed(); !changed) return tl::unexpected(changed.error());
  }
  return {};
}

// The function as it is then; nothing where it has this very code already.
Result<std::optional<deploy::Function>> deploy_once(deploy::Connection& connection,
                                                    const deploy::FunctionRequest& request,
                                                    const deploy::StopToken& stop) {
  auto change = deploy::judge_update(connection, request);
  if (!change) return tl::unexpected(change.error());
  auto updated = deploy::update(connection, *change, {}, stop);
  if (updated && !updated->changed) return std::nullopt;
  if (updated) return std::move(updated->function);
  if (updated.error().kind != ErrorKind::not_found) return tl::unexpected(updated.error());
  auto creation = deploy::judge_creation(connection, request);
  if (!creation) return tl::unexpected(creation.error());
  auto created = deploy::create(connection, *creation, deploy::Existing::refuse, {}, stop);
  if (!created) return tl::unexpected(created.error());
  return std::move(created->function);
}

std::string time_of_day() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  char text[16];
  std::strftime(text, sizeof text, "%H:%M:%S ", &parts);
  return text;
}

std::string seconds_since(std::chrono::steady_clock::time_point begun) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f s",
                std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  return text;
}

}  // namespace

Result<void> watch(const Context& context, const WatchOptions& options) {
  deploy::FunctionRequest request;
  request.name = options.function;
  request.paths = options.paths;
  request.requirements = options.requirements;
  if (request.installs() && !deploy::can_be_read_again(*options.requirements))
    return fail(ErrorKind::invalid_argument,
                "requirements " + *options.requirements +
                    " can be read but once, and watch reads them with each change");
  std::vector<std::filesystem::path> watched(options.paths.begin(), options.paths.end());
  if (request.installs()) watched.emplace_back(*options.requirements);
  auto sources = deploy::SourceWatch::begin(std::move(watched));  // before they are read
  if (!sources) return tl::unexpected(sources.error());
  auto connection = context.connection();
  for (bool first = true;; first = false) {
    const auto begun = std::chrono::steady_clock::now();
    const auto deployed = deploy_once(connection, request, context.stop());
    if (!deployed && (first || deployed.error().kind == ErrorKind::cancelled))
      return tl::unexpected(deployed.error());
    if (!deployed)
      std::cerr << time_of_day() << "Not deployed: " << deployed.error().message << std::endl;
    else if (*deployed)
      say(time_of_day() + "Deployed " + request.name + " (" + readable_size((*deployed)->size_bytes) +
          ") in " + seconds_since(begun));
    else if (first)
      say(time_of_day() + "Function " + request.name + " has this code; waiting for changes");
    if (auto changed = wait_for_change(*sources, context.interruption); !changed) return changed;
  }
}

}  // namespace lambdapool::cli
