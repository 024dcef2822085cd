#include "opening.hpp"

#include <nanobind/nanobind.h>

#include <chrono>
#include <cmath>
#include <utility>

#include "core/environment.hpp"
#include "target/target.hpp"

namespace lambdapool::python {

bool Interruption::raised() {
  if (error_) return true;
  const nanobind::gil_scoped_acquire acquired;
  if (PyErr_CheckSignals() != 0) error_ = std::make_unique<nanobind::python_error>();
  return error_ != nullptr;
}

void Interruption::rethrow() const {
  if (error_) throw nanobind::python_error(*error_);
}

Result<Opened> open(const Settings& settings, Interruption& interruption,
                    const std::shared_ptr<EngineQueue>& queue, pool::EngineOptions::Observe observe,
                    pool::EngineOptions::Cut cut) {
  auto where = target_options(settings.where);
  where.give_up = [&interruption] { return interruption.raised(); };
  where.bucket = settings.bucket;
  auto found = target::resolve(where, Environment::of_this_process());
  if (!found) return tl::unexpected<Error>(std::move(found.error()));
  pool::EngineOptions options;
  options.function = settings.function;
  options.workers = settings.workers;
  if (const auto most = settings.function_timeout)
    options.function_timeout = std::chrono::seconds(static_cast<long>(std::ceil(*most)));
  options.throttle_deadline = std::chrono::milliseconds(static_cast<long>(settings.throttle_timeout * 1e3));
  options.network_deadline = std::chrono::milliseconds(static_cast<long>(settings.network_timeout * 1e3));
  options.warn = [queue](const std::string& warning) { queue->warn(warning); };
  options.read_margin = std::chrono::milliseconds(static_cast<long>(settings.read_margin * 1e3));
  options.idempotent = settings.idempotent;
  options.retries = settings.retries;
  options.observe = std::move(observe);
  options.cut = std::move(cut);
  options.wants_output = settings.wants_output;
  std::string name = found->name, region = found->region;
  std::shared_ptr<objects::Store> store;
  if (!found->bucket.empty()) {
    auto opened = objects::Store::open(*found);
    if (!opened) return tl::unexpected<Error>(std::move(opened.error()));
    store = std::move(*opened);
  }
  auto engine = pool::Engine::open(std::move(*found), std::move(options));
  if (!engine) return tl::unexpected<Error>(std::move(engine.error()));
  return Opened{std::shared_ptr<pool::Engine>(std::move(*engine)), std::move(store), std::move(name),
                std::move(region)};
}

}  // namespace lambdapool::python
