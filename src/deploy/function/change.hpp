// What an update has to send: the difference between the function as it is and as it was asked to be. Pure,
// so that --dry-run and the update itself can't disagree.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "deploy/function/tags.hpp"
#include "deploy/request.hpp"

namespace lambdapool::deploy {

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
// The local Lambda's workers stream in any case: there is no response mode to choose.
enum class Place { aws, local };

// `version` is lambdapool's own, which new code is marked with. Errors:
// invalid_argument for what only shows once old and new are put together (sizes, half a VPC).
Result<Change> change_of(const aws::FunctionDescription& now, const FunctionRequest& asked,
                         const std::optional<std::vector<std::string>>& layer_arns, NewCode code,
                         const std::string& version, Place place = Place::aws);

// Whether the configuration that was asked for is in force, for an answer that got lost.
bool is_in_force(const aws::UpdateFunctionConfiguration& asked, const aws::FunctionConfiguration& now);

std::vector<std::string> arns_of_layers(const aws::FunctionConfiguration& function);

}  // namespace lambdapool::deploy
