#include "core/suggestion.hpp"

#include <algorithm>

namespace lambdapool {
namespace {

constexpr std::size_t length_max = 200;  // no name is longer, and the work grows with the square

// The distance of Damerau and Levenshtein in its restricted form: swapped neighbours count once.
std::size_t slips(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t other = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + other});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  return cost[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> nearest(const std::string& typed, const std::vector<std::string>& names) {
  if (typed.size() > length_max) return std::nullopt;
  std::optional<std::string> best;
  // A third of it may be wrong, so that of short names few are alike.
  std::size_t within = typed.size() < 3 ? 0 : (typed.size() + 2) / 3;
  for (const std::string& name : names) {
    if (name.size() > length_max || name == typed || within == 0) continue;
    const std::size_t distance = slips(typed, name);
    if (distance > within || distance >= name.size()) continue;
    best = name;
    within = distance - 1;  // only a nearer one is better
  }
  return best;
}

std::string suggestion(const std::string& typed, const std::vector<std::string>& names) {
  const auto meant = nearest(typed, names);
  return meant ? ": did you mean '" + *meant + "'?" : "";
}

}  // namespace lambdapool
