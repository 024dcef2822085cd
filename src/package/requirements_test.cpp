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
void write_wheel(const TestingDir& dir, const std::string& name, const std::string& tag) {
  dir.write("links/.keep", "");
  const std::string said = dir.python(
      "import zipfile\nn = '" + name + "-1.0'\nz = zipfile.ZipFile('links/' + n + '-" + tag +
      ".whl', 'w')\n" + "i = n + '.dist-info/'\nz.writestr('" + name + ".py', 'tag = \"" + tag + "\"')\n" +
      "z.writestr(i + 'METADATA', 'Metadata-Version: 2.1\\nName: " + name + "\\nVersion: 1.0\\n')\n" +
      "z.writestr(i + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: " + tag + "\\n')\n" +
      "z.writestr(i + 'entry_points.txt', '[console_scripts]\\n" + name + " = " + name + ":main\\n')\n" +
      "z.writestr(i + 'RECORD', '" + name + ".py,,\\n')\nz.close()\n");
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
    request.python_version = "3.12";
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

TEST_P(Requirements, OfAnotherPlatformAreRefusedWithTheInstallersOwnWords) {
  write_wheel(dir_, "hostonly", "cp312-cp312-manylinux_2_17_x86_64");
  const auto package = build("hostonly\n");
  ASSERT_FALSE(package);
  EXPECT_EQ(package.error().kind, ErrorKind::io);
  EXPECT_THAT(package.error().message, HasSubstr("could not install"));
  EXPECT_THAT(package.error().message, HasSubstr("Python 3.12 on arm64"));
  EXPECT_THAT(package.error().message, HasSubstr("hostonly"));
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
