// A temporary directory for tests, removed at the end, with a Python to ask beside it.
#pragma once

#include <filesystem>
#include <string>

namespace lambdapool::package {

class TestingDir {
 public:
  TestingDir();
  ~TestingDir();
  TestingDir(const TestingDir&) = delete;
  TestingDir& operator=(const TestingDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, const std::string& bytes) const;  // makes parent directories
  std::string read(const std::string& name) const;                      // "" where there is no such file
  std::string python(const std::string& script) const;  // run here; its output, errors included
  std::string shell(const std::string& command) const;  // run here; its output, errors included

 private:
  std::filesystem::path path_;
};

}  // namespace lambdapool::package
