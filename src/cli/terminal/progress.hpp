// The transcript on standard output, and on a terminal a moving line while something takes long.
#pragma once

#include <memory>
#include <string>

namespace lambdapool::cli {

// One line of the transcript, seen at once.
void say(const std::string& line);

// On a terminal, shows on standard error what is going on and for how long, until destroyed. Elsewhere
// nothing: the transcript's own lines tell the steps.
class Activity {
 public:
  explicit Activity(std::string label);
  ~Activity();
  void now(std::string label);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lambdapool::cli
