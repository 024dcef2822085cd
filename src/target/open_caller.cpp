#include "target/open_caller.hpp"

#include "target/lambda_caller.hpp"
#include "target/run_caller.hpp"

namespace lambdapool::target {

Result<std::unique_ptr<cloud::Caller>> open_caller(const Target& target, const std::string& function) {
  if (target.google) return RunCaller::open(target, function);
  auto caller = LambdaCaller::open(target, function);
  if (caller && target.expect) target.expect(function);
  return caller;
}

}  // namespace lambdapool::target
