// A function's tags: which may be set, and what is to be sent to change those that it has.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "deploy/request.hpp"

namespace lambdapool::deploy {

using Tags = std::map<std::string, std::string>;

struct TagChange {
  Tags set = {};
  std::vector<std::string> remove = {};
  bool empty() const { return set.empty() && remove.empty(); }
};

Result<void> validate_tags(const FunctionRequest& options);
Result<void> validate_tag_count(const Tags& now, const TagChange& change);
TagChange tag_change(const Tags& now, const FunctionRequest& options);

}  // namespace lambdapool::deploy
