#include "package/python_package.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "package/testing_dir.hpp"

namespace lambdapool::package {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// The names in a package beside the agent's own.
std::vector<std::string> own_names(const Package& package) {
  std::vector<std::string> names;
  const auto files = list_zip(package.zip);
  for (const auto& file : *files)
    if (!file.name.starts_with("lambdapool_agent/") && !file.name.starts_with("lambdapool_runtime/") &&
        file.name != "lambdapool_manifest.json")
      names.push_back(file.name);
  return names;
}

PythonPackageRequest request_for(std::vector<fs::path> paths) {
  PythonPackageRequest request;
  request.paths = std::move(paths);
  request.python_version = "3.11";
  return request;
}

std::string error_of(std::vector<fs::path> paths) {
  const auto package = build_python_package(request_for(std::move(paths)));
  return package ? "" : package.error().message;
}

TEST(PythonPackage, HasEachPathUnderItsOwnNameAndTheAgent) {
  const TestingDir dir;
  dir.write("algorithms/__init__.py", "");
  dir.write("algorithms/algorithms.py", "def f(): pass\n");
  dir.write("deep/er/data.csv", "1,2\n");
  dir.write("single.py", "x = 1\n");
  auto request = request_for({dir.path() / "algorithms/", dir.path() / "single.py", dir.path() / "deep/er"});
  std::vector<std::string> lines;
  request.progress = [&](const Step& step) { lines.push_back(step.text); };
  const auto package = build_python_package(request);
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_THAT(own_names(*package),
              ElementsAre("algorithms/__init__.py", "algorithms/algorithms.py", "er/data.csv", "single.py"));
  EXPECT_THAT(lines, ElementsAre("algorithms", "single.py", "er"));
  EXPECT_EQ(package->runtime, "python3.11");
  EXPECT_EQ(package->handler, "lambdapool_agent.lambda_handler");
  EXPECT_EQ(package->architecture, "x86_64");
  EXPECT_EQ(package->codec, "pickle");
  const auto files = list_zip(package->zip);
  ASSERT_TRUE(files);
  std::vector<std::string> names;
  for (const auto& file : *files) names.push_back(file.name);
  EXPECT_THAT(names, Contains("lambdapool_agent/__init__.py"));
  EXPECT_THAT(names, Contains("lambdapool_agent/vendor/cloudpickle/cloudpickle.py"));
}

TEST(PythonPackage, SaysWhichSourcesItWasMadeFrom) {
  const TestingDir dir;
  dir.write("pack/code.py", "x = 1\n");
  dir.write("pack/windows.py", "x = 1\r\n");
  dir.write("pack/data.csv", "1,2\n");
  dir.write("table.csv", "1,2\n");
  const auto package = build_python_package(request_for({dir.path() / "pack", dir.path() / "table.csv"}));
  ASSERT_TRUE(package) << package.error().message;
  ASSERT_TRUE(unzip_to(package->zip, dir.path() / "task"));
  EXPECT_EQ(
      dir.shell("cd task && python3 -c 'import json; m = json.load(open(\"lambdapool_manifest.json\"));"
                "print(sorted(m[\"files\"].items()), m[\"paths\"], m[\"requirements\"], m[\"version\"])'"),
      "[('pack/code.py', '9e26bf369911c45c243c684147b23fc9'), ('pack/windows.py', "
      "'9e26bf369911c45c243c684147b23fc9')] ['pack', 'table.csv'] {} 1\n");
}

TEST(PythonPackage, IsImportableWithTheAgentFromTheZipsDirectory) {
  const TestingDir dir;
  dir.write("single.py", "x = 41\n");
  const auto package = build_python_package(request_for({dir.path() / "single.py"}));
  ASSERT_TRUE(package);
  ASSERT_TRUE(unzip_to(package->zip, dir.path() / "task"));
  EXPECT_EQ(dir.shell("cd task && python3 -S -c 'import single, lambdapool_agent, cloudpickle;"
                      "print(single.x + 1, callable(lambdapool_agent.lambda_handler))'"),
            "42 True\n");
}

TEST(PythonPackage, LeavesOutCachesVersionControlEnvironmentsAndEditorsLeftovers) {
  const TestingDir dir;
  for (const char* name : {"p/a.py",           "p/__pycache__/a.cpython-311.pyc",
                           "p/a.pyc",          "p/a.pyo",
                           "p/.git/HEAD",      "p/.hg/x",
                           "p/.svn/x",         "p/.DS_Store",
                           "p/._a.py",         "p/._not_of_macos",
                           "p/sourceless.pyc", "p/a.py~",
                           "p/.a.py.swp",      "p/#a.py#",
                           "p/.idea/x",        "p/.vscode/x",
                           "p/.venv/x",        "p/.tox/x",
                           "p/.mypy_cache/x",  "p/.pytest_cache/x",
                           "p/node_modules/x", "p/env/pyvenv.cfg",
                           "p/env/bin/python", "p/.hidden",
                           "p/data/git.txt",   "p/x.egg-info/PKG-INFO"})
    dir.write(name, "x");
  auto request = request_for({dir.path() / "p"});
  std::vector<std::string> lines;
  request.progress = [&](const Step& step) { lines.push_back(step.text); };
  const auto package = build_python_package(request);
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_THAT(own_names(*package), ElementsAre("p/._not_of_macos", "p/.hidden", "p/a.py", "p/data/git.txt",
                                               "p/sourceless.pyc", "p/x.egg-info/PKG-INFO"));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[1], testing::StartsWith("Leaving out "));
  for (const char* left : {"p/.git", "p/._a.py", "p/a.py~", "p/.venv", "p/node_modules", "p/env", "bytecode"})
    EXPECT_THAT(lines[1], HasSubstr(left));
}

TEST(PythonPackage, NamesALinkThatLeadsOutOfThePathsGiven) {
  const TestingDir dir;
  dir.write("elsewhere/m.py", "x = 1");
  dir.write("p/n.py", "");
  dir.write("q/o.py", "");
  fs::create_symlink("../elsewhere", dir.path() / "p/linked");
  fs::create_symlink("../q/o.py", dir.path() / "p/to_another_path.py");
  fs::create_symlink("n.py", dir.path() / "p/inside.py");
  auto request = request_for({dir.path() / "p", dir.path() / "q"});
  std::vector<std::string> lines;
  request.progress = [&](const Step& step) { lines.push_back(step.text); };
  ASSERT_TRUE(build_python_package(request));
  EXPECT_THAT(lines, testing::UnorderedElementsAre("p", "q",
                                                   "Following " + (dir.path() / "p/linked").string() +
                                                       " to " + (dir.path() / "elsewhere").string() +
                                                       ", outside of the paths given..."));
}

TEST(PythonPackage, SaysWhereTheCurrentDirectoryLands) {
  const TestingDir dir;
  dir.write("proj/m.py", "");
  dir.write("my-proj/m.py", "");
  std::vector<std::string> lines;
  auto request = request_for({dir.path() / "proj/."});
  request.progress = [&](const Step& step) { lines.push_back(step.text); };
  ASSERT_TRUE(build_python_package(request));
  EXPECT_THAT(lines, Contains(HasSubstr("under proj/ in the function, to be imported as proj.MODULE")));
  request.paths = {dir.path() / "my-proj/."};
  ASSERT_TRUE(build_python_package(request));
  EXPECT_THAT(lines, Contains(HasSubstr("my-proj is no module's name")));
}

TEST(PythonPackage, SaysWhatItLeavesOutWhenThatWasGivenByName) {
  const TestingDir dir;
  dir.write("__pycache__/x.pyc", "x");
  auto request = request_for({dir.path() / "__pycache__/"});
  std::vector<std::string> lines;
  request.progress = [&](const Step& step) { lines.push_back(step.text); };
  ASSERT_TRUE(build_python_package(request));
  EXPECT_THAT(lines, ElementsAre("Leaving out caches of bytecode..."));
}

TEST(PythonPackage, CallsTheCurrentDirectoryByItsRealName) {
  const TestingDir dir;
  dir.write("proj/m.py", "");
  dir.write("proj/sub/n.py", "");
  for (const char* spelling : {"proj/.", "proj/sub/..", "proj//", "proj/./"}) {
    const auto package = build_python_package(request_for({dir.path() / spelling}));
    ASSERT_TRUE(package) << package.error().message;
    EXPECT_THAT(own_names(*package), ElementsAre("proj/m.py", "proj/sub/n.py")) << spelling;
  }
}

TEST(PythonPackage, FollowsLinksAndKeepsExecutableBitsAndEmptyDirectories) {
  const TestingDir dir;
  dir.write("elsewhere/m.py", "x = 1");
  dir.write("p/tool.sh", "#!/bin/sh\n");
  fs::permissions(dir.path() / "p/tool.sh", fs::perms::owner_all);
  fs::create_directories(dir.path() / "p/empty");
  fs::create_symlink("../elsewhere", dir.path() / "p/linked");
  const auto package = build_python_package(request_for({dir.path() / "p"}));
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_THAT(own_names(*package), ElementsAre("p/empty/", "p/linked/m.py", "p/tool.sh"));
  ASSERT_TRUE(unzip_to(package->zip, dir.path() / "out"));
  EXPECT_NE(fs::status(dir.path() / "out/p/tool.sh").permissions() & fs::perms::owner_exec, fs::perms::none);
}

TEST(PythonPackage, HasTheSameBytesWhateverTheDatesAndTheOrderOfMaking) {
  const TestingDir dir;
  for (const char* name : {"one/p/a.py", "one/p/b.py", "two/p/b.py", "two/p/a.py"}) dir.write(name, "x");
  fs::last_write_time(dir.path() / "one/p/a.py",
                      fs::file_time_type::clock::now() - std::chrono::hours(50'000));
  const auto one = build_python_package(request_for({dir.path() / "one/p"}));
  const auto two = build_python_package(request_for({dir.path() / "two/p"}));
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->sha256_base64, two->sha256_base64);
}

TEST(PythonPackage, RefusesWhatItCannotCopyNamingIt) {
  const TestingDir dir;
  dir.write("a/p.py", "");
  dir.write("b/p.py", "");
  dir.write("c/lambdapool_agent/x.py", "");
  fs::create_directories(dir.path() / "dangling");
  fs::create_symlink("nowhere", dir.path() / "dangling/link");
  fs::create_directories(dir.path() / "circle/in");
  fs::create_symlink("..", dir.path() / "circle/in/out");
  EXPECT_THAT(error_of({dir.path() / "missing.py"}), HasSubstr("There is no file or directory"));
  EXPECT_THAT(error_of({dir.path() / "a/p.py", dir.path() / "b/p.py"}), HasSubstr("both named p.py"));
  EXPECT_EQ(error_of({dir.path() / "a/p.py", dir.path() / "a/p.py"}), "");
  EXPECT_THAT(error_of({dir.path() / "c/lambdapool_agent"}), HasSubstr("name lambdapool_agent is taken"));
  EXPECT_THAT(error_of({dir.path() / "dangling"}),
              HasSubstr("dangling/link is a link to something that does not"));
  EXPECT_THAT(error_of({dir.path() / "circle"}),
              HasSubstr("in/out is a link to a directory that it is itself in"));
  EXPECT_THAT(error_of({"/dev/null"}), HasSubstr("neither a file nor a directory"));
}

TEST(PythonPackage, RefusesVersionsAndArchitecturesThatDoNotExist) {
  auto request = request_for({});
  for (const char* version : {"", "3", "3.", "2.7", "3.x", "3.11.2", "3.123"}) {
    request.python_version = version;
    EXPECT_FALSE(build_python_package(request)) << version;
  }
  request.python_version = "3.12";
  request.architecture = "riscv";
  EXPECT_FALSE(build_python_package(request));
}

}  // namespace
}  // namespace lambdapool::package
