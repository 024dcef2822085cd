// A named map: what is done comes from its journal, the rest from a job of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/job.hpp"
#include "api/run_recorder.hpp"
#include "core/environment.hpp"
#include "lambdapool/detail/connection.hpp"

namespace lambdapool::api {

struct NamedRun {
  MapOptions options;
  std::string function;
  std::string code;  // what the items are for
  bool idempotent = false;
};

// `start` begins the job of the items that are missing. Throws RunConflict, IoError and InvalidArgument.
std::shared_ptr<detail::Job> resume(
    const NamedRun& named, const Environment& environment, std::vector<std::string> items,
    const std::function<std::shared_ptr<Job>(std::vector<std::string>, std::shared_ptr<RunRecorder>)>& start);

}  // namespace lambdapool::api
