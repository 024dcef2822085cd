// What an update has to send: the difference between the function as it is and as it was asked to be. Pure,
// so that --dry-run and the update itself can't disagree.
#pragma once

#include <string>
#include <vector>

#include "aws/lambda/lambda.hpp"
#include "cli/options.hpp"
#include "cli/tags.hpp"
#include "core/error.hpp"

namespace lambdapool::cli {

struct Change {
  aws::UpdateFunctionConfiguration configuration;  // only what differs
  aws::UpdateFunctionConfiguration way_back;       // the same members as they are now
  TagChange tags;
  std::optional<Reservation> concurrency;
  std::vector<std::string> lines;  // "memory from 128 to 256 MB": what a person wants to know

  bool of_configuration() const;
  bool empty() const { return !of_configuration() && tags.empty() && !concurrency; }
};

enum class NewCode { no, yes };

// `options.layers` are ARNs here. `version` is lambdapool's own, which new code is marked with. Errors:
// invalid_argument for what only shows once old and new are put together (sizes, half a VPC).
Result<Change> change_of(const aws::FunctionDescription& now, const FunctionOptions& options, NewCode code,
                         const std::string& version);

// Whether the configuration that was asked for is in force, for an answer that got lost.
bool is_in_force(const aws::UpdateFunctionConfiguration& asked, const aws::FunctionConfiguration& now);

std::vector<std::string> layer_arns(const aws::FunctionConfiguration& function);

}  // namespace lambdapool::cli
