// What a function sees and what its caller gets, with real processes.
#include <fcntl.h>
#include <sys/stat.h>

#include "local/worker/workers_fixture_for_tests.hpp"

namespace lambdapool::local {
namespace {

TEST_F(WorkersTest, APythonHandlerGetsItsEventAndItsResultComesBack) {
  const auto outcome =
      invoke(python("def handler(event, context): return {'twice': event['n'] * 2}"), R"({"n": 21})");
  EXPECT_EQ(outcome.payload, R"({"twice": 42})") << outcome.log;
  EXPECT_FALSE(outcome.function_error);
}

TEST_F(WorkersTest, AWorkerIsReusedAndKeepsItsGlobals) {
  const auto function = python("n = 0\ndef handler(event, context):\n  global n\n  n += 1\n  return n");
  invoke(function);
  invoke(function);
  EXPECT_EQ(invoke(function).payload, "3");
}

TEST_F(WorkersTest, AnExceptionInAHandlerIsItsOwnErrorWithAStackTrace) {
  const auto outcome = invoke(python("def handler(event, context):\n  raise ValueError('boom')"));
  const json error = json::parse(outcome.payload);
  EXPECT_TRUE(outcome.function_error);
  EXPECT_EQ(error["errorType"], "ValueError");
  EXPECT_EQ(error["errorMessage"], "boom");
  EXPECT_EQ(error["requestId"], "request-1");
  ASSERT_EQ(error["stackTrace"].size(), 1u) << outcome.payload;
  EXPECT_THAT(error["stackTrace"][0].get<std::string>(), HasSubstr("handlers/main.py\", line 2, in handler"));
  EXPECT_THAT(outcome.log, HasSubstr("[ERROR] ValueError: boom\nTraceback (most recent call last):"));
}

TEST_F(WorkersTest, AModuleThatCannotBeImportedFailsTheInvocation) {
  const auto outcome = invoke(python("import no_such_module"));
  const json error = json::parse(outcome.payload);
  EXPECT_EQ(error["errorType"], "Runtime.ImportModuleError");
  EXPECT_EQ(error["errorMessage"],
            "Unable to import module 'handlers.main': No module named 'no_such_module'");
  EXPECT_EQ(error["requestId"], "");
  EXPECT_THAT(outcome.log, HasSubstr("Status: error\tError Type: Runtime.ImportModuleError"));
}

TEST_F(WorkersTest, AResultThatIsNotJsonIsAMarshalError) {
  const json error = json::parse(invoke(python("def handler(event, context): return {1, 2}")).payload);
  EXPECT_EQ(error["errorType"], "Runtime.MarshalError");
  EXPECT_EQ(error["errorMessage"], "Unable to marshal response: Object of type set is not JSON serializable");
}

TEST_F(WorkersTest, ADecimalKeepsItsDigits) {
  const auto outcome =
      invoke(python("from decimal import Decimal\n"
                    "def handler(event, context): return [Decimal('1.10'), Decimal(10**30)]"));
  EXPECT_EQ(outcome.payload, "[1.10, 1000000000000000000000000000000]");
}

TEST_F(WorkersTest, TheLogHasWhatWasWrittenBetweenTheLinesOfThePlatform) {
  const auto function = python(
      "import sys, logging\nprint('importing')\n"
      "def handler(event, context):\n"
      "  print('to stdout')\n  print('to stderr', file=sys.stderr)\n"
      "  logging.warning('careful')\n  sys.stdout.write('no end')");
  const auto cold = invoke(function);
  EXPECT_THAT(cold.log,
              MatchesRegex("importing\nSTART RequestId: request-1 Version: [$]LATEST\n"
                           "to stdout\nto stderr\n\\[WARNING\\]\t[^\t]*Z\trequest-1\tcareful\nno end\n"
                           "END RequestId: request-1\nREPORT RequestId: request-1\tDuration: [0-9.]+ ms\t"
                           "Billed Duration: [0-9]+ ms\tMemory Size: 256 MB\tMax Memory Used: [0-9]+ MB\t"
                           "Init Duration: [0-9.]+ ms\t\n"));
  const auto warm = invoke(function);
  EXPECT_THAT(warm.log, testing::StartsWith("START RequestId: request-2"));
  EXPECT_THAT(warm.log, Not(HasSubstr("Init Duration")));
  EXPECT_EQ(logged_text(), cold.log + warm.log);
  for (const auto& one : logged()) {
    EXPECT_THAT(one.stream, MatchesRegex("[0-9]+/[0-9]+/[0-9]+/\\[[$]LATEST\\][0-9a-f]+"));
    EXPECT_EQ(one.stream, logged().front().stream);
  }
}

// A named pipe in the function's package, which a handler reads to wait for the test.
void open_gate(const fs::path& gate) {
  int fd = -1;
  EXPECT_TRUE(eventually([&] { return (fd = ::open(gate.c_str(), O_WRONLY | O_NONBLOCK)) >= 0; }));
  ::close(fd);
}

const char* const waits_at_its_gate =
    "def handler(event, context):\n"
    "  print('before', event)\n  open('gate%s' % event).read()\n  print('after', event)";

TEST_F(WorkersTest, WhatARunningTaskPrintsIsLoggedBeforeItEnds) {
  const auto function = python(waits_at_its_gate);
  ASSERT_EQ(::mkfifo((function->code / "gate1").c_str(), 0600), 0);
  auto outcome = begin(function, "1");
  EXPECT_TRUE(eventually([&] { return logged_text().ends_with("before 1\n"); })) << logged_text();
  EXPECT_THAT(logged_text(), testing::StartsWith("START RequestId: request-1"));
  open_gate(function->code / "gate1");
  const auto whole = outcome.get().log;
  EXPECT_EQ(logged_text(), whole);
}

TEST_F(WorkersTest, LinesOfConcurrentWorkersAreStampedWhenTheyWereWritten) {
  const auto function = python(waits_at_its_gate);
  std::vector<std::future<InvocationResult>> outcomes;
  for (const char* which : {"1", "2"}) {
    ASSERT_EQ(::mkfifo((function->code / ("gate" + std::string(which))).c_str(), 0600), 0);
    outcomes.push_back(begin(function, which));
    const std::string line = std::string("before ") + which + "\n";
    EXPECT_TRUE(eventually([&] { return logged_text().ends_with(line); })) << logged_text();
  }
  open_gate(function->code / "gate2");
  outcomes[1].get();
  open_gate(function->code / "gate1");
  outcomes[0].get();
  const auto all = logged();
  EXPECT_TRUE(
      std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at_ms < b.at_ms; }));
  EXPECT_THAT(logged_text(),
              ContainsRegex("START RequestId: request-1.*\nbefore 1\nSTART RequestId: request-2.*\n"
                            "before 2\nafter 2\nEND RequestId: request-2\nREPORT .*\n"
                            "after 1\nEND RequestId: request-1\n"));
}

TEST_F(WorkersTest, WhatAFailedImportPrintedIsLoggedWithinItsInvocation) {
  invoke(python("print('importing')\nimport no_such_module"));
  auto all = logged();
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at_ms < b.at_ms; });
  ASSERT_GE(all.size(), 3u);
  EXPECT_THAT(all.front().lines, testing::StartsWith("START RequestId: request-1"));
  EXPECT_THAT(logged_text(), HasSubstr("importing\n"));
  EXPECT_THAT(all.back().lines, HasSubstr("REPORT RequestId: request-1"));
}

TEST_F(WorkersTest, WhatIsPrintedBetweenInvocationsBelongsToTheNext) {
  const auto function = python(
      "import threading\nchild = None\n"
      "def handler(event, context):\n"
      "  global child\n"
      "  if child: child.join(); return\n"
      "  def late():\n    open('gate').read()\n    print('late')\n"
      "  child = threading.Thread(target=late)\n  child.start()");
  ASSERT_EQ(::mkfifo((function->code / "gate").c_str(), 0600), 0);
  const auto first = invoke(function);
  open_gate(function->code / "gate");
  const auto second = invoke(function);
  EXPECT_THAT(second.log, MatchesRegex("START RequestId: request-2.*\nlate\nEND RequestId: request-2\n.*"));
  EXPECT_EQ(logged_text(), first.log + second.log);
}

TEST_F(WorkersTest, OutputWithoutEndNeitherBlocksTheWorkerNorFillsMemory) {
  const auto outcome =
      invoke(python("def handler(event, context):\n"
                    "  for i in range(3000): print(str(i) * 300)\n  return 'done'"));
  EXPECT_EQ(outcome.payload, "\"done\"");
  EXPECT_THAT(outcome.log, HasSubstr("earlier bytes of output left out"));
  EXPECT_THAT(outcome.log, HasSubstr("2999\nEND RequestId"));
  EXPECT_LT(outcome.log.size(), 8u * 1024);
  EXPECT_GT(logged_text().size(), 3u * 1024 * 1024) << "the log has all of it";
}

TEST_F(WorkersTest, AWorkerSeesLambdasEnvironmentItsOwnAndNothingOfTheHosts) {
  ASSERT_EQ(::setenv("WORKERS_TEST_SECRET", "x", 1), 0);
  options.environment = Environment::of_this_process();
  const auto function = python(
      "import os\ndef handler(event, context):\n"
      "  return dict(os.environ, cwd=os.getcwd(), remaining=context.get_remaining_time_in_millis(),\n"
      "    arn=context.invoked_function_arn, limit=context.memory_limit_in_mb)");
  function->environment["COLOUR"] = "red";
  function->environment["LANG"] = "C";
  const json seen = json::parse(invoke(function).payload);
  EXPECT_EQ(seen["COLOUR"], "red");
  EXPECT_EQ(seen["LANG"], "C");
  EXPECT_EQ(seen["_HANDLER"], "handlers.main.handler");
  EXPECT_EQ(seen["AWS_LAMBDA_FUNCTION_NAME"], "work");
  EXPECT_EQ(seen["AWS_LAMBDA_FUNCTION_VERSION"], "$LATEST");
  EXPECT_EQ(seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "256");
  EXPECT_EQ(seen["AWS_REGION"], "eu-west-1");
  EXPECT_EQ(seen["AWS_EXECUTION_ENV"], "AWS_Lambda_" + function->runtime);
  EXPECT_EQ(seen["LAMBDA_TASK_ROOT"], seen["cwd"]);
  EXPECT_EQ(seen["arn"], function->function_arn);
  EXPECT_EQ(seen["limit"], "256");
  EXPECT_GT(seen["remaining"], 0);
  EXPECT_LE(seen["remaining"], std::chrono::milliseconds(function->timeout).count());
  for (const char* absent : {"WORKERS_TEST_SECRET", "HOME", "LAMBDAPOOL_RUNTIME_FD"}) {
    EXPECT_FALSE(seen.contains(absent)) << absent;
  }
}

TEST_F(WorkersTest, LayersAreMergedAtOptAndLaterOnesWin) {
  for (const char* layer : {"one", "two"}) {
    fs::create_directories(home.path / layer / "python");
    std::ofstream(home.path / layer / "python" / "shared.py") << "name = '" << layer << "'";
    std::ofstream(home.path / layer / "python" / (std::string("only_") + layer + ".py")) << "";
  }
  const auto function =
      python("import shared, only_one, only_two\ndef handler(event, context): return shared.name");
  function->layers = {home.path / "one", home.path / "two"};
  EXPECT_EQ(invoke(function).payload, "\"two\"");
}

TEST_F(WorkersTest, APackageSeesNoModulesBesideTheStandardLibraryAndItsOwn) {
  const auto outcome =
      invoke(python("import sys\ndef handler(event, context):\n"
                    "  return [p for p in sys.path if 'site-packages' in p or 'dist-packages' in p]"));
  for (const auto& path : json::parse(outcome.payload)) {
    EXPECT_THAT(path.get<std::string>(), testing::StartsWith("/opt/")) << outcome.payload;
  }
}

TEST_F(WorkersTest, ThereIsNoSharedMemoryAsOnLambda) {
  const auto function = python(
      "def handler(event, context):\n"
      "  try:\n"
      "    open('/dev/shm/workers_test-' + event, 'x')\n"
      "    return 'made'\n"
      "  except OSError as error:\n"
      "    return 'refused'");
  start();
  if (workers->isolation().find("no /dev/shm") == std::string::npos)
    GTEST_SKIP() << "nothing can be mounted here";
  EXPECT_EQ(invoke(function, "\"" + mark() + "\"").payload, "\"refused\"");
}

TEST_F(WorkersTest, SharedMemoryIsThereForThoseWhoAskForIt) {
  if (!fs::is_directory("/dev/shm")) GTEST_SKIP() << "this machine has no /dev/shm";
  options.shared_memory = true;
  const auto function = python(
      "import os\n"
      "def handler(event, context):\n"
      "  path = '/dev/shm/workers_test-' + event\n"
      "  open(path, 'x').close()\n"
      "  os.unlink(path)\n"
      "  return 'made'");
  EXPECT_EQ(invoke(function, "\"" + mark() + "\"").payload, "\"made\"");
  EXPECT_THAT(workers->isolation(), HasSubstr("the host's /dev/shm"));
}

TEST_F(WorkersTest, WorkersShareTheMachinesProcessors) {
  const auto function = python(
      "import os\ndef handler(event, context):\n"
      "  return [os.environ['OMP_NUM_THREADS'], os.environ.get('OPENBLAS_NUM_THREADS')]");
  EXPECT_EQ(invoke(function).payload, R"(["1", "1"])") << "256 MB";
  function->key = "chosen";
  function->environment["OMP_NUM_THREADS"] = "6";
  EXPECT_EQ(invoke(function).payload, R"(["6", null])");
}

// In packets where it is small, over HTTP where it is not; and after either the worker goes on.
TEST_F(WorkersTest, RawEnvelopesOfEachSizeReachAHandlerThatTakesThem) {
  const auto function = python(
      "import os\n"
      "def raw(envelope, context):\n"
      "  head, _, body = envelope.partition(b'\\0')\n"
      "  if head == b'fail': raise ValueError(body.decode())\n"
      "  if head == b'left': return str(0 < context.get_remaining_time_in_millis() <= 120000).encode()\n"
      "  if head == b'trace': return os.environ['_X_AMZN_TRACE_ID'].encode()\n"
      "  return body * int(head) + b'!'\n"
      "def handler(event, context): return event + 1\n"
      "handler.lambdapool_raw = raw");
  const auto raw = [&](const std::string& head, const std::string& body) {
    return invoke(function, head + std::string(1, '\0') + body).payload;
  };
  const std::string large(200'000, 'x');
  EXPECT_EQ(raw("1", "abc"), "abc!");
  EXPECT_EQ(raw("1", large), large + "!");
  EXPECT_EQ(raw("50000", "abcd").size(), 200'001U);
  EXPECT_EQ(raw("left", ""), "True");
  EXPECT_THAT(raw("trace", ""), HasSubstr("Root=1-"));
  const auto failed = invoke(function, std::string("fail\0why", 8));
  EXPECT_TRUE(failed.function_error);
  EXPECT_THAT(failed.payload, HasSubstr("ValueError"));
  EXPECT_THAT(failed.payload, HasSubstr("why"));
  EXPECT_EQ(invoke(function, "41").payload, "42");
  EXPECT_EQ(raw("2", "a"), "aa!");
}

// The C library would keep each value that the variable ever had.
TEST_F(WorkersTest, EachInvocationsTraceIdIsInTheSamePlaceForPythonAndForItsChildren) {
  const auto function = python(
      "import ctypes, os, subprocess\n"
      "getenv, name = ctypes.CDLL(None).getenv, '_X_AMZN_TRACE_ID'\n"
      "getenv.restype = ctypes.c_void_p\n"
      "def handler(event, context):\n"
      "  place, own = getenv(name.encode()), os.environ[name]\n"
      "  child = subprocess.run(['printenv', name], stdout=subprocess.PIPE).stdout.decode().strip()\n"
      "  if event == 'set': os.environ[name] = 'its own'\n"
      "  if event == 'unset': del os.environ[name]\n"
      "  return [place, own == child, own.startswith('Root=1-')]");
  const auto first = invoke(function, "0").payload;
  EXPECT_THAT(first, HasSubstr(", true, true]"));
  EXPECT_EQ(invoke(function, "\"set\"").payload, first);
  EXPECT_EQ(invoke(function, "\"unset\"").payload, first);
  EXPECT_EQ(invoke(function, "0").payload, first);
}

}  // namespace
}  // namespace lambdapool::local
