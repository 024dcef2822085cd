// Prints one request of every builder as a JSON line, so that tests/python/test_botocore_models.py can
// compare them with what botocore's service models say.
#include <iostream>
#include <nlohmann/json.hpp>

#include "aws/iam.hpp"
#include "aws/lambda.hpp"

namespace {

using namespace lambdapool;

void print(const char* service, const char* operation, const http::Request& request) {
  std::cout << nlohmann::json{{"service", service},
                              {"operation", operation},
                              {"method", request.method},
                              {"target", request.target},
                              {"content_type", request.headers.get("Content-Type")},
                              {"log_type", request.headers.get("X-Amz-Log-Type")},
                              {"body", request.body}}
            << '\n';
}

void print_lambda() {
  constexpr const char* arn = "arn:aws:lambda:eu-west-1:123456789012:function:algorithms:$LATEST";
  const std::vector<std::string> layers = {"arn:aws:lambda:eu-west-1:123456789012:layer:numpy:3"};
  aws::CreateFunction create;
  create.name = "algorithms";
  create.runtime = "python3.12";
  create.role = "arn:aws:iam::123456789012:role/lambdapool/r";
  create.handler = "lambdapool_agent.lambda_handler";
  create.zip = std::string("PK\x03\x04\x00\xff", 6);
  create.description = "made by a test";
  create.architecture = "arm64";
  create.memory_mb = 256;
  create.timeout_s = 900;
  create.layers = layers;
  create.environment = {{"LAMBDAPOOL_CODEC", "pickle"}};
  create.tags = {{"lambdapool", "0.10.0"}};
  print("lambda", "CreateFunction", aws::create_function_request(create));
  print("lambda", "UpdateFunctionCode",
        aws::update_function_code_request({"algorithms", create.zip, "arm64", "revision"}));
  print("lambda", "UpdateFunctionConfiguration",
        aws::update_function_configuration_request(
            {"algorithms", 512, 60, layers, "python3.13", "handler", create.environment, "revision"}));
  print("lambda", "GetFunction", aws::get_function_request(arn));
  print("lambda", "GetFunctionConfiguration", aws::get_function_configuration_request("algorithms"));
  print("lambda", "DeleteFunction", aws::delete_function_request("algorithms"));
  print("lambda", "ListFunctions", aws::list_functions_request("marker+/= x"));
  print("lambda", "Invoke", aws::invoke_request(arn, R"({"lambdapool":1})"));
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
  print("iam", "DeleteRole", aws::iam::delete_role_request(role));
}

}  // namespace

int main() {
  print_lambda();
  print_iam();
  return 0;
}
