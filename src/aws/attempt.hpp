// What AWS's answers mean: one judgement for a control-plane call, a call to STS or IAM Identity Center, and
// a pool's Invoke. What to do then is cloud/attempt.hpp's decision. No clock, sockets or random source.
//
// They differ in one thing alone, for how long they wait and how often: a control-plane call as the AWS SDKs
// do (StandardAttempts), an Invoke as its pool's window has it.
#pragma once

#include "cloud/attempt.hpp"
#include "core/error.hpp"
#include "core/retry.hpp"
#include "http/answer.hpp"

namespace lambdapool::aws {

// No answer, or not all of it.
cloud::Failure judge(http::TransportError failure);

// An answer other than a value. `headers`: of the answer.
cloud::Failure judge(Error error, const http::Headers& headers);

// The attempts of a call other than Invoke: see core/retry.hpp.
class StandardAttempts {
 public:
  // `budget` is shared by a client's calls, and outlives them.
  // `judge`: what an answer means; AWS's own unless given.
  using Judge = cloud::Failure (*)(const http::Answer& answer);
  StandardAttempts(int max_attempts, retry::Budget& budget, cloud::Repeatable repeatable,
                   Judge judge = nullptr);

  // `answer`: none, or one of status 400 or more. `random` is in [0, 1).
  cloud::Step failed(const http::Answer& answer, const cloud::Signing& signing, double random);
  void succeeded() { waits_.succeeded(budget_); }

 private:
  retry::Budget& budget_;
  const cloud::Repeatable repeatable_;
  const Judge judge_;
  cloud::Attempts attempts_;
  retry::Attempts waits_;
};

}  // namespace lambdapool::aws
