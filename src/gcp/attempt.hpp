// What an answer of Google's APIs means for who asks again: google.aip.dev/194, and RetryInfo.
#pragma once

#include "cloud/attempt.hpp"
#include "http/answer.hpp"

namespace lambdapool::gcp {

// `answer`: none, or one of status 400 or more.
cloud::Failure judge(const http::Answer& answer);

}  // namespace lambdapool::gcp
