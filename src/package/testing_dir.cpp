#include "package/testing_dir.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace lambdapool::package {

namespace fs = std::filesystem;

TestingDir::TestingDir() {
  std::string name = (fs::temp_directory_path() / "lambdapool-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  path_ = fs::canonical(name);
}

TestingDir::~TestingDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void TestingDir::write(const std::string& name, const std::string& bytes) const {
  fs::create_directories((path_ / name).parent_path());
  std::ofstream(path_ / name, std::ios::binary) << bytes;
}

std::string TestingDir::read(const std::string& name) const {
  std::ifstream in(path_ / name, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

std::string TestingDir::shell(const std::string& command) const {
  FILE* pipe = popen(("cd '" + path_.string() + "' && (" + command + ") 2>&1").c_str(), "r");
  if (pipe == nullptr) std::abort();
  std::string output;
  char buffer[4096];
  for (std::size_t count = 0; (count = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    output.append(buffer, count);
  pclose(pipe);
  return output;
}

std::string TestingDir::python(const std::string& script) const {
  write(".script.py", script);
  return shell("python3 .script.py");
}

}  // namespace lambdapool::package
