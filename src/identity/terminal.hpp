// Asks the person at the terminal, past whatever standard input and output are connected to.
#pragma once

#include <functional>
#include <string>

#include "core/error.hpp"

namespace lambdapool::identity {

// A line, without blanks around it. Error kind credentials: there is no terminal, or nothing was entered;
// cancelled: `give_up`, which is asked ten times a second, said so, or where it is empty a signal came first.
Result<std::string> ask_on_terminal(const std::string& question, const std::function<bool()>& give_up = {});

}  // namespace lambdapool::identity
