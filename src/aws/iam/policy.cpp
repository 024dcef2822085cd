#include "aws/iam/policy.hpp"

#include <nlohmann/json.hpp>

#include "aws/iam/iam.hpp"
#include "aws/logs/logs.hpp"

namespace lambdapool::aws {

namespace {

using Json = nlohmann::ordered_json;

Json statement(const char* id, Json actions, Json resources) {
  return {
      {"Sid", id}, {"Effect", "Allow"}, {"Action", std::move(actions)}, {"Resource", std::move(resources)}};
}

std::string document(Json statements) {
  const Json policy = {{"Version", "2012-10-17"}, {"Statement", std::move(statements)}};
  return policy.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string lambda_arn(const PolicyScope& scope, const std::string& resource) {
  return "arn:" + scope.partition + ":lambda:" + scope.region + ":" + scope.account + ":" + resource;
}

Json pass_role(const Json& role_arns) {
  Json out = statement("PassRole", "iam:PassRole", role_arns);
  out["Condition"] = {{"StringEquals", {{"iam:PassedToService", "lambda.amazonaws.com"}}}};
  return out;
}

const Json object_actions = {"s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:AbortMultipartUpload"};

// Who may attach any policy to a role that he may pass has what that policy gives: so only the one that every
// function gets.
Json attach_basic_policy(const PolicyScope& scope, const Json& role_arns) {
  Json out = statement("AttachBasicPolicy", "iam:AttachRolePolicy", role_arns);
  out["Condition"] = {{"ArnEquals", {{"iam:PolicyARN", iam::basic_execution_policy_arn(scope.partition)}}}};
  return out;
}

Json own_role(const Json& role_arns) {
  return statement("MakeAndRemoveRole",
                   {"iam:CreateRole", "iam:TagRole", "iam:GetRole", "iam:DeleteRole", "iam:DetachRolePolicy",
                    "iam:ListAttachedRolePolicies", "iam:DeleteRolePolicy", "iam:ListRolePolicies"},
                   role_arns);
}

}  // namespace

std::string invoke_policy(const PolicyScope& scope, const std::string& function,
                          const std::optional<std::string>& bucket) {
  const auto arn = lambda_arn(scope, "function:" + function);
  Json statements =
      Json::array({statement("Invoke", "lambda:InvokeFunction", Json::array({arn, arn + ":*"}))});
  if (bucket)
    statements.push_back(statement("LargeData", object_actions,
                                   "arn:" + scope.partition + ":s3:::" + *bucket + "/lambdapool-data/*"));
  return document(std::move(statements));
}

std::string deploy_policy(const PolicyScope& scope, const std::string& function,
                          const DeployPermissions& permissions) {
  const auto path = "arn:" + scope.partition + ":iam::" + scope.account + ":role/lambdapool/";
  const Json made = {path + iam::role_name_for(function), path + iam::role_name_for(function, scope.region)};
  Json statements = Json::array();
  statements.push_back(
      statement("Deploy",
                {"lambda:CreateFunction", "lambda:GetFunction", "lambda:GetFunctionConfiguration",
                 "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:DeleteFunction",
                 "lambda:TagResource", "lambda:UntagResource", "lambda:PutFunctionConcurrency",
                 "lambda:DeleteFunctionConcurrency"},
                lambda_arn(scope, "function:" + function)));
  // For pools that deploy: a version of its own for each code, which is what they call.
  const auto own = "function:" + function;
  statements.push_back(statement("DeployVersions",
                                 {"lambda:PublishVersion", "lambda:ListVersionsByFunction",
                                  "lambda:ListAliases", "lambda:InvokeFunction"},
                                 {lambda_arn(scope, own), lambda_arn(scope, own + ":*")}));
  statements.push_back(statement("OldVersions", {"lambda:GetFunction", "lambda:DeleteFunction"},
                                 lambda_arn(scope, own + ":*")));
  statements.push_back(statement("List", "lambda:ListFunctions", "*"));
  statements.push_back(pass_role(permissions.role_arn ? Json(*permissions.role_arn) : made));
  if (!permissions.role_arn) {
    statements.push_back(own_role(made));
    statements.push_back(attach_basic_policy(scope, made));
  }
  if (permissions.layers) {
    // A layer may be another account's.
    const auto versions = "arn:" + scope.partition + ":lambda:" + scope.region + ":*:layer:*:*";
    statements.push_back(statement("UseLayers", "lambda:GetLayerVersion", versions));
    statements.push_back(
        statement("FindLayers", Json::array({"lambda:ListLayers", "lambda:ListLayerVersions"}), "*"));
  }
  if (permissions.bucket) {
    const auto objects =
        "arn:" + scope.partition + ":s3:::" + *permissions.bucket + "/lambdapool/" + function + "/*";
    statements.push_back(statement("Upload", object_actions, objects));
  }
  return document(std::move(statements));
}

std::string logs_policy(const PolicyScope& scope, const std::string& function) {
  const auto group = "arn:" + scope.partition + ":logs:" + scope.region + ":" + scope.account +
                     ":log-group:" + logs::default_group(function);
  return document(
      Json::array({statement("ReadLogs", "logs:FilterLogEvents", Json::array({group, group + ":*"}))}));
}

}  // namespace lambdapool::aws
