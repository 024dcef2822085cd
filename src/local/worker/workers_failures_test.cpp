// Limits, crashes, and the life of workers, with real processes.
#include "local/worker/workers_fixture_for_tests.hpp"

namespace lambdapool::local {
namespace {

TEST_F(WorkersTest, ATimeoutKillsEverythingThatTheWorkerStarted) {
  const auto function = bootstrap();
  function->timeout = std::chrono::seconds(1);
  const auto outcome = invoke(function, "\"hang\"");
  EXPECT_EQ(outcome.payload, R"({"errorType":"Sandbox.Timedout","errorMessage":"RequestId: request-1 Error: )"
                             R"(Task timed out after 1.00 seconds"})");
  EXPECT_TRUE(outcome.function_error);
  EXPECT_THAT(outcome.log, HasSubstr("\tStatus: timeout\n"));
  EXPECT_TRUE(eventually([&] { return processes_marked("TEST_MARK=" + mark()).empty(); }));
  function->timeout = std::chrono::seconds(120);  // only the first had to run into it
  EXPECT_EQ(invoke(function, "\"again\"").payload, "\"again\"");
}

TEST_F(WorkersTest, APythonWorkerTimesOutToo) {
  const auto function = python(
      "import time, subprocess\ndef handler(event, context):\n"
      "  subprocess.Popen(['sleep', '1000'], start_new_session=True)\n  time.sleep(1000)");
  function->timeout = std::chrono::seconds(1);
  EXPECT_THAT(invoke(function).payload, HasSubstr("Sandbox.Timedout"));
  EXPECT_TRUE(eventually([&] { return processes_marked("TEST_MARK=" + mark()).empty(); }));
}

TEST_F(WorkersTest, AnExitDuringAnInvocationSaysHow) {
  const auto function = bootstrap();
  EXPECT_EQ(
      invoke(function, "\"exit 3\"").payload,
      R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: request-1 Error: Runtime exited with error: )"
      R"(exit status 3"})");
  EXPECT_THAT(invoke(function, "\"exit 0\"").payload, HasSubstr("Runtime exited without providing a reason"));
  const auto crashed = invoke(function, "\"abort\"");
  EXPECT_THAT(crashed.payload, HasSubstr("Runtime exited with error: signal: segmentation fault"));
  EXPECT_THAT(crashed.log, HasSubstr("Status: error\tError Type: Runtime.ExitError"));
}

TEST_F(WorkersTest, SysExitInAHandlerEndsTheWorker) {
  const auto outcome = invoke(python("import sys\ndef handler(event, context): sys.exit(7)"));
  EXPECT_THAT(outcome.payload, HasSubstr("Runtime exited with error: exit status 7"));
}

TEST_F(WorkersTest, AnExitDuringInitFailsTheInvocation) {
  const auto function = bootstrap();
  function->environment["EXIT_IN_INIT"] = "9";
  EXPECT_THAT(invoke(function).payload, HasSubstr("Runtime exited with error: exit status 9"));
}

TEST_F(WorkersTest, AnInitErrorIsPassedOnVerbatim) {
  const auto function = bootstrap();
  function->environment["FAIL_INIT"] = "1";
  const auto outcome = invoke(function);
  EXPECT_EQ(outcome.payload, R"({"errorMessage":"no luck","errorType":"Init.Bad"})");
  EXPECT_THAT(outcome.log, HasSubstr("Error Type: Init.Bad"));
}

TEST_F(WorkersTest, AMissingBootstrapIsNamed) {
  const auto function = base("provided.al2023", "any");
  fs::create_directories(function->code);
  EXPECT_EQ(invoke(function).payload,
            R"({"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: request-1 Error: )"
            R"(Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"})");
}

TEST_F(WorkersTest, ABootstrapThatCannotBeExecutedIsNamed) {
  const auto function = base("provided.al2023", "any");
  fs::create_directories(function->code);
  std::ofstream(function->code / "bootstrap") << "not a program";
  const auto outcome = invoke(function);
  EXPECT_THAT(outcome.payload, HasSubstr("Runtime.InvalidEntrypoint"));
  EXPECT_THAT(outcome.payload, HasSubstr("/bootstrap: Permission denied"));
}

TEST_F(WorkersTest, AVersionOfPythonThatIsNotInstalledIsNamed) {
  const auto function = python("");
  function->runtime = "python3.99";
  const auto outcome = invoke(function);
  EXPECT_THAT(outcome.payload, HasSubstr("This function needs Python 3.99, and no interpreter"));
  EXPECT_EQ(invoke(function).payload.empty(), false) << "asked again, it answers again";
}

TEST_F(WorkersTest, MemoryBeyondTheLimitKillsTheWorker) {
  const auto function =
      python("def handler(event, context):\n  if event: return len(bytearray(event << 20))\n  return 0");
  function->memory_mb = 128;
  const auto outcome = invoke(function, "300");
  EXPECT_EQ(outcome.payload,
            R"({"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: request-1 Error: )"
            R"(Runtime exited with error: signal: killed"})");
  EXPECT_THAT(outcome.log, HasSubstr("Max Memory Used: 128 MB\t"));
  EXPECT_THAT(outcome.log, HasSubstr("Status: error\tError Type: Runtime.OutOfMemory"));
  EXPECT_EQ(invoke(function, "50").payload, "52428800");
}

TEST_F(WorkersTest, MemoryIsWatchedWhereCgroupsCannotBeWritten) {
  options.cgroups = false;
  const auto function =
      python("import time\ndef handler(event, context):\n  x = bytearray(300 << 20)\n  time.sleep(60)");
  function->memory_mb = 128;
  EXPECT_THAT(invoke(function).payload, HasSubstr("Runtime.OutOfMemory"));
  EXPECT_THAT(workers->isolation(), HasSubstr("watching"));
}

TEST_F(WorkersTest, AMomentBeyondTheLimitCountsAlsoWhereMemoryIsWatched) {
  options.cgroups = false;
  const auto function = python("def handler(event, context): return len(bytearray(200 << 20))");
  function->memory_mb = 128;
  EXPECT_THAT(invoke(function).payload, HasSubstr("Runtime.OutOfMemory"));
}

TEST_F(WorkersTest, AnInitThatTakesTooLongIsStartedAgainWithinTheInvocation) {
  options.init_limit = std::chrono::milliseconds(700);
  const auto function =
      python("import time\ntime.sleep(1)\ndef handler(event, context): return 'in the end'");
  const auto outcome = invoke(function);
  EXPECT_EQ(outcome.payload, "\"in the end\"");
  EXPECT_THAT(outcome.log, Not(HasSubstr("Init Duration"))) << "it is part of the duration";
  EXPECT_THAT(outcome.log, ContainsRegex("\tDuration: [1-9][0-9][0-9]+[.]"));
}

TEST_F(WorkersTest, AnInitThatNeverEndsTimesOut) {
  options.init_limit = std::chrono::milliseconds(200);
  const auto function = python("import time\ntime.sleep(1000)");
  function->timeout = std::chrono::seconds(1);
  EXPECT_THAT(invoke(function).payload, HasSubstr("Task timed out after 1.00 seconds"));
}

TEST_F(WorkersTest, VariablesThatPythonReadsAtItsStartApply) {
  const auto function =
      python("import sys\ndef handler(event, context): return [sys.flags.optimize, hash('x'), str(exit)]");
  function->environment["PYTHONOPTIMIZE"] = "2";
  function->environment["PYTHONHASHSEED"] = "0";
  const json first = json::parse(invoke(function).payload);
  EXPECT_EQ(first[0], 2);
  const auto other = std::make_shared<FunctionVersion>(*function);
  other->key = "another";
  EXPECT_EQ(json::parse(invoke(other).payload), first);
}

TEST_F(WorkersTest, EverythingWorksWithoutMounts) {
  options.mounts = false;
  const auto function = python(
      "import os, tempfile\ndef handler(event, context):\n"
      "  return [os.getcwd(), os.environ['LAMBDA_TASK_ROOT'], tempfile.gettempdir()]");
  const json seen = json::parse(invoke(function).payload);
  EXPECT_EQ(seen[0], function->code.string());
  EXPECT_EQ(seen[1], function->code.string());
  EXPECT_THAT(seen[2].get<std::string>(), testing::StartsWith(options.scratch.string()));
  EXPECT_EQ(invoke(bootstrap(), "\"x\"").payload, "\"x\"");
  EXPECT_THAT(workers->isolation(), HasSubstr("in place"));
}

TEST_F(WorkersTest, WhereMountsAreAllowedFunctionsSeeLambdasDirectories) {
  start();
  if (workers->isolation().find("mount namespace") == std::string::npos ||
      workers->isolation().find("in place") != std::string::npos) {
    GTEST_SKIP() << workers->isolation();
  }
  const auto function = python(
      "import os\ndef handler(event, context):\n"
      "  try: open('/var/task/new', 'w')\n  except OSError as e: error = e.strerror\n"
      "  open('/tmp/here', 'w').close()\n"
      "  return [os.getcwd(), error, os.listdir('/tmp'), os.listdir('/opt'), __file__]");
  EXPECT_EQ(invoke(function).payload,
            R"(["/var/task", "Read-only file system", ["here"], [], "/var/task/handlers/main.py"])");
}

TEST_F(WorkersTest, TmpSurvivesACrashOfItsWorkerButItsGlobalsDoNot) {
  const auto function = python(
      "import os, tempfile\nn = 0\ndef handler(event, context):\n  global n\n  n += 1\n"
      "  kept = os.path.join(tempfile.gettempdir(), 'kept')\n  before = os.path.exists(kept)\n"
      "  open(kept, 'w').close()\n  if event == 'die': os._exit(1)\n  return [n, before]");
  EXPECT_EQ(invoke(function, "1").payload, "[1, false]");
  invoke(function, "\"die\"");
  EXPECT_EQ(invoke(function, "2").payload, "[1, true]");
}

TEST_F(WorkersTest, AnIdleWorkerIsReaped) {
  options.idle_timeout = std::chrono::milliseconds(50);
  invoke(bootstrap(), "\"children\"");
  EXPECT_TRUE(eventually([&] { return processes_marked("TEST_MARK=" + mark()).empty(); }));
}

TEST_F(WorkersTest, AWorkerEndsWhenItsCredentialsExpireAndTheNextOneHasOthers) {
  options.lifetime = std::chrono::milliseconds(0);
  const auto function = python(
      "import os, time\ndef handler(event, context):\n  time.sleep(0.01)\n"
      "  return os.environ['AWS_ACCESS_KEY_ID']");
  std::set<std::string> keys;
  for (int i = 0; i < 3; ++i) keys.insert(invoke(function, "1").payload);
  EXPECT_EQ(keys.size(), 3u);
}

TEST_F(WorkersTest, ARetiredWorkerEndsWhenIdleAndTheNextInvocationGetsANewOne) {
  const auto function = bootstrap();
  const auto first = invoke(function, "\"pid\"").payload;
  retire(function->key);
  EXPECT_TRUE(eventually([&] { return processes_marked("TEST_MARK=" + mark()).empty(); }));
  EXPECT_NE(invoke(function, "\"pid\"").payload, first);
}

TEST_F(WorkersTest, TwentyInvocationsAtOnceGetTwentyWorkers) {
  options.mounts = false;  // so that they see each other's files
  const fs::path room = home.path / "room";
  fs::create_directories(room);
  const auto function = python(
      "import os, time\ndef handler(event, context):\n"
      "  open(os.path.join(event, str(os.getpid())), 'w').close()\n"
      "  while len(os.listdir(event)) < 20: time.sleep(0.01)\n"
      "  return os.getpid()");
  std::vector<std::future<InvocationResult>> futures;
  for (int i = 0; i < 20; ++i) futures.push_back(begin(function, json(room.string()).dump()));
  std::set<std::string> pids;
  for (auto& future : futures) {
    const auto outcome = future.get();
    EXPECT_FALSE(outcome.function_error) << outcome.payload;
    pids.insert(outcome.payload);
  }
  EXPECT_EQ(pids.size(), 20u);
}

TEST_F(WorkersTest, AForeignRuntimeIsServedOverTcpAndOursOverItsChannel) {
  EXPECT_EQ(invoke(bootstrap(), "[1]").payload, "[1]");
  const auto ours = bootstrap();
  ours->environment["USE_CHANNEL"] = "1";
  EXPECT_EQ(invoke(ours, "[2]").payload, "[2]");
  EXPECT_EQ(invoke(ours, "\"chunked\"").payload, "\"chunked\"");
  const auto failed = invoke(ours, "\"fail\"");
  EXPECT_EQ(failed.payload, R"({"errorMessage":"bad","errorType":"Own"})");
  EXPECT_TRUE(failed.function_error);
}

TEST_F(WorkersTest, OneOfOursThatDoesNotKnowPacketsGoesOnWithHttp) {
  const auto ours = bootstrap();
  ours->handler = "lambdapool";
  ours->environment["USE_CHANNEL"] = "1";
  const auto first = invoke(ours, "\"pid\"");
  EXPECT_FALSE(first.function_error);
  EXPECT_EQ(invoke(ours, "\"api\"").payload, "\"127.0.0.1:0\"");
  EXPECT_EQ(invoke(ours, "\"pid\"").payload, first.payload);
}

TEST_F(WorkersTest, ARuntimeThatBreaksTheRulesIsRefused) {
  EXPECT_EQ(invoke(bootstrap(), "\"refusals\"").payload, "\"400 403 404 400\"");
}

TEST_F(WorkersTest, AnAnswerOfOneByteTooManyIsAnErrorOfTheFunction) {
  const auto function = bootstrap();
  const auto outcome = invoke(function, "\"large\"");
  EXPECT_TRUE(outcome.function_error);
  EXPECT_EQ(outcome.payload,
            R"({"errorMessage":"Response payload size exceeded maximum allowed payload size )"
            R"((6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"})");
  EXPECT_EQ(invoke(function, "1").payload, "1");
}

TEST_F(WorkersTest, AnotherRuntimeIsRefusedByName) {
  const auto function = base("ruby3.4", "example.handler");
  fs::create_directories(function->code);
  EXPECT_THAT(invoke(function).payload, HasSubstr("ruby3.4"));
}

TEST_F(WorkersTest, NothingIsLeftWhenTheWorkersEnd) {
  invoke(bootstrap(), "\"children\"");
  auto hanging = begin(bootstrap(), "\"hang\"");
  EXPECT_TRUE(eventually([&] { return processes_marked(mark()).size() >= 6; }));
  workers.reset();
  EXPECT_TRUE(processes_marked(mark()).empty());
  EXPECT_FALSE(fs::exists(options.scratch));
  EXPECT_TRUE(hanging.get().function_error);
}

TEST_F(WorkersTest, EveryVersionOfPythonThatIsInstalledServes) {
  const auto function =
      python("import sys\ndef handler(event, context): return '%d.%d' % sys.version_info[:2]");
  for (int minor = 9; minor <= 14; ++minor) {
    const std::string version = "3." + std::to_string(minor);
    const auto of_version = std::make_shared<FunctionVersion>(*function);
    of_version->key = version;
    of_version->runtime = "python" + version;
    const std::string payload = invoke(of_version).payload;
    if (payload.find("no interpreter of that version was found") != std::string::npos) continue;
    EXPECT_EQ(payload, "\"" + version + "\"");
  }
}

// In a process of its own, which is then killed: its workers die too, and what it leaves on the disk is
// removed by the next.
TEST_F(WorkersTest, KillingTheOwnerLeavesNoProcess) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const auto function = bootstrap();
  const auto sleeper = python("import time\ndef handler(event, context):\n  time.sleep(1000)");
  const pid_t owner = ::fork();
  if (owner == 0) {
    http::EventLoop own_loop;
    auto own = Workers::start(own_loop, options);
    std::promise<void> never;
    own_loop.post([&] {
      (*own)->invoke(sleeper, {"b", "{}", "", {}}, [](InvocationResult) {});
      (*own)->invoke(function, {"a", "\"children\"", "", {}}, [&](InvocationResult) {
        [[maybe_unused]] const auto written = ::write(ready[1], "x", 1);
      });
    });
    never.get_future().wait();
  }
  ::close(ready[1]);
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1) << "the owner has ended";
  EXPECT_TRUE(eventually([&] { return processes_marked(mark()).size() >= 3; }));
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  EXPECT_TRUE(eventually([&] { return processes_marked(mark()).empty(); }));
  EXPECT_TRUE(fs::exists(options.scratch));
  const fs::path abandoned = options.scratch;
  options.scratch = abandoned.parent_path() / "run-2";
  EXPECT_EQ(invoke(bootstrap(), "1").payload, "1");
  EXPECT_FALSE(fs::exists(abandoned));
  ::close(ready[0]);
}

}  // namespace
}  // namespace lambdapool::local
