#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "embedded/report_page.hpp"
#include "report/figures.hpp"
#include "report/report.hpp"

namespace lambdapool::report {
namespace {

constexpr std::string_view place = "/*DATA*/null";

// Numbers alone, in the order that the page knows: row, queued, sent, arrived (us), run, init (us; -1: none),
// failed, first, count, job. Each as little text as can be: there may be a hundred thousand.
std::string spans_of(const Timeline& timeline) {
  const auto& spans = timeline.spans();
  const auto rows = rows_of(spans);
  std::int64_t begin = spans.empty() ? 0 : spans.front().queued_us;
  for (const auto& span : spans) begin = std::min(begin, span.queued_us);
  std::string out = "[";
  const auto number = [&](auto value) { out.append(std::to_string(value)).push_back(','); };
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const Timeline::Span& span = spans[i];
    number(rows[i]);
    number(span.queued_us - begin);
    number(span.sent_us - begin);
    number(span.arrived_us - begin);
    number(static_cast<std::int64_t>(span.run_ms * 1000));
    number(span.init_ms < 0 ? std::int64_t{-1} : static_cast<std::int64_t>(span.init_ms * 1000));
    number(span.failed ? 1 : 0);
    number(span.first);
    number(span.count);
    number(span.job);
  }
  if (!spans.empty()) out.pop_back();
  return out + "]";
}

std::string buckets_of(const Distribution& durations) {
  std::string out = "[";
  durations.each([&](double value, std::size_t count) {
    out += (out.size() > 1 ? ",[" : "[") + printed("%.4g", value) + "," + std::to_string(count) + "]";
  });
  return out + "]";
}

}  // namespace

// What is put into the page is JSON without "<", which in a script could end it.
std::string Report::html() const {
  std::string data = json();
  while (data.ends_with("\n") || data.ends_with("}")) data.pop_back();
  const auto began =
      std::chrono::duration_cast<std::chrono::milliseconds>(ledger_.began().time_since_epoch());
  const double gb_second = prices_.gb_second_at(ledger_.invocations().memory_mb());
  data += ",\"began_ms\":" + std::to_string(began.count()) +
          ",\"request_usd\":" + printed("%.10g", prices_.request) +
          ",\"gb_second_usd\":" + printed("%.10g", gb_second) +
          ",\"with_processors\":" + (gb_second == prices_.gb_second ? "false" : "true") +
          ",\"every\":" + std::to_string(ledger_.timeline().every()) +
          ",\"buckets\":" + buckets_of(ledger_.task_ms()) + ",\"spans\":" + spans_of(ledger_.timeline()) +
          "}";
  for (std::size_t at = 0; (at = data.find('<', at)) != std::string::npos;) data.replace(at, 1, "\\u003c");
  std::string page(embedded::report_page());
  return page.replace(page.find(place), place.size(), data);
}

}  // namespace lambdapool::report
