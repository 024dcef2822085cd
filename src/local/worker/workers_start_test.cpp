// What becomes of invocations when the processes that start workers end, or do not start.
#include "local/worker/process_tree.hpp"
#include "local/worker/workers_fixture_for_tests.hpp"

namespace lambdapool::local {
namespace {

class WorkersStartTest : public WorkersTest {};

TEST_F(WorkersStartTest, TheSupervisorsDeathFailsWhatRunsAndTheNextInvocationStartsAnew) {
  const auto function = python(
      "import os, time, signal\ndef handler(event, context):\n"
      "  if event == 'kill':\n"
      "    parent = os.getppid()\n"
      "    stat = open('/proc/%d/stat' % parent).read()\n"
      "    os.kill(int(stat.rsplit(')', 1)[1].split()[1]), signal.SIGKILL)\n"
      "    time.sleep(60)\n"
      "  return 'fine'");
  EXPECT_THAT(invoke(function, "\"kill\"").payload, HasSubstr("signal: killed"));
  EXPECT_EQ(invoke(function, "1").payload, "\"fine\"");
}

TEST_F(WorkersStartTest, TheForkServersDeathFailsWhatRunsAndTheNextInvocationStartsAnew) {
  const auto function = python(
      "import os, time, signal\ndef handler(event, context):\n"
      "  if event == 'kill':\n"
      "    os.kill(os.getppid(), signal.SIGKILL)\n    time.sleep(60)\n"
      "  return 'fine'");
  EXPECT_THAT(invoke(function, "\"kill\"").payload, HasSubstr("signal: killed"));
  EXPECT_EQ(invoke(function, "1").payload, "\"fine\"");
}

// The supervisor of the workers of this test: the child of this process that has its name.
pid_t supervisor_of_this_process() {
  for (const pid_t child : children_of(::getpid())) {
    if (read_proc(child, "comm").starts_with("lambdapool-sup")) return child;
  }
  return -1;
}

TEST_F(WorkersStartTest, WhatHadNotBegunWhenTheSupervisorDiedIsStartedAgainQuietly) {
  const auto function = python("def handler(event, context): return event");
  invoke(function, "0");
  for (int round = 0; round < 3; ++round) {
    const auto fresh = std::make_shared<FunctionVersion>(*function);
    fresh->key = "fresh-" + std::to_string(round);
    std::vector<std::future<InvocationResult>> futures;
    for (int i = 0; i < 4; ++i) futures.push_back(begin(fresh, std::to_string(i)));
    const pid_t supervisor = supervisor_of_this_process();
    if (supervisor > 0) ::kill(supervisor, SIGKILL);
    for (auto& future : futures) {
      const auto outcome = future.get();
      // One that had begun is lost with its worker, as any task is. None is told of interpreters.
      if (outcome.function_error) {
        EXPECT_THAT(outcome.payload, HasSubstr("signal: killed"));
      }
    }
    EXPECT_EQ(invoke(fresh, "5").payload, "5");
  }
}

TEST_F(WorkersStartTest, ASupervisorThatIsKilledWhileWorkersStartCostsNoTask) {
  // It kills the supervisor while it starts, the first three times.
  const auto function = python(
      "import os, signal, time\n"
      "marks = '" +
      home.path.string() +
      "/marks'\n"
      "with open(marks, 'a') as file: file.write('x')\n"
      "if os.path.getsize(marks) <= 3:\n"
      "  stat = open('/proc/%d/stat' % os.getppid()).read()\n"
      "  os.kill(int(stat.rsplit(')', 1)[1].split()[1]), signal.SIGKILL)\n"
      "  time.sleep(60)\n"
      "def handler(event, context): return 'fine'");
  options.mounts = false;  // so that it can write its mark
  EXPECT_EQ(invoke(function, "1").payload, "\"fine\"");
}

TEST_F(WorkersStartTest, AStartThatIsAlwaysLostSaysWhatWasStartedAndHowItEnded) {
  const auto function = python(
      "import os, signal, time\n"
      "stat = open('/proc/%d/stat' % os.getppid()).read()\n"
      "os.kill(int(stat.rsplit(')', 1)[1].split()[1]), signal.SIGKILL)\n"
      "time.sleep(60)");
  const auto payload = invoke(function, "1").payload;
  EXPECT_THAT(payload, HasSubstr("could not start a worker, so nothing ran: its supervisor process"));
  EXPECT_THAT(payload, HasSubstr("ended"));
}

TEST_F(WorkersStartTest, WhatIsGoingToBeCalledFindsTheInterpreterThatWasStartedForIt) {
  const auto function = python("import os\ndef handler(event, context): return os.getppid()");
  expect(function);
  const auto interpreters = [&] {
    std::set<pid_t> found;
    for (const pid_t child : children_of(supervisor_of_this_process()))
      if (read_proc(child, "cmdline").find("compiled.py") != std::string::npos) found.insert(child);
    return found;
  };
  EXPECT_TRUE(eventually([&] { return interpreters().size() == 1; }));
  EXPECT_TRUE(logged().empty());  // nothing of the function has run
  const std::set<pid_t> used{std::stoi(invoke(function).payload)};
  EXPECT_EQ(interpreters(), used);
  expect(function);
  EXPECT_EQ(interpreters(), used);
}

TEST_F(WorkersStartTest, WhatIsExpectedAndCannotStartFailsWithItsCallAlone) {
  options.environment = Environment(std::map<std::string, std::string>{{"PATH", home.path.string()}});
  const auto function = python("def handler(event, context): return 1");
  function->runtime = "python3.99";
  expect(function);
  EXPECT_THAT(invoke(function).payload, HasSubstr("This function needs Python 3.99"));
}

TEST_F(WorkersStartTest, AnInterpreterThatDoesNotStartIsNotAMissingOne) {
  fs::create_directories(home.path / "bin");
  const fs::path broken = home.path / "bin" / "python3.11";
  std::ofstream(broken) << "#!/bin/sh\necho cannot find my library >&2\nexit 3\n";
  fs::permissions(broken, fs::perms::owner_all);
  options.environment =
      Environment(std::map<std::string, std::string>{{"PATH", broken.parent_path().string()}});
  const auto function = python("def handler(event, context): return 1");
  function->runtime = "python3.11";
  const auto payload = invoke(function).payload;
  EXPECT_THAT(payload, HasSubstr("Could not start Python 3.11"));
  EXPECT_THAT(payload, HasSubstr(broken.string() + ": exit status 3: cannot find my library"));
}

}  // namespace
}  // namespace lambdapool::local
