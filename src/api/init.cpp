// On its own in a file, which a linker takes from the library only for a program that names init: without it
// there is no worker in the executable and no marker, so that the packager refuses what could never serve.
#include "lambdapool/init.hpp"

#include "api/initialised.hpp"
#include "api/replay.hpp"
#include "core/environment.hpp"
#include "objects/remote.hpp"
#include "runtime/http_worker.hpp"
#include "runtime/serve.hpp"

namespace lambdapool {
inline namespace LAMBDAPOOL_COMPILED {

void init(int /*argc*/, char** /*argv*/) {
  api::set_initialised(runtime::runtime_marker());
  const Environment environment = Environment::of_this_process();
  if (runtime::is_worker(environment)) runtime::serve(environment, {objects::fetch, objects::put});
  if (const auto file = environment.get(api::replay_variable)) api::replay(*file);
  if (runtime::is_http_worker(environment)) runtime::serve_http(environment, {objects::fetch, objects::put});
}

}  // namespace LAMBDAPOOL_COMPILED
}  // namespace lambdapool
