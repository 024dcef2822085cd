// How a Python function on AWS answers: through the agent's own loop (python/agent/lambdapool_runtime), which
// can stream, or through Lambda's, which cannot. The loop comes by the variable of a wrapper.
#pragma once

#include <optional>
#include <string>

#include "core/error.hpp"
#include "core/own_wrapper.hpp"
#include "deploy/function/variables.hpp"
#include "deploy/request.hpp"

namespace lambdapool::deploy {

inline constexpr const char* wrapper_variable = "AWS_LAMBDA_EXEC_WRAPPER";
inline constexpr const char* streaming_mode = "streaming";
inline constexpr const char* buffered_mode = "buffered";

struct ResponseMode {
  bool streams = false;
  std::string wrapper = {};  // another one, of the user's own, for which Lambda's loop stays
};

ResponseMode response_mode_of(const Variables& variables);

// Error kind invalid_argument: neither of the two.
Result<void> validate_response_mode(const FunctionRequest& asked);

// The loop travels with the code.
enum class BringsCode { no, yes };

// Of what a Python function on AWS will have, given what it has: streams unless it is asked not to, or has a
// wrapper of its own; one that was asked not to stays so. Error kind invalid_argument: cannot be brought
// about.
Result<void> apply_response_mode(Variables& variables, const Variables& now, const FunctionRequest& asked,
                                 BringsCode code);

// Error kind invalid_argument: only Python functions have the choice.
tl::unexpected<Error> refuse_response_mode_of_executable();

// Where `wrapper` is not ours: why nothing streams.
std::string explain_wrapper(const std::string& function, const std::string& wrapper);

}  // namespace lambdapool::deploy
