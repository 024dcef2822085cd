// Figures as people read them, and as JSON has them: the same in every report.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "report/distribution.hpp"
#include "report/prices.hpp"

namespace lambdapool::report {

std::string printed(const char* format, double number);  // printf's
std::string duration(double milliseconds);               // "12.3 ms", "1.20 s", "2 min 5 s"
std::string bytes(double count);                         // "12 B", "1.5 kB", "3.0 MB"
std::string dollars(double amount);                      // "$12.50", "$0.000012", "$0.000000012"

// "p50 12 ms, p90 15 ms, p99 80 ms, at most 1.20 s"
std::string in_words(const Distribution& durations);
// {"count": 3, "sum": 9, "p50": 3, "p90": 3, "p99": 3, "max": 3}
nlohmann::ordered_json json_of(const Distribution& durations);

std::string in_words(const Prices& prices);  // "us-east-1, x86_64, prices of 2026-11-28"
nlohmann::ordered_json json_of(const Prices& prices);

// Rows under each other: a name, and what there is to say.
class Rows {
 public:
  void add(const char* name, const std::string& value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace lambdapool::report
