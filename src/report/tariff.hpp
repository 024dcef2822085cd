// The prices of the architecture that a pool's function runs on: this machine's, until one of its answers has
// told another. For any threads once it was set.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <string>

#include "core/architecture.hpp"
#include "core/error.hpp"
#include "report/prices.hpp"

namespace lambdapool::report {

class Tariff {
 public:
  using PricesOf = std::function<Result<Prices>(const std::string& architecture)>;

  void set(const PricesOf& prices_of) {
    for (const Architecture each : {Architecture::x86_64, Architecture::arm64})
      prices_[index(each)] = prices_of(std::string(to_string(each)));
  }

  // One of which the user's own table has no prices changes nothing: a report names those that it took.
  void runs_on(Architecture architecture) {
    if (prices_[index(architecture)]) architecture_ = architecture;
  }
  const Result<Prices>& prices() const { return prices_[index(architecture_)]; }

 private:
  static constexpr std::size_t index(Architecture architecture) {
    return static_cast<std::size_t>(architecture);
  }

  std::array<Result<Prices>, 2> prices_ = {};
  std::atomic<Architecture> architecture_ = own_architecture();
};

}  // namespace lambdapool::report
