// The Python that will call a function, whose version the function's runtime follows.
#pragma once

#include <filesystem>
#include <string>

#include "core/environment.hpp"
#include "core/error.hpp"

namespace lambdapool::deploy {

struct Interpreter {
  std::filesystem::path executable;
  std::string version;  // "3.11"
};

// $VIRTUAL_ENV's python, else `program` where it is a Python, else the one beside it (argv[0], not resolved:
// a virtual environment's bin/ has both), else python3 on the PATH. Error kind invalid_argument when there is
// none or it does not answer.
Result<Interpreter> find_interpreter(const Environment& environment, const std::filesystem::path& program);

}  // namespace lambdapool::deploy
