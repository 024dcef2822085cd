// The published versions that deploying on call makes, each known by its description.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

// The newest version that was published for `digest`, ready to be called; nullopt where there is none.
Result<std::optional<aws::FunctionConfiguration>> find_version(Session& session, const std::string& function,
                                                               const std::string& digest);

// Publishes what $LATEST has now, unless it is not `latest` any more: Error kind conflict. Waits until it is
// ready.
Result<aws::FunctionConfiguration> publish_version(Session& session, const aws::FunctionConfiguration& latest,
                                                   const std::string& digest);

// Removes those published versions that nothing keeps: see DeploymentOptions. What cannot be removed stays,
// without an error: it is the next one's to remove.
void remove_old_versions(Session& session, const std::string& function, int kept,
                         std::chrono::system_clock::time_point now);

}  // namespace lambdapool::deploy
