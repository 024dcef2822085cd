// Workers that are forked from a template: what they have of it, and what each has of its own.
#include <fcntl.h>
#include <sys/stat.h>

#include "local/worker/workers_fixture_for_tests.hpp"

namespace lambdapool::local {
namespace {

class PythonTemplateTest : public WorkersTest {
 protected:
  PythonTemplateTest() { options.imports = home.path / "imports"; }

  // A handler that says what `result` is once its gate is opened.
  std::shared_ptr<FunctionVersion> gated(const std::string& imports, const std::string& result) {
    return python("import os, random, " + imports +
                  "\ndef handler(event, context):\n"
                  "  print('waits', event)\n"
                  "  open('gate-%d' % event).close()\n"
                  "  return " +
                  result);
  }

  static void install(const FunctionVersion& function, const std::string& name, const std::string& source) {
    std::ofstream(function.code / (name + ".py")) << "import os\npid = os.getpid()\n" << source;
    fs::create_directories(function.code / (name + "-1.0.dist-info"));
    std::ofstream(function.code / (name + "-1.0.dist-info") / "RECORD") << name << ".py,,\n";
  }

  // What so many workers, all there at the same time, answer.
  std::vector<json> at_once(const std::shared_ptr<const FunctionVersion>& function, int count) {
    std::vector<std::future<InvocationResult>> futures;
    const auto ended = [&](int i) {
      return futures[static_cast<std::size_t>(i)].wait_for(std::chrono::seconds(0)) ==
             std::future_status::ready;
    };
    const auto gate = [&](int i) { return function->code / ("gate-" + std::to_string(next_gate + i)); };
    for (int i = 0; i < count; ++i) {
      ::mkfifo(gate(i).c_str(), 0600);
      futures.push_back(begin(function, std::to_string(next_gate + i)));
    }
    for (int i = 0; i < count; ++i) {
      const std::string line = "waits " + std::to_string(next_gate + i) + "\n";
      EXPECT_TRUE(eventually([&] { return ended(i) || logged_text().find(line) != std::string::npos; }));
    }
    for (int i = 0; i < count; ++i) {
      EXPECT_TRUE(eventually([&] {
        const int opened = ::open(gate(i).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (opened >= 0) ::close(opened);
        return opened >= 0 || ended(i);
      }));
    }
    next_gate += count;
    std::vector<json> answers;
    for (auto& future : futures) {
      const auto outcome = future.get();
      EXPECT_FALSE(outcome.function_error) << outcome.payload << logged_text();
      answers.push_back(json::parse(outcome.payload, nullptr, false));
    }
    return answers;
  }

  // Those among workers that answer [own pid, pid of the process that imported the package] that imported it.
  static std::size_t importers(const std::vector<json>& answers) {
    return static_cast<std::size_t>(
        std::count_if(answers.begin(), answers.end(), [](const json& one) { return one[0] == one[1]; }));
  }

  // The next service on the same home.
  void start_anew() {
    workers.reset();
    options.scratch = home.path / ("run-" + std::to_string(next_gate));
  }

  int next_gate = 0;
};

const char* const pids = "[os.getpid(), package.pid]";

TEST_F(PythonTemplateTest, WorkersShareWhatOneProcessHasImported) {
  const auto function = gated("package", pids);
  install(*function, "package", "");
  const auto first = at_once(function, 4);
  EXPECT_EQ(importers(first), 1u);  // the one that went ahead
  start_anew();
  const auto second = at_once(function, 4);
  EXPECT_EQ(importers(second), 0u);
  EXPECT_EQ(second[0][1], second[3][1]);
  EXPECT_NE(second[0][0], second[3][0]);
}

TEST_F(PythonTemplateTest, WhatATaskImportsIsKnownToTheNextService) {
  const auto function = gated("importlib", "[os.getpid(), importlib.import_module('package').pid]");
  install(*function, "package", "");
  at_once(function, 1);
  start_anew();
  EXPECT_EQ(importers(at_once(function, 2)), 0u);
}

TEST_F(PythonTemplateTest, EachWorkerRunsTheFunctionsOwnModules) {
  const auto function = gated("package, mine", "[mine.token, mine.pid, os.getpid()]");
  install(*function, "package", "");
  std::ofstream(function->code / "mine.py") << "import os\ntoken, pid = os.urandom(8).hex(), os.getpid()\n";
  std::set<std::string> tokens;
  for (const auto& one : at_once(function, 3)) {
    EXPECT_EQ(one[1], one[2]);
    tokens.insert(one[0].get<std::string>());
  }
  EXPECT_EQ(tokens.size(), 3u);
}

TEST_F(PythonTemplateTest, EachWorkerHasItsOwnNumbersAndTemporaryFiles) {
  const auto function =
      gated("package, tempfile, uuid",
            "[random.random(), tempfile.mkdtemp(), str(uuid.uuid4()), os.listdir(tempfile.gettempdir())]");
  install(*function, "package", "import random, tempfile, uuid\ntempfile.gettempdir()\nrandom.random()\n");
  at_once(function, 1);
  start_anew();
  const auto answers = at_once(function, 2);
  for (int i = 0; i < 3; ++i) EXPECT_NE(answers[0][i], answers[1][i]);
  EXPECT_EQ(answers[0][3].size(), 1u) << answers[0];
}

TEST_F(PythonTemplateTest, WhatImportsPrintAndSetIsThereInEachWorker) {
  const auto function = gated("package", "[os.getpid(), package.pid, os.environ.get('OF_PACKAGE')]");
  install(*function, "package", "print('from the package')\nos.environ['OF_PACKAGE'] = 'set'\n");
  at_once(function, 1);
  start_anew();
  log.clear();
  const auto answers = at_once(function, 2);
  EXPECT_EQ(importers(answers), 0u);
  EXPECT_EQ(answers[0][2], "set");
  EXPECT_THAT(logged_text(), ContainsRegex("from the package(.|\n)*from the package"));
}

struct Unfit {
  const char* name;
  const char* source;
};

class UnfitPackageTest : public PythonTemplateTest, public testing::WithParamInterface<Unfit> {};

TEST_P(UnfitPackageTest, IsLeftToEachWorkerAndTheOthersAreKept) {
  const auto function = gated("package, unfit", "[os.getpid(), unfit.pid, package.pid]");
  install(*function, "package", "");
  install(*function, "unfit", GetParam().source);
  at_once(function, 2);
  start_anew();
  const auto answers = at_once(function, 2);
  EXPECT_EQ(importers(answers), 2u);
  EXPECT_EQ(answers[0][2], answers[1][2]);
}

INSTANTIATE_TEST_SUITE_P(
    OfEachKind, UnfitPackageTest,
    testing::Values(Unfit{"threads",
                          "import threading\n"
                          "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"},
                    Unfit{"descriptors", "reader, writer = os.pipe()\n"},
                    Unfit{"generators", "import random\ngenerator = random.Random(1)\n"},
                    Unfit{"processes",
                          "child = os.fork()\nif child == 0:\n  import time\n  time.sleep(1000)\n"}),
    [](const auto& test) { return std::string(test.param.name); });

// The template is the second to import it.
std::string the_second_time(const fs::path& marks, const std::string& statement) {
  return "import signal, time\nmarks = '" + marks.string() +
         "'\nwith open(marks, 'a') as file: file.write('x')\nif os.path.getsize(marks) == 2: " + statement +
         "\n";
}

TEST_F(PythonTemplateTest, OneThatHangsWhileItImportsHoldsNobodyUp) {
  options.mounts = false;  // so that it can write its mark
  options.init_limit = std::chrono::milliseconds(1'000);
  const auto function = gated("package", pids);
  install(*function, "package", the_second_time(home.path / "marks", "time.sleep(1000)"));
  EXPECT_EQ(importers(at_once(function, 3)), 3u);
}

TEST_F(PythonTemplateTest, OneThatCrashesWhileItImportsTakesNothingWithIt) {
  options.mounts = false;
  const auto function = gated("package", pids);
  install(*function, "package", the_second_time(home.path / "marks", "os.kill(os.getpid(), signal.SIGSEGV)"));
  EXPECT_EQ(importers(at_once(function, 3)), 3u);
}

TEST_F(PythonTemplateTest, OneThatIsKilledIsMadeAnew) {
  const auto function = python(
      "import os, signal, time, package\ndef handler(event, context):\n"
      "  if event == 'kill':\n    os.kill(os.getppid(), signal.SIGKILL)\n    time.sleep(1000)\n"
      "  return [os.getpid(), package.pid]");
  install(*function, "package", "");
  invoke(function);
  start_anew();
  EXPECT_THAT(invoke(function, "\"kill\"").payload, HasSubstr("signal: killed"));
  EXPECT_EQ(importers({json::parse(invoke(function).payload)}), 0u);
}

TEST_F(PythonTemplateTest, TheLimitOfMemoryHoldsForItsWorkers) {
  const auto function = python(
      "import os, package\ndef handler(event, context):\n"
      "  return len(bytearray(os.urandom(1) * event)) and [os.getpid(), package.pid]");
  install(*function, "package", "ballast = b'x' * (100 << 20)\n");
  invoke(function, "1");
  start_anew();
  EXPECT_EQ(importers({json::parse(invoke(function, "1").payload)}), 0u);
  EXPECT_THAT(invoke(function, std::to_string(200 << 20)).payload, HasSubstr("Runtime.OutOfMemory"));
}

TEST_F(PythonTemplateTest, ItEndsWithTheVersionOfTheFunction) {
  const auto function = gated("package", pids);
  install(*function, "package", "");
  at_once(function, 2);
  retire(function->key);
  // The supervisor and the fork server stay.
  EXPECT_TRUE(eventually([&] { return processes_marked(mark()).size() == 2; }));
}

TEST_F(PythonTemplateTest, ItEndsWhenNobodyHasNeededItForAWhile) {
  options.idle_timeout = std::chrono::milliseconds(1);
  const auto function = gated("package", pids);
  install(*function, "package", "");
  at_once(function, 2);
  EXPECT_TRUE(eventually([&] { return processes_marked(mark()).size() == 2; }));
  EXPECT_EQ(importers(at_once(function, 1)), 0u);
}

TEST_F(PythonTemplateTest, WhatCompilesIsKeptAndUsed) {
  const auto function = gated("package", pids);
  install(*function, "package", "");
  at_once(function, 2);
  std::size_t compiled = 0;
  for (const auto& entry : fs::recursive_directory_iterator(options.imports)) {
    compiled +=
        entry.path().extension() == ".pyc" && entry.path().filename().string().starts_with("package.");
  }
  EXPECT_EQ(compiled, 1u);
  EXPECT_FALSE(fs::exists(function->code / "__pycache__"));
}

TEST_F(PythonTemplateTest, PackagesOfALayerAreKeptToo) {
  const auto function = gated("package", pids);
  const auto layer = base("", "");
  fs::create_directories(layer->code / "python");
  fs::rename(layer->code, home.path / "layer");
  FunctionVersion inside;
  inside.code = home.path / "layer" / "python";
  install(inside, "package", "");
  function->layers = {home.path / "layer"};
  at_once(function, 1);
  start_anew();
  EXPECT_EQ(importers(at_once(function, 2)), 0u);
}

}  // namespace
}  // namespace lambdapool::local
