// How a pool's engine is opened: the target is found, and the identity.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "engine_queue.hpp"
#include "objects/store.hpp"
#include "pool/engine.hpp"
#include "where.hpp"

namespace lambdapool::python {

struct Settings {
  std::string function;
  int workers;
  int ahead;
  std::string peer;
  Where where;
  std::optional<double> function_timeout;
  double throttle_timeout;
  double network_timeout;
  double read_margin;
  bool idempotent;
  std::optional<int> retries;
  std::string bucket;
  bool wants_output;
};

struct Opened {
  std::shared_ptr<pool::Engine> engine;
  std::shared_ptr<objects::Store> store;  // null: there is no bucket
  std::string target;
  std::string region;
};

// Whether Python has a signal to handle, whose exception (KeyboardInterrupt) is raised then. Only the main
// thread ever has.
class Interruption {
 public:
  bool raised();
  void rethrow() const;  // with the GIL

 private:
  std::unique_ptr<nanobind::python_error> error_;
};

// Without the GIL. The queue gets the engine's warnings, `observe` what its calls took; `cut`: see
// EngineOptions.
Result<Opened> open(const Settings& settings, Interruption& interruption,
                    const std::shared_ptr<EngineQueue>& queue, pool::EngineOptions::Observe observe,
                    pool::EngineOptions::Cut cut);

}  // namespace lambdapool::python
