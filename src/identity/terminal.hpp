// Asks the person at the terminal, past whatever standard input and output are connected to.
#pragma once

#include <string>

#include "core/error.hpp"

namespace lambdapool::identity {

// A line, without blanks around it. Error kind credentials: there is no terminal, or nothing was entered;
// cancelled: a signal came first.
Result<std::string> ask_on_terminal(const std::string& question);

}  // namespace lambdapool::identity
