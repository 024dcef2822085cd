#include "report/tuning.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "report/figures.hpp"

namespace lambdapool {
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
      text += to_the_right(report::duration(row.item_ms), 14) +
              to_the_right(report::dollars(1000 * row.item_cost), 20) +
              to_the_right(std::to_string(row.max_memory_used_mb) + " MB", 13);
    else
      text += "    " + row.failure;
    text += "\n";
  }
  const auto size = [](const Tuned* row) { return std::to_string(row->memory_mb) + " MB"; };
  if (cheapest() != nullptr)
    text += "cheapest: " + size(cheapest()) + ", fastest: " + size(fastest()) +
            ", balanced: " + size(balanced()) + "\n";
  if (is_local_) text += "(on the target local memory makes nothing faster: these are no times of AWS)\n";
  return text;
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

namespace report {

Tuned tuned(int memory_mb, const Ledger& ledger, const Prices& prices, std::string failure) {
  const Invocations& calls = ledger.invocations();
  return {.memory_mb = memory_mb,
          .items = ledger.items(),
          .item_ms = ledger.task_ms().quantile(0.5),
          .item_cost = calls.cost(prices) / static_cast<double>(std::max<std::size_t>(ledger.items(), 1)),
          .max_memory_used_mb = calls.max_memory_used_mb(),
          .failure = std::move(failure)};
}

}  // namespace report
}  // namespace lambdapool
