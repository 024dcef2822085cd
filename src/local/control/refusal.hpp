// How the local Lambda says no: the status, error type and text that AWS answers in the same case.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::local {

struct Refusal {
  int status = 400;
  std::string type;         // x-amzn-errortype
  std::string message;      // AWS's recorded text, where there is one
  std::string reason = {};  // TooManyRequestsException's Reason
  bool has_type = true;     // whether the body says whose fault it is: AWS leaves that out of some
};

template <class T>
using OrRefusal = tl::expected<T, Refusal>;
using Answer = OrRefusal<http::Response>;

http::Response refusal_response(const Refusal& refusal);

tl::unexpected<Refusal> refuse(int status, std::string type, std::string message);
tl::unexpected<Refusal> invalid_parameter(std::string message);
tl::unexpected<Refusal> not_found(std::string message);
tl::unexpected<Refusal> conflict(std::string message);
tl::unexpected<Refusal> service_failure(const Error& error);
tl::unexpected<Refusal> too_large(std::string message);
tl::unexpected<Refusal> without_type(tl::unexpected<Refusal> refused);

// "1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: ..."
tl::unexpected<Refusal> validation_error(std::string_view value, std::string_view member,
                                         std::string_view constraint);
struct Violation {
  std::string value;
  std::string member;
  std::string constraint;
};
using Violations = std::vector<Violation>;
tl::unexpected<Refusal> validation_errors(const Violations& violations);  // all of them in one
tl::unexpected<Refusal> pattern_error(std::string_view value, std::string_view member,
                                      std::string_view pattern);
Violation pattern_violation(std::string value, std::string member, std::string_view pattern);

}  // namespace lambdapool::local
