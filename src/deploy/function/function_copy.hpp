// A function's double, for the time of one command: the same code, role and settings under another name, so
// that it can be called with other settings while the function itself stays untouched, whatever happens. One
// that was killed leaves the double, which `lambdapool list` shows and `lambdapool delete` removes.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

class FunctionCopy {
 public:
  // Of a function that lambdapool made, ready to be called as NAME-`suffix`-XXXXXX. Nothing is left of it
  // after an Error: not_found, conflict (not lambdapool's), invalid_argument (its code is too large to be
  // sent without a bucket), io (its code cannot be fetched), and those of create().
  static Result<FunctionCopy> make(Session& session, const std::string& function, const std::string& suffix,
                                   int memory_mb, const std::optional<std::string>& bucket);
  FunctionCopy(FunctionCopy&& other) noexcept
      : session_(std::exchange(other.session_, nullptr)), now_(std::move(other.now_)) {}
  FunctionCopy& operator=(FunctionCopy&&) = delete;
  ~FunctionCopy();  // removes it; a warning where that fails

  const aws::FunctionConfiguration& configuration() const { return now_; }
  const std::string& name() const { return now_.name; }
  Result<void> set_memory(int memory_mb);

 private:
  FunctionCopy(Session& session, std::string name) : session_(&session) { now_.name = std::move(name); }

  Session* session_;
  aws::FunctionConfiguration now_ = {};
};

}  // namespace lambdapool::deploy
