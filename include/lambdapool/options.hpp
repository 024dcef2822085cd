// Which function a pool or an executor calls, how many calls at once, and as whom.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "lambdapool/progress.hpp"

namespace lambdapool {

// Everything but the function may be left out: what is empty comes from the environment and from AWS's
// own configuration files, as with any AWS tool.
// What a pool deploys before its first call.
enum class Deploy {
  nothing,
  self,  // this executable, as a version of the function, unless it is there: and that version is called
};
inline constexpr Deploy self = Deploy::self;

// Which failures of an element are not its last word: it is then run again, alone. See retry_on().
struct Retry {
  // Of what the function threw, and of a LambdaPoolError that befell its call (timed out, out of memory,
  // worker died, lost). Runs on a thread of the pool's, and must not wait for any of its calls. What it
  // throws is a no.
  std::function<bool(const std::exception&)> on = {};
  int times = 2;  // at most so often
  // Before the first time; twice as long each time, up to a minute, and by chance down to half of that.
  std::chrono::milliseconds backoff{500};
};

// {.retry = retry_on<std::runtime_error, WorkerDied>()}: after any of these, or what derives from them.
template <class... E>
Retry retry_on(int times = 2, std::chrono::milliseconds backoff = std::chrono::milliseconds(500)) {
  return {
      [](const std::exception& failure) { return (... || (dynamic_cast<const E*>(&failure) != nullptr)); },
      times, backoff};
}

// Megabytes of a function: 512, or a ladder, {512, 1024, 4096}. Of a ladder each size is a version of the
// same code; the first is called, and what runs out of memory there is run again with the next. What runs out
// with the last has failed with OutOfMemory. Without a chunksize each element then goes alone.
class MemorySizes {
 public:
  MemorySizes() = default;
  MemorySizes(int size) : sizes_{size} {}
  MemorySizes(std::initializer_list<int> ladder) : sizes_(ladder) {}
  const std::vector<int>& sizes() const { return sizes_; }

 private:
  std::vector<int> sizes_;
};

struct Options {
  int workers = 10;                  // at most so many calls in flight
  std::string lambda_function = {};  // as given to `lambdapool create`; also NAME:QUALIFIER or an ARN
  std::string target = {};           // "aws", "local", "gcp" or "gcp-local"; else LAMBDAPOOL_TARGET; else aws
  std::string region = {};           // else AWS_REGION, AWS_DEFAULT_REGION, the profile's; gcloud's
  std::string project = {};          // of Google Cloud; else GOOGLE_CLOUD_PROJECT, the credentials', gcloud's
  std::string profile = {};          // a profile of AWS's configuration files
  std::string aws_access_key_id = {};  // with aws_secret_access_key: these keys and no others
  std::string aws_secret_access_key = {};
  std::string aws_session_token = {};

  // The S3 bucket for arguments and results that do not fit a call (6 MB); else LAMBDAPOOL_BUCKET. The target
  // local needs none, and results of up to 200 MB are streamed without one.
  std::string bucket = {};

  // Lets an endpoint be plain http to another machine, where whoever is on the way can answer in its place.
  // Also LAMBDAPOOL_ALLOW_HTTP=1.
  bool allow_http = false;

  // The Lambda function's own timeout is at most so long: a connection that is silent for longer is given up.
  // If not given, the function tells: until its first answer it is 1,800 s, the most that Lambda allows.
  std::optional<std::chrono::seconds> function_timeout = {};
  // A call that Lambda refuses for rate or concurrency is tried again until no call of the pool has got
  // through for so long; then it fails with Throttled.
  std::chrono::milliseconds throttle_timeout{300'000};
  // A call that has not reached the service (no connection, no such host) is tried again until no call of the
  // pool has for so long; a line on stderr says so after five seconds. 0: it fails at once, with
  // NetworkError.
  std::chrono::milliseconds network_timeout{120'000};
  // A call may run twice without harm. Then one that may have run, because its answer was lost or was an
  // error of the service (5xx), is sent again, `retries` times at most (unless given: twice, and while the
  // network is out as often as fits into network_timeout). Else it fails at once.
  bool idempotent = false;
  std::optional<int> retries = {};
  // Of every call and map that does not say its own. InvalidArgument where `times` is not 0 to 100, or
  // `backoff` not 0 to 60 s.
  Retry retry = {};

  // {.lambda_function = "simulation", .deploy = lambdapool::self}: the function has this very build, whatever
  // others deploy. A line on stderr says what was uploaded. Needs the rights of `lambdapool policy deploy`.
  Deploy deploy = Deploy::nothing;
  MemorySizes memory_mb = {};                        // with `deploy`: the function's memory
  std::optional<std::chrono::seconds> timeout = {};  // with `deploy`: its timeout

  // Not empty: a folder in which each call that failed leaves what was sent for it. `lambdapool replay FILE`
  // runs it again on this machine, in this very program, with --gdb under gdb (docs/debugging.md).
  std::string keep_failed = {};

  // What tasks write to stdout and stderr appears on this program's stdout while they run, line by line, with
  // the function's name and the task in front: "simulation[7] | step 3" (docs/tasks.md).
  bool show_output = false;
};

// What becomes of a named run whose code or items are others than before.
enum class OnChange {
  error,    // RunConflict, and nothing is sent
  restart,  // its results are dropped
  keep,     // results of items whose bytes are the same are kept
};

struct MapOptions {
  // Items in one invocation. 0: lambdapool chooses, one where items are slow, many where they are quick.
  // (map_outcomes: one, so that a worker's death is the failure of one item.)
  std::size_t chunksize = 0;
  // Not empty: each result is kept on disk under this name, and a program that runs again sends only what is
  // missing (docs/resume.md). RunConflict where another one has it, where it has changed, or where items may
  // have run and the pool is not idempotent.
  std::string name = {};
  OnChange on_change = OnChange::error;
  Retry retry = {};                // as the pool's
  ProgressCallback progress = {};  // is told how far it is: progress_on_terminal(), or what you like
  // Dollars. Before the map could cost more nothing more of it is sent, and the rest has failed with
  // BudgetExceeded (docs/reports.md). InvalidArgument where it is not above 0.
  std::optional<double> max_cost = {};
  // Of a pool that is idempotent (else InvalidArgument): once ten elements and half of them all are done, a
  // call that takes longer than three times the median is made a second time, and the first answer counts.
  bool rerun_stragglers = false;
  std::string keep_failed = {};  // as the pool's, for this map
};

}  // namespace lambdapool
