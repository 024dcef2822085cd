// "did you mean": the one of some names that was meant by one that is not among them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace lambdapool {

// The nearest in slips of the finger (a character too many, missing, another, two swapped); nullopt where
// none is near enough to have been meant.
std::optional<std::string> nearest(const std::string& typed, const std::vector<std::string>& names);

// ": did you mean 'NAME'?", or "".
std::string suggestion(const std::string& typed, const std::vector<std::string>& names);

}  // namespace lambdapool
