// What packaging tells on its way.
#pragma once

#include <functional>
#include <string>

namespace lambdapool::package {

struct Step {
  enum class Kind {
    copying,             // text: the path's name in the function
    note,                // text: a line on what is left out, or is elsewhere than one may think
    installing,          // the requirements. text: a line on which ones, and for what
    installing_package,  // text: a line on what the installer is at
  };
  Kind kind = Kind::note;
  std::string text = {};
};

using Progress = std::function<void(const Step&)>;

}  // namespace lambdapool::package
