#include "lambdapool/init.hpp"

#include <atomic>

#include "api/initialised.hpp"
#include "core/environment.hpp"
#include "runtime/serve.hpp"

namespace lambdapool {
namespace {

constinit std::atomic<const char*> marked{nullptr};  // the marker itself, so that no linker drops it

}  // namespace

void init(int /*argc*/, char** /*argv*/) {
  marked = runtime::runtime_marker();
  const Environment environment = Environment::of_this_process();
  if (runtime::is_worker(environment)) runtime::serve(environment);
}

namespace api {

bool initialised() { return marked.load() != nullptr; }

}  // namespace api
}  // namespace lambdapool
