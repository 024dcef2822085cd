// CloudWatch Logs' patterns for lines without structure: "ERROR", "?ERROR ?WARN", "ERROR -retry", "\"two
// words\"".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "local/control/refusal.hpp"

namespace lambdapool::local {

class FilterPattern {
 public:
  // Refused (InvalidParameterException): a pattern that does not end, and the kinds that are not here: of
  // JSON
  // ("{ $.level = ... }"), of columns ("[ip, ...]"), and regular expressions ("%...%").
  static OrRefusal<FilterPattern> parse(std::string_view text);

  bool matches(std::string_view line) const;  // an empty pattern matches all

 private:
  std::vector<std::string> all_;   // each of them is in the line,
  std::vector<std::string> any_;   // one of these, where there are any,
  std::vector<std::string> none_;  // and none of these
};

}  // namespace lambdapool::local
