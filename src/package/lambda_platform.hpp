// What wheels must fit: a function's Python, its machine, and the C library of its runtime.
#pragma once

#include <string>

namespace lambdapool::package {

struct LambdaPlatform {
  std::string name;     // "Python 3.11 on x86_64 (Amazon Linux 2, glibc 2.26)"
  std::string python;   // "3.11.10": a patch release that the runtime is not older than
  std::string machine;  // "x86_64" or "aarch64"
  int glibc;            // the minor version: 26 or 34

  bool is_newest() const { return glibc >= 34; }
  bool is_known_to_uv() const { return is_newest(); }  // of what is between glibc 2.17 and 2.28 it has none
  std::string json() const;                            // as pip_for_function.py reads it
  std::string uv_name() const;                         // as uv's --python-platform has it, or the next lower
};

LambdaPlatform platform_of(const std::string& python_version, const std::string& architecture);

}  // namespace lambdapool::package
