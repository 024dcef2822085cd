#include "pool/refusal.hpp"

#include "aws/function_name.hpp"

namespace lambdapool::pool {
namespace {

std::string missing(const aws::FunctionName& function, const std::string& where) {
  if (!function.qualifier.empty() && function.qualifier != "$LATEST")
    return "there is no version or alias " + function.qualifier + " of a function " + function.name + " " +
           where;
  return "there is no function " + function.name + " " + where + "; `lambdapool create " + function.name +
         " PATHS` makes it, and `lambdapool list` shows those that are there";
}

}  // namespace

void explain_refusal(Error& error, const std::string& function, const std::string& target,
                     const std::string& region) {
  const auto parsed = aws::parse_function_name(function);
  if (!parsed || error.http_status < 400) return;
  if (error.kind == ErrorKind::not_found && error.code == "ResourceNotFoundException") {
    const std::string where = target == "local" ? "on the target local" : "in " + region;
    error.message = missing(*parsed, where) + " (the service says: " + error.message + ")";
  }
  const bool names_action = error.message.find("lambda:") != std::string::npos;
  if (error.kind == ErrorKind::access_denied && error.http_status == 403 && !names_action)
    error.message += "; a pool needs lambda:InvokeFunction, and `lambdapool policy invoke " + parsed->name +
                     "` prints the policy that grants it";
}

}  // namespace lambdapool::pool
