// Drives the engine against an endpoint: `engine PORT IN_FLIGHT CALLS [streamed|CA_BUNDLE]` prints one JSON
// line with the CPU of this process and the wall time, both in microseconds per call, after a warm-up of a
// tenth of the calls where there are many. `streamed`: by InvokeWithResponseStream. CA_BUNDLE: over TLS.
#include "pool/engine.hpp"

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>

namespace {

double cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto us = [](const timeval& t) { return double(t.tv_sec) * 1e6 + double(t.tv_usec); };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

// So many calls, of which the engine has a few more than it may have in flight, as a pool gives them to it.
class Calls {
 public:
  Calls(lambdapool::pool::Engine& engine, int count, bool streamed)
      : engine_(engine),
        count_(count),
        streamed_(streamed),
        payload_(std::string(R"({"lambdapool":1,"codec":"pickle","peer":"3.11",)") +
                 (streamed ? R"("parts":{"stream":true,"large":true},)" : "") +
                 R"("encoding":"base64","task":"gASVIQAAAAAAAAA="})"),
        left_(count) {}

  // How many failed.
  int run(int out) {
    for (int i = 0; i < out; ++i) submit_next();
    std::unique_lock lock(mutex_);
    none_left_.wait(lock, [&] { return left_ == 0; });
    return failed_;
  }

 private:
  void submit_next() {
    const int id = next_++;
    if (id >= count_) return;
    lambdapool::pool::Engine::Ahead ahead;
    if (streamed_) ahead = lambdapool::cloud::Caller::nothing_ahead;
    engine_.submit(
        static_cast<std::uint64_t>(id), payload_,
        [this](lambdapool::Result<lambdapool::cloud::Invoked> result) {
          submit_next();
          ended(result.has_value());
        },
        {}, {}, ahead);
  }

  void ended(bool ok) {
    const std::lock_guard lock(mutex_);
    failed_ += ok ? 0 : 1;
    if (--left_ == 0) none_left_.notify_one();
  }

  lambdapool::pool::Engine& engine_;
  const int count_;
  const bool streamed_;
  const std::string payload_;
  std::atomic<int> next_ = 0;
  std::mutex mutex_;
  std::condition_variable none_left_;
  int left_;
  int failed_ = 0;
};

int run(lambdapool::pool::Engine& engine, int calls, int in_flight, bool streamed) {
  return Calls(engine, calls, streamed).run(2 * in_flight);
}

}  // namespace

int main(int argc, char** argv) {
  const bool streamed = argc == 5 && argv[4] == std::string_view("streamed");
  const std::string ca_bundle = argc == 5 && !streamed ? argv[4] : "";
  if (argc != 4 && argc != 5) {
    std::fprintf(stderr, "usage: %s PORT IN_FLIGHT CALLS [streamed|CA_BUNDLE]\n", argv[0]);
    return 2;
  }
  const int in_flight = std::atoi(argv[2]);
  const int calls = std::atoi(argv[3]);
  lambdapool::target::Target target;
  target.name = "aws";
  using Scheme = lambdapool::http::Endpoint::Scheme;
  target.endpoint = {.scheme = ca_bundle.empty() ? Scheme::http : Scheme::https,
                     .host = "127.0.0.1",
                     .port = std::atoi(argv[1])};
  target.settings.ca_bundle = ca_bundle;
  target.region = "us-east-1";
  target.provider = std::make_shared<lambdapool::identity::Provider>(
      lambdapool::aws::Credentials{{"AKIDEXAMPLE", "secret"}, "the benchmark"});
  auto engine = lambdapool::pool::Engine::open(target, {.function = "bench", .workers = in_flight});
  if (!engine) {
    std::fprintf(stderr, "%s\n", engine.error().message.c_str());
    return 1;
  }
  if (calls > 2 * in_flight) run(**engine, calls / 10 + in_flight, in_flight, streamed);
  const double cpu = cpu_us();
  const auto start = std::chrono::steady_clock::now();
  const int failed = run(**engine, calls, in_flight, streamed);
  const double wall =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("{\"calls\": %d, \"failed\": %d, \"cpu_us\": %.3f, \"wall_us\": %.3f, \"peak_mb\": %.1f}\n",
              calls, failed, (cpu_us() - cpu) / calls, wall / calls, double(usage.ru_maxrss) / 1024);
  return failed == 0 ? 0 : 1;
}
