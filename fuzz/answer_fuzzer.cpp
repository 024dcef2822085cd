// Whatever a service of AWS answers, in JSON or XML, is read or an error. Input: a byte that chooses status
// and headers, then the body.
#include <string>
#include <string_view>

#include "aws/credentials/metadata.hpp"
#include "aws/credentials/sso.hpp"
#include "aws/credentials/sts.hpp"
#include "aws/iam/iam.hpp"
#include "aws/lambda/invoke.hpp"
#include "aws/lambda/lambda.hpp"
#include "aws/lambda/layers.hpp"
#include "aws/logs/logs.hpp"
#include "aws/s3/s3.hpp"
#include "aws/service_error.hpp"
#include "core/encoding.hpp"

using namespace lambdapool;

namespace {

void read_json(const http::Response& response) {
  aws::parse_configuration(response).has_value();
  aws::parse_get_function(response).has_value();
  aws::parse_list_functions(response).has_value();
  aws::parse_no_content(response).has_value();
  aws::parse_layer_version(response).has_value();
  aws::parse_list_layers(response).has_value();
  aws::parse_list_layer_versions(response).has_value();
  aws::logs::parse_filter_log_events(response).has_value();
  aws::metadata::parse_credentials(response).has_value();
  aws::sso::parse_role_credentials(response).has_value();
  const aws::sso::Time now(std::chrono::seconds(1'800'000'000));
  aws::sso::parse_created_token(response, {.access_token = "t", .expires_at = now}, now).has_value();
  aws::is_expired_token(aws::service_error(response));
}

void read_xml(const http::Response& response) {
  aws::iam::parse_role(response).has_value();
  aws::iam::parse_attached_policies(response).has_value();
  aws::iam::parse_policy_names(response).has_value();
  aws::iam::parse_role_policy(response).has_value();
  aws::iam::parse_done(response).has_value();
  aws::s3::parse_upload_id(response).has_value();
  aws::s3::parse_etag(response).has_value();
  aws::s3::parse_completed(response).has_value();
  aws::s3::parse_done(response).has_value();
  aws::sts::parse_assumed_role(response).has_value();
  aws::sts::parse_caller_identity(response).has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr int statuses[] = {200, 201, 204, 400, 403, 404, 429, 500};
  http::Response response{statuses[data[0] % 8]};
  response.body.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 8) != 0) response.headers.add("x-amzn-errortype", response.body.substr(0, 60));
  read_json(response);
  read_xml(response);
  if ((data[0] & 16) != 0) response.headers.add("X-Amz-Function-Error", "Unhandled");
  if ((data[0] & 32) != 0) response.headers.add("X-Amz-Log-Result", base64_encode(response.body));
  aws::parse_invoke(std::move(response), "f").has_value();
  return 0;
}
