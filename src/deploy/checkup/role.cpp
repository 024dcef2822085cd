#include "aws/iam/iam.hpp"
#include "deploy/checkup/checkup.hpp"

namespace lambdapool::deploy {
namespace {

using Level = Finding::Level;

std::string mend(const std::string& function) {
  return "`lambdapool update " + function + " --role ARN` gives it another; or `lambdapool delete " +
         function + "` and `lambdapool create " + function + " PATHS`, which makes one";
}

// Whoever uses a function need not be allowed to look at its role, nor reach IAM.
Result<void> unknown(const Error& error, const std::string& role, Findings& findings) {
  if (error.kind == ErrorKind::cancelled) return tl::unexpected(error);
  findings.push_back({Level::note, "role", role + "; whether it is there is unknown: " + error.message});
  return {};
}

}  // namespace

Result<void> check_role(Session& session, const aws::FunctionConfiguration& function, Findings& findings) {
  const std::string& arn = function.role;
  if (session.is_local() || arn.empty() || !is_beside(session, "iam")) return {};
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return unknown(iam.error(), arn, findings);
  const std::string name = arn.substr(arn.rfind('/') + 1);
  const auto answer = (*iam)->send(aws::iam::get_role_request(name), Repeatable::yes);
  const auto role = answer ? aws::iam::parse_role(*answer) : tl::unexpected(answer.error());
  if (!role && role.error().kind != ErrorKind::not_found) return unknown(role.error(), arn, findings);
  if (!role)
    findings.push_back(
        {Level::problem, "role", arn + " is not there any more, so no call can start", mend(function.name)});
  else if (role->arn != arn)
    findings.push_back({Level::problem, "role",
                        arn + " is not there any more, so no call can start; there is " + role->arn,
                        mend(function.name)});
  else
    findings.push_back({Level::ok, "role", arn});
  return {};
}

}  // namespace lambdapool::deploy
