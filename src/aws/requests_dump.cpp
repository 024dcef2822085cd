// Prints one request of every builder as a JSON line, so that tests/python/test_botocore_models.py can
// compare them with what botocore's service models say.
#include <iostream>
#include <nlohmann/json.hpp>

#include "aws/credentials/sso.hpp"
#include "aws/credentials/sts.hpp"
#include "aws/iam/iam.hpp"
#include "aws/lambda/invoke.hpp"
#include "aws/lambda/lambda.hpp"
#include "aws/lambda/layers.hpp"
#include "aws/lambda/versions.hpp"
#include "aws/logs/logs.hpp"
#include "aws/s3/s3.hpp"

namespace {

using namespace lambdapool;

void print(const char* service, const char* operation, const http::Request& request) {
  std::cout << nlohmann::json{{"service", service},
                              {"operation", operation},
                              {"method", request.method},
                              {"target", request.target},
                              {"range", request.headers.get("Range")},
                              {"content_type", request.headers.get("Content-Type")},
                              {"log_type", request.headers.get("X-Amz-Log-Type")},
                              {"sso_token", request.headers.get("x-amz-sso_bearer_token")},
                              {"invocation_type", request.headers.get("X-Amz-Invocation-Type")},
                              {"amz_target", request.headers.get("X-Amz-Target")},
                              {"body", request.body}}
            << '\n';
}

void print_lambda() {
  constexpr const char* arn = "arn:aws:lambda:eu-west-1:123456789012:function:algorithms:$LATEST";
  constexpr const char* function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:algorithms";
  const std::vector<std::string> layers = {"arn:aws:lambda:eu-west-1:123456789012:layer:numpy:3"};
  const aws::VpcConfig vpc = {{"subnet-1a"}, {"sg-2b"}};
  aws::CreateFunction create;
  create.name = "algorithms";
  create.runtime = "python3.12";
  create.role = "arn:aws:iam::123456789012:role/lambdapool/r";
  create.handler = "lambdapool_agent.lambda_handler";
  create.zip = std::string_view("PK\x03\x04\x00\xff", 6);
  create.description = "made by a test";
  create.architecture = "arm64";
  create.memory_mb = 256;
  create.timeout_s = 900;
  create.layers = layers;
  create.environment = {{"LAMBDAPOOL_CODEC", "pickle"}};
  create.tags = {{"lambdapool", "0.10.0"}};
  create.ephemeral_mb = 1024;
  create.vpc = vpc;
  print("lambda", "CreateFunction", aws::create_function_request(create));
  print("lambda", "UpdateFunctionCode",
        aws::update_function_code_request({"algorithms", create.zip, "arm64", "revision"}));
  print("lambda", "UpdateFunctionConfiguration",
        aws::update_function_configuration_request({"algorithms", 512, 60, layers, "python3.13", "handler",
                                                    create.environment, "revision", create.role,
                                                    "changed by a test", 1024, vpc}));
  print("lambda", "TagResource", aws::tag_resource_request(function_arn, create.tags));
  print("lambda", "UntagResource", aws::untag_resource_request(function_arn, {"a b", "c"}));
  print("lambda", "PutFunctionConcurrency", aws::put_function_concurrency_request("algorithms", 5));
  print("lambda", "DeleteFunctionConcurrency", aws::delete_function_concurrency_request("algorithms"));
  print("lambda", "PublishLayerVersion",
        aws::publish_layer_version_request(
            {"things", create.zip, {}, "made by a test", {"python3.12"}, {"arm64"}}));
  print("lambda", "GetLayerVersionByArn", aws::get_layer_version_request(layers.front()));
  print("lambda", "ListLayers", aws::list_layers_request("m"));
  print("lambda", "ListLayerVersions", aws::list_layer_versions_request("things", "m"));
  print("lambda", "DeleteLayerVersion", aws::delete_layer_version_request("things", 3));
  print("lambda", "PublishVersion",
        aws::publish_version_request({"algorithms", "made by a test", "digest", "revision"}));
  print("lambda", "ListVersionsByFunction", aws::list_versions_request("algorithms", "m"));
  print("lambda", "DeleteFunction version", aws::delete_version_request("algorithms", "7"));
  print("lambda", "ListAliases", aws::list_aliases_request("algorithms", "m"));
  print("lambda", "GetFunction", aws::get_function_request(arn));
  print("lambda", "GetFunctionConfiguration", aws::get_function_configuration_request("algorithms"));
  print("lambda", "DeleteFunction", aws::delete_function_request("algorithms"));
  print("lambda", "ListFunctions", aws::list_functions_request("marker+/= x"));
  print("lambda", "Invoke", aws::invoke_request(arn, R"({"lambdapool":1})"));
  print("lambda", "InvokeWithResponseStream", aws::invoke_streaming_request(arn, R"({"lambdapool":1})"));
  print("lambda", "Invoke DryRun", aws::invoke_dry_run_request("algorithms"));
}

void print_identity() {
  aws::sts::RoleSession session{"arn:aws:iam::123456789012:role/r", "me", "an-id/:", 900};
  session.mfa_serial = "arn:aws:iam::123456789012:mfa/me";
  session.mfa_code = "123456";
  print("sts", "AssumeRole", aws::sts::assume_role_request(session));
  print("sts", "AssumeRoleWithWebIdentity",
        aws::sts::assume_role_with_web_identity_request({session.role_arn, "me"}, "a.jwt.of+some/kind=="));
  print("sts", "GetCallerIdentity", aws::sts::get_caller_identity_request());
  const aws::sso::Token token{"access/token+", {}, "refresh", "id", "secret", ""};
  print("sso", "GetRoleCredentials",
        aws::sso::get_role_credentials_request("Admin Role", "123456789012", token.access_token));
  print("sso-oidc", "CreateToken", aws::sso::create_token_request(token));
}

void print_iam() {
  const auto policy = aws::iam::basic_execution_policy_arn("aws");
  const auto role = aws::iam::role_name_for("algorithms");
  print("iam", "CreateRole",
        aws::iam::create_role_request(role, "made by a test", {{"lambdapool", "0.10.0"}}));
  print("iam", "GetRole", aws::iam::get_role_request(role));
  print("iam", "AttachRolePolicy", aws::iam::attach_role_policy_request(role, policy));
  print("iam", "DetachRolePolicy", aws::iam::detach_role_policy_request(role, policy));
  print("iam", "ListAttachedRolePolicies", aws::iam::list_attached_role_policies_request(role, "m"));
  const char* document = R"({"Version":"2012-10-17","Statement":[]})";
  print("iam", "PutRolePolicy", aws::iam::put_role_policy_request(role, "things", document));
  print("iam", "GetRolePolicy", aws::iam::get_role_policy_request(role, "things"));
  print("iam", "DeleteRolePolicy", aws::iam::delete_role_policy_request(role, "things"));
  print("iam", "ListRolePolicies", aws::iam::list_role_policies_request(role, "m"));
  print("iam", "DeleteRole", aws::iam::delete_role_request(role));
}

void print_logs() {
  print("logs", "FilterLogEvents",
        aws::logs::filter_log_events_request({"/aws/lambda/algorithms", 1'795'374'000'000, "token"}));
}

void print_s3() {
  const aws::s3::Location location{{"bucket", "lambdapool/a b/c.zip"}, aws::s3::Addressing::path};
  print("s3", "CreateMultipartUpload", aws::s3::create_multipart_upload_request(location));
  print("s3", "UploadPart", aws::s3::upload_part_request(location, "id/+=", 2, "PK"));
  print("s3", "CompleteMultipartUpload",
        aws::s3::complete_multipart_upload_request(location, "id/+=", {"\"a\"", "\"b\""}));
  print("s3", "AbortMultipartUpload", aws::s3::abort_multipart_upload_request(location, "id/+="));
  print("s3", "PutObject", aws::s3::put_object_request(location, "PK"));
  print("s3", "GetObject", aws::s3::get_range_request(location, 5, 10));
  print("s3", "DeleteObject", aws::s3::delete_object_request(location));
}

}  // namespace

int main() {
  print_lambda();
  print_iam();
  print_logs();
  print_s3();
  print_identity();
  return 0;
}
