#include "cli/become.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>

namespace lambdapool::cli {

tl::unexpected<Error> become(const std::string& program, const std::vector<std::string>& arguments,
                             const std::map<std::string, std::string>& environment) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  const auto pointers = [](const std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
  };
  std::cout.flush();
  ::execve(program.c_str(), pointers(arguments).data(), pointers(variables).data());
  return fail(ErrorKind::io, "cannot run " + program + ": " + std::strerror(errno));
}

}  // namespace lambdapool::cli
