#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "package/python_package.hpp"
#include "package/testing_dir.hpp"

namespace lambdapool::package {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// A wheel with one module, one script and the given tag; no build tool and no network needed.
void write_wheel(const TestingDir& dir, const std::string& name, const std::string& tag,
                 const std::string& version = "1.0", const std::string& requires_python = ">=3") {
  dir.write("links/.keep", "");
  const std::string said =
      dir.python("import zipfile\nn = '" + name + "-" + version + "'\nz = zipfile.ZipFile('links/' + n + '-" +
                 tag + ".whl', 'w')\n" + "i = n + '.dist-info/'\nz.writestr('" + name + ".py', 'tag = \"" +
                 tag + "\"')\n" + "z.writestr(i + 'METADATA', 'Metadata-Version: 2.1\\nName: " + name +
                 "\\nVersion: " + version + "\\nRequires-Python: " + requires_python + "\\n')\n" +
                 "z.writestr(i + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: " + tag +
                 "\\n')\n" + "z.writestr(i + 'entry_points.txt', '[console_scripts]\\n" + name + " = " +
                 name + ":main\\n')\n" + "z.writestr(i + 'RECORD', '" + name + ".py,,\\n')\nz.close()\n");
  ASSERT_EQ(said, "");
}

// A source distribution that builds itself with a backend of its own, into a wheel of the given tag.
void write_sources(const TestingDir& dir, const std::string& name, const std::string& tag) {
  const std::string root = "sdist/" + name + "-1.0/";
  dir.write(root + "PKG-INFO", "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n");
  dir.write(root + "pyproject.toml",
            "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = "
            "[\".\"]\n[project]\nname = \"" +
                name + "\"\nversion = \"1.0\"\n");
  dir.write(root + "backend.py",
            "import zipfile, os\ndef build_wheel(d, config_settings=None, metadata_directory=None):\n"
            "  n = '" +
                name + "-1.0-" + tag +
                ".whl'\n"
                "  with zipfile.ZipFile(os.path.join(d, n), 'w') as z:\n"
                "    z.writestr('" +
                name + ".py', 'x = 1')\n    i = '" + name +
                "-1.0.dist-info/'\n"
                "    z.writestr(i + 'METADATA', 'Metadata-Version: 2.1\\nName: " +
                name +
                "\\nVersion: 1.0\\n')\n"
                "    z.writestr(i + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: " +
                tag +
                "\\n')\n"
                "    z.writestr(i + 'RECORD', '')\n  return n\n");
  dir.write("links/.keep", "");
  ASSERT_EQ(dir.shell("tar -C sdist -czf links/" + name + "-1.0.tar.gz " + name + "-1.0"), "");
}

// Every test runs with pip, and with uv where the machine has it.
class Requirements : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto variables = Environment::of_this_process().all();
    for (const char* name : {"PIP_FIND_LINKS", "PIP_CONFIG_FILE", "UV_FIND_LINKS"}) variables.erase(name);
    variables["UV_CACHE_DIR"] = (dir_.path() / "uv-cache").string();
    variables["PIP_CACHE_DIR"] = (dir_.path() / "pip-cache").string();
    environment_ = Environment(variables);
    python_ = dir_.python("import sys; print(sys.executable, end='')");
    const std::string uv = dir_.shell("command -v uv");
    if (GetParam() == std::string("uv") && uv.empty()) GTEST_SKIP() << "no uv here";
    if (GetParam() == std::string("pip")) {  // a PATH without uv, with the compiler's and tar's directory
      variables["PATH"] = uv.empty() ? variables["PATH"] : "/usr/bin:/bin";
      environment_ = Environment(variables);
    }
  }

  Result<Package> build(const std::string& requirements) {
    dir_.write("requirements.txt",
               "--no-index\n--find-links " + (dir_.path() / "links").string() + "\n" + requirements);
    PythonPackageRequest request;
    request.requirements = dir_.path() / "requirements.txt";
    request.python_version = python_version_;
    request.architecture = "arm64";  // hardly the host's
    request.python = python_;
    request.environment = environment_;
    fs::create_directories(dir_.path() / "tmp");
    request.temp_dir = dir_.path() / "tmp";
    auto package = build_python_package(request);
    EXPECT_TRUE(fs::is_empty(dir_.path() / "tmp"));
    return package;
  }

  static std::vector<std::string> names(const Package& package) {
    std::vector<std::string> names;
    const auto files = list_zip(package.zip);
    for (const auto& file : *files) names.push_back(file.name);
    return names;
  }

  TestingDir dir_;
  Environment environment_;
  std::string python_;
  std::string python_version_ = "3.12";
};

TEST_P(Requirements, AreInstalledForTheFunctionsPythonAndPlatformWithoutTracesOfTheHost) {
  write_wheel(dir_, "anywhere", "py3-none-any");
  write_wheel(dir_, "compiled", "cp312-cp312-manylinux_2_17_aarch64");
  const auto package = build("anywhere\ncompiled\n");
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_THAT(names(*package), Contains("anywhere.py"));
  EXPECT_THAT(names(*package), Contains("compiled.py"));
  EXPECT_THAT(names(*package), Contains("compiled-1.0.dist-info/METADATA"));
  for (const auto& name : names(*package)) {
    EXPECT_THAT(name, Not(HasSubstr("__pycache__")));
    EXPECT_THAT(name, Not(HasSubstr("bin/")));
    EXPECT_THAT(name, Not(HasSubstr("direct_url")));
  }
  const auto again = build("anywhere\ncompiled\n");
  ASSERT_TRUE(again);
  EXPECT_EQ(package->sha256_base64, again->sha256_base64);
}

TEST_P(Requirements, OfAnotherPlatformAreRefusedWithTheNewestVersionThatFits) {
  write_wheel(dir_, "hostonly", "cp312-cp312-manylinux_2_17_x86_64");
  auto package = build("hostonly\n");
  ASSERT_FALSE(package);
  EXPECT_THAT(package.error().message, HasSubstr("has no wheel for Python 3.12 on arm64"));
  EXPECT_THAT(package.error().message, HasSubstr("no version of it has one"));
  write_wheel(dir_, "hostonly", "cp312-cp312-manylinux_2_17_aarch64", "0.9");
  package = build("hostonly==1.0\n");
  ASSERT_FALSE(package);
  EXPECT_THAT(package.error().message, HasSubstr("the newest version that has one is 0.9"));
}

TEST_P(Requirements, ForAnOldCLibraryAreToldWhereTheNewOneIs) {
  write_wheel(dir_, "modern", "cp311-cp311-manylinux_2_28_aarch64");
  write_wheel(dir_, "modern", "cp312-cp312-manylinux_2_28_aarch64");
  python_version_ = "3.11";
  const auto package = build("modern\n");
  ASSERT_FALSE(package);
  EXPECT_THAT(package.error().message, HasSubstr("Python 3.11 on arm64 (Amazon Linux 2, glibc 2.26)"));
  EXPECT_THAT(package.error().message,
              HasSubstr("Amazon Linux 2023 (glibc 2.34), for which it has one: choose --runtime python3.12"));
}

TEST_P(Requirements, ThatExistNowhereAreToldInTheInstallersWords) {
  write_wheel(dir_, "there", "py3-none-any");
  const auto package = build("there\nnot-there==1.0\n");
  ASSERT_FALSE(package);
  EXPECT_THAT(package.error().message, HasSubstr("could not install"));
  EXPECT_THAT(package.error().message, HasSubstr("not-there"));
}

TEST_P(Requirements, MarkersAreJudgedForTheFunctionNotForTheHost) {
  for (const char* name : {"arm", "intel", "new", "old", "windows"}) write_wheel(dir_, name, "py3-none-any");
  const auto package = build(
      "arm; platform_machine == 'aarch64'\nintel; platform_machine == 'x86_64'\n"
      "new; python_version >= '3.12' and python_version < '3.13'\nold; python_version < '3.12'\n"
      "windows; sys_platform == 'win32'\n");
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_THAT(names(*package), Contains("arm.py"));
  EXPECT_THAT(names(*package), Contains("new.py"));
  for (const char* absent : {"intel.py", "old.py", "windows.py"})
    EXPECT_THAT(names(*package), Not(Contains(absent)));
}

TEST_P(Requirements, WhatAProjectRequiresOfPythonIsJudgedForTheFunctionNotForTheHost) {
  write_wheel(dir_, "picky", "py3-none-any", "1.0", ">=3");
  write_wheel(dir_, "picky", "py3-none-any", "2.0", "==3.12.*,!=3.12.0");
  write_wheel(dir_, "picky", "py3-none-any", "3.0", ">=3.13");
  const auto package = build("picky\n");
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_THAT(names(*package), Contains("picky-2.0.dist-info/METADATA"));
}

TEST_P(Requirements, KeepTheDataFilesOfTheirWheels) {
  dir_.write("links/.keep", "");
  ASSERT_EQ(dir_.python(
                "import zipfile\nz = zipfile.ZipFile('links/data-1.0-py3-none-any.whl', 'w')\n"
                "files = {'data/__init__.py': '', 'data-1.0.data/data/lib/libx.so': 'elf',\n"
                "  'data-1.0.data/data/data/tables/a.txt': 'a', 'data-1.0.data/data/share/b': 'b',\n"
                "  'data-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\\nName: data\\nVersion: 1.0\\n',\n"
                "  'data-1.0.dist-info/WHEEL': 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: "
                "py3-none-any\\n'}\n"
                "for n, t in files.items(): z.writestr(n, t)\n"
                "z.writestr('data-1.0.dist-info/RECORD', ''.join(n + ',,\\n' for n in files))\nz.close()\n"),
            "");
  const auto package = build("data\n");
  ASSERT_TRUE(package) << package.error().message;
  for (const char* name : {"data/__init__.py", "data/tables/a.txt", "lib/libx.so", "share/b"})
    EXPECT_THAT(names(*package), Contains(name));
}

TEST_P(Requirements, ComeInAllFormsOfAFile) {
  for (const char* name : {"wheel", "included", "pinned", "variable", "continued"})
    write_wheel(dir_, name, "py3-none-any");
  write_wheel(dir_, "pinned", "py3-none-any", "2.0");
  write_sources(dir_, "editable", "py3-none-any");
  write_sources(dir_, "plainpath", "py3-none-any");
  fs::create_directories(dir_.path() / "wheels");
  fs::rename(dir_.path() / "links/wheel-1.0-py3-none-any.whl",
             dir_.path() / "wheels/wheel-1.0-py3-none-any.whl");
  dir_.write("more/more.txt", "included  # a comment\n-c ../limits.txt\npinned\n");
  dir_.write("limits.txt", "pinned<2\n");
  auto variables = environment_.all();
  variables["THE_VERSION"] = "1.0";
  environment_ = Environment(variables);
  const auto package =
      build("\n-e ./sdist/editable-1.0\n--editable=" + (dir_.path() / "sdist/plainpath-1.0").string() +
            "\n./wheels/wheel-1.0-py3-none-any.whl\n-r "
            "more/more.txt\nvariable==${THE_VERSION}\ncontinued\\\n==1.0\n");
  ASSERT_TRUE(package) << package.error().message;
  for (const char* name : {"editable.py", "plainpath.py", "wheel.py", "included.py",
                           "pinned-1.0.dist-info/METADATA", "variable.py", "continued.py"})
    EXPECT_THAT(names(*package), Contains(name));
}

TEST_P(Requirements, ThatExistOnlyAsPlainPythonSourcesAreBuiltHere) {
  write_sources(dir_, "plainsrc", "py3-none-any");
  const auto package = build("plainsrc==1.0\n");
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_THAT(names(*package), Contains("plainsrc.py"));
}

TEST_P(Requirements, ThatWouldHaveToBeCompiledHereAreNamed) {
  const std::string tag = dir_.python(
      "import sys, platform; v = 'cp3%d' % sys.version_info[1]; print(v, v, 'linux_' + platform.machine(), "
      "sep='-', end='')");
  write_sources(dir_, "native", GetParam() == std::string("uv") ? "cp312-cp312-linux_aarch64" : tag);
  const auto package = build("native\n");
  ASSERT_FALSE(package);
  EXPECT_THAT(package.error().message, HasSubstr("native"));
}

TEST_P(Requirements, ThatBringAFileOfTheUsersOwnAreRefused) {
  write_wheel(dir_, "mine", "py3-none-any");
  dir_.write("mine.py", "x = 1");
  dir_.write("requirements.txt", "--no-index\n--find-links " + (dir_.path() / "links").string() + "\nmine\n");
  PythonPackageRequest request;
  request.paths = {dir_.path() / "mine.py"};
  request.requirements = dir_.path() / "requirements.txt";
  request.python_version = "3.11";
  request.python = python_;
  request.environment = environment_;
  const auto package = build_python_package(request);
  ASSERT_FALSE(package);
  EXPECT_THAT(package.error().message, HasSubstr("bring mine.py"));
}

TEST_P(Requirements, ThatAreNoFileAreRefusedBeforeAnythingRuns) {
  PythonPackageRequest request;
  request.requirements = dir_.path() / "nothing.txt";
  request.python_version = "3.11";
  const auto package = build_python_package(request);
  ASSERT_FALSE(package);
  EXPECT_EQ(package.error().kind, ErrorKind::invalid_argument);
  EXPECT_THAT(package.error().message, HasSubstr("nothing.txt"));
}

INSTANTIATE_TEST_SUITE_P(Installers, Requirements, testing::Values("pip", "uv"),
                         [](const auto& installer) { return std::string(installer.param); });

}  // namespace
}  // namespace lambdapool::package
