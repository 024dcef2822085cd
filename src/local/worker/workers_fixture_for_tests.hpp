// A Workers with real processes (Python from PATH, and a bootstrap of our own) on a loop of its own.
#pragma once

#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "local/worker/workers.hpp"

namespace lambdapool::local {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

struct TemporaryDirectory {
  TemporaryDirectory() {
    std::string name = (fs::temp_directory_path() / "workers_test-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  fs::path path;
};

inline std::string python_version() {
  FILE* pipe = ::popen("python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])'", "r");
  char text[32] = {};
  if (pipe && ::fgets(text, sizeof text, pipe) != nullptr) text[::strcspn(text, "\n")] = '\0';
  if (pipe) ::pclose(pipe);
  return text;
}

inline std::string read_file(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Processes that carry `mark` in their environment, which all that a worker starts inherit, or in their
// arguments, as the supervisor and the fork servers (and what is forked from them) do.
inline std::set<pid_t> processes_marked(const std::string& mark) {
  std::set<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (!std::isdigit(static_cast<unsigned char>(name[0]))) continue;
    const std::string about = read_file(entry.path() / "environ") + read_file(entry.path() / "cmdline");
    if (about.find(mark) != std::string::npos) found.insert(std::stoi(name));
  }
  return found;
}

// Waits for something that other processes do in their own time; generous, because it normally is quick.
template <class Condition>
inline bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

class WorkersTest : public testing::Test {
 protected:
  WorkersTest() {
    options.scratch = home.path / "run";
    options.sdk = home.path / "sdk";
    options.compiled = home.path / "compiled";
    options.region = "eu-west-1";
    options.environment = Environment::of_this_process();
  }
  ~WorkersTest() override { workers.reset(); }

  std::shared_ptr<FunctionVersion> python(const std::string& source) {
    static const std::string version = python_version();
    auto function = base("python" + version, "handlers.main.handler");
    fs::create_directories(function->code / "handlers");
    std::ofstream(function->code / "handlers" / "main.py") << source;
    return function;
  }

  std::shared_ptr<FunctionVersion> bootstrap() {
    auto function = base("provided.al2023", "any");
    fs::create_directories(function->code);
    fs::copy_file(TEST_BOOTSTRAP, function->code / "bootstrap");
    return function;
  }

  std::shared_ptr<FunctionVersion> base(const std::string& runtime, const std::string& handler) {
    auto function = std::make_shared<FunctionVersion>();
    function->key = "key-" + std::to_string(++functions);
    function->name = "work";
    function->version = "$LATEST";
    function->function_arn = "arn:aws:lambda:eu-west-1:000000000000:function:work";
    function->runtime = runtime;
    function->handler = handler;
    function->code = home.path / ("code-" + std::to_string(functions));
    function->memory_mb = 256;
    function->timeout = std::chrono::seconds(120);
    function->log_group = "/aws/lambda/work";
    function->environment["TEST_MARK"] = mark();
    return function;
  }

  std::string mark() const { return home.path.filename().string(); }

  void start() {
    if (workers) return;
    auto made = Workers::start(loop, options);
    ASSERT_TRUE(made) << made.error().message;
    workers = std::move(*made);
    workers->log_to([this](const FunctionVersion&, const std::string& stream, std::string_view lines,
                           std::int64_t at_ms) {
      std::lock_guard lock(log_mutex);
      log.push_back({stream, std::string(lines), at_ms});
    });
  }

  std::future<InvocationResult> begin(const std::shared_ptr<const FunctionVersion>& function,
                                      std::string payload) {
    start();
    auto promise = std::make_shared<std::promise<InvocationResult>>();
    loop.post([=, this, id = "request-" + std::to_string(++requests)] {
      workers->invoke(function, {id, payload, function->function_arn, {}},
                      [promise](InvocationResult outcome) { promise->set_value(std::move(outcome)); });
    });
    return promise->get_future();
  }

  InvocationResult invoke(const std::shared_ptr<const FunctionVersion>& function,
                          std::string payload = "{}") {
    auto future = begin(function, std::move(payload));
    if (future.wait_for(std::chrono::seconds(300)) != std::future_status::ready) {
      ADD_FAILURE() << "no outcome";
      return {};
    }
    return future.get();
  }

  void retire(const std::string& key) {
    loop.run([&] { workers->retire(key); });
  }

  void expect(const std::shared_ptr<const FunctionVersion>& function) {
    start();
    loop.run([&] { workers->expect(*function); });
  }

  struct Logged {
    std::string stream;
    std::string lines;
    std::int64_t at_ms;
  };
  std::vector<Logged> logged() {
    std::lock_guard lock(log_mutex);
    return log;
  }
  std::string logged_text() {
    std::string text;
    for (const auto& one : logged()) text += one.lines + (one.lines.ends_with('\n') ? "" : "\n");
    return text;
  }

  TemporaryDirectory home;
  WorkersOptions options;
  int functions = 0;
  std::atomic<int> requests = 0;
  http::EventLoop loop;
  std::mutex log_mutex;
  std::vector<Logged> log;
  std::unique_ptr<Workers> workers;
};

}  // namespace lambdapool::local
