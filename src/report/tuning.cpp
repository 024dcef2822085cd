#include "report/tuning.hpp"

#include <nlohmann/json.hpp>

#include "report/figures.hpp"

namespace lambdapool::report {
namespace {

template <class Value>
const Tuned* least(const std::vector<Tuned>& rows, const Value& value) {
  const Tuned* best = nullptr;
  for (const Tuned& row : rows)
    if (row.failure.empty() && (best == nullptr || value(row) < value(*best))) best = &row;
  return best;
}

std::string to_the_right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

}  // namespace

const Tuned* Tuning::cheapest() const {
  return least(rows_, [](const Tuned& row) { return row.item_cost; });
}
const Tuned* Tuning::fastest() const {
  return least(rows_, [](const Tuned& row) { return row.item_ms; });
}
const Tuned* Tuning::balanced() const {
  return least(rows_, [](const Tuned& row) { return row.item_cost * row.item_ms; });
}

std::string Tuning::text() const {
  std::string text = "   MEMORY    ITEM TAKES    1,000 ITEMS COST         USED\n";
  for (const Tuned& row : rows_) {
    text += to_the_right(std::to_string(row.memory_mb) + " MB", 9);
    if (row.failure.empty())
      text += to_the_right(duration(row.item_ms), 14) + to_the_right(dollars(1000 * row.item_cost), 20) +
              to_the_right(std::to_string(row.max_memory_used_mb) + " MB", 13);
    else
      text += "    " + row.failure;
    text += "\n";
  }
  if (cheapest() == nullptr) return text;
  const auto size = [](const Tuned* row) { return std::to_string(row->memory_mb) + " MB"; };
  return text + "cheapest: " + size(cheapest()) + ", fastest: " + size(fastest()) +
         ", balanced: " + size(balanced()) + "\n";
}

std::string Tuning::json() const {
  nlohmann::ordered_json out{{"rows", nlohmann::ordered_json::array()}};
  for (const Tuned& row : rows_) {
    nlohmann::ordered_json one{{"memory_mb", row.memory_mb},
                               {"items", row.items},
                               {"item_ms", row.item_ms},
                               {"item_cost_usd", row.item_cost},
                               {"max_memory_used_mb", row.max_memory_used_mb},
                               {"failure", nullptr}};
    if (!row.failure.empty()) one["failure"] = row.failure;
    out["rows"].push_back(std::move(one));
  }
  const auto size = [](const Tuned* row) { return row ? nlohmann::ordered_json(row->memory_mb) : nullptr; };
  out["cheapest"] = size(cheapest());
  out["fastest"] = size(fastest());
  out["balanced"] = size(balanced());
  return out.dump(2) + "\n";
}

}  // namespace lambdapool::report
