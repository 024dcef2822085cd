// One thing that `doctor` has looked at: what it is, and how to mend it where it is wrong.
#pragma once

#include <string>
#include <vector>

namespace lambdapool::cli {

struct Finding {
  enum class Level { ok, note, problem };  // a note may be wanted so; a problem keeps something from working
  Level level = Level::ok;
  std::string topic;
  std::string text;
  std::string mend = {};
};

std::string readable(const std::vector<Finding>& findings);
std::string json(const std::vector<Finding>& findings);
bool has_problem(const std::vector<Finding>& findings);

}  // namespace lambdapool::cli
