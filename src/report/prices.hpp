// What Lambda asks for an invocation, in US dollars, before discounts and free tiers. The table is AWS's
// public price list of the date that it names; LAMBDAPOOL_PRICES names a JSON file that stands in for it:
//
//   {"date": "2027-01-31", "request": 2e-7,
//    "gb_second": {"x86_64": 1.66667e-5, "arm64": 1.33334e-5},
//    "regions": {"af-south-1": {"x86_64": 2.21e-5}}}
#pragma once

#include <string>
#include <string_view>

#include "core/environment.hpp"
#include "core/error.hpp"

namespace lambdapool::report {

struct Prices {
  double request = 0;
  double gb_second = 0;  // of memory, where 1 GB is 1,024 MB
  std::string region = {};
  std::string architecture = {};
  std::string date = {};
  // Where processors have a price beside memory: that, and how many go with so much memory.
  double processor_second = 0;
  int (*processors_for)(int memory_mb) = nullptr;

  // Of all that goes with so much memory.
  double gb_second_at(double memory_mb) const {
    if (processors_for == nullptr || memory_mb <= 0) return gb_second;
    return gb_second + processors_for(static_cast<int>(memory_mb)) * processor_second / (memory_mb / 1024);
  }
};

// Of a region that the table does not name: those of most regions. Errors: invalid_argument (the file cannot
// be read, or has something else in it).
Result<Prices> prices_of(std::string_view region, std::string_view architecture,
                         const Environment& environment);

}  // namespace lambdapool::report
