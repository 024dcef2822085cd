#include "target/prices.hpp"

#include "gcp/limits.hpp"

namespace lambdapool::target {
namespace {

// https://cloud.google.com/run/pricing: request-based billing, in the regions of tier 1.
report::Prices run_prices(const std::string& region) {
  report::Prices prices{0.40e-6, 0.000'002'5, region, "x86_64", "2026-11-28"};
  prices.processor_second = 0.000'024;
  prices.processors_for = gcp::limits::processors_for;
  return prices;
}

}  // namespace

Result<report::Prices> prices_of(const std::string& target, const std::string& region,
                                 const std::string& architecture, const Environment& environment) {
  if ((target == "gcp" || target == "gcp-local") && !environment.get("LAMBDAPOOL_PRICES"))
    return run_prices(region);
  return report::prices_of(region, architecture, environment);
}

}  // namespace lambdapool::target
