#include "deploy/function/response_mode.hpp"

#include "deploy/function/marks.hpp"

namespace lambdapool::deploy {
namespace {

std::string variable_in(const Variables& variables, const char* name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

}  // namespace

ResponseMode response_mode_of(const Variables& variables) {
  std::string wrapper = variable_in(variables, wrapper_variable);
  if (wrapper == own_wrapper) return {.streams = true};
  return {.wrapper = std::move(wrapper)};
}

Result<void> validate_response_mode(const FunctionRequest& asked) {
  const auto& mode = asked.response_mode;
  if (!mode || *mode == streaming_mode || *mode == buffered_mode) return {};
  return fail(ErrorKind::invalid_argument,
              "the response mode is streaming or buffered, not '" + *mode + "'.");
}

Result<void> apply_response_mode(Variables& variables, const Variables& now, const FunctionRequest& asked,
                                 BringsCode code) {
  const bool has_own = response_mode_of(now).streams;
  if (asked.response_mode == buffered_mode) {
    if (response_mode_of(variables).streams) variables.erase(wrapper_variable);
    variables[mode_variable] = buffered_mode;
    return {};
  }
  const std::string wrapper = response_mode_of(variables).wrapper;
  if (asked.response_mode == streaming_mode) {
    if (!wrapper.empty())
      return fail(ErrorKind::invalid_argument, explain_wrapper(asked.name, wrapper) +
                                                   " To have them streamed, let it start " + own_wrapper +
                                                   ", or unset it.");
    if (code == BringsCode::no && !has_own)
      return fail(ErrorKind::invalid_argument,
                  "what streams function " + asked.name +
                      "'s answers comes with its code: give its paths as well as --response-mode.");
    variables.erase(mode_variable);
  }
  const bool is_buffered = variables.count(mode_variable) != 0;
  const bool is_unset = asked.unset_environment.count(wrapper_variable) != 0;
  if (wrapper.empty() && !is_buffered && !is_unset && (has_own || code == BringsCode::yes))
    variables[wrapper_variable] = own_wrapper;
  return {};
}

tl::unexpected<Error> refuse_response_mode_of_executable() {
  return fail(ErrorKind::invalid_argument,
              "an executable streams its answers by itself, so --response-mode does not go with it.");
}

std::string explain_wrapper(const std::string& function, const std::string& wrapper) {
  return "Function " + function + " has a wrapper of its own (" + wrapper_variable + " is " + wrapper +
         "), so Lambda's runtime client stays, which does not stream answers.";
}

}  // namespace lambdapool::deploy
