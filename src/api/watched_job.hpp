// A map that somebody watches: a thread asks ten times a second how far it is.
#pragma once

#include <memory>

#include "lambdapool/detail/connection.hpp"
#include "lambdapool/progress.hpp"

namespace lambdapool::api {

std::shared_ptr<detail::Job> watch(std::shared_ptr<detail::Job> job, ProgressCallback callback);

}  // namespace lambdapool::api
