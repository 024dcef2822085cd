#include "aws/lambda/lambda.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "aws/lambda/function_error.hpp"
#include "aws/lambda/invoke.hpp"
#include "aws/lambda/report.hpp"
#include "aws/service_error.hpp"
#include "core/encoding.hpp"

namespace lambdapool::aws {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(CreateFunction, SendsWhatIsSetAndTheZipInBase64) {
  CreateFunction call;
  call.name = "algorithms";
  call.runtime = "python3.11";
  call.role = "arn:aws:iam::1:role/r";
  call.handler = "lambdapool_agent.lambda_handler";
  call.zip = "PK\x03\x04";
  auto request = create_function_request(call);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/2015-03-31/functions");
  EXPECT_EQ(request.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(json::parse(request.body), (json{{"FunctionName", "algorithms"},
                                             {"Runtime", "python3.11"},
                                             {"Role", "arn:aws:iam::1:role/r"},
                                             {"Handler", "lambdapool_agent.lambda_handler"},
                                             {"MemorySize", 128},
                                             {"Timeout", 3},
                                             {"Architectures", json::array({"x86_64"})},
                                             {"Code", {{"ZipFile", "UEsDBA=="}}}}));

  call.description = "d\"";
  call.layers = {"arn:aws:lambda:r:1:layer:l:1"};
  call.environment = {{"A", "b"}};
  call.tags = {{"lambdapool", "1"}};
  const auto body = json::parse(create_function_request(call).body);
  EXPECT_EQ(body["Description"], "d\"");
  EXPECT_EQ(body["Layers"], json::array({"arn:aws:lambda:r:1:layer:l:1"}));
  EXPECT_EQ(body["Environment"], json::parse(R"({"Variables":{"A":"b"}})"));
  EXPECT_EQ(body["Tags"], json::parse(R"({"lambdapool":"1"})"));
}

TEST(UpdateFunctionCode, PutsTheZipAtTheTopLevel) {
  auto request = update_function_code_request({"f", "zip"});
  EXPECT_EQ(request.method + " " + request.target, "PUT /2015-03-31/functions/f/code");
  EXPECT_EQ(request.body, R"({"ZipFile":"emlw"})");
  request = update_function_code_request({"f", "zip", "arm64", "revision"});
  EXPECT_EQ(json::parse(request.body),
            json::parse(R"({"ZipFile":"emlw","Architectures":["arm64"],"RevisionId":"revision"})"));
}

TEST(UpdateFunctionConfiguration, SendsOnlyWhatIsSet) {
  UpdateFunctionConfiguration call;
  call.name = "f";
  auto request = update_function_configuration_request(call);
  EXPECT_EQ(request.method + " " + request.target, "PUT /2015-03-31/functions/f/configuration");
  EXPECT_EQ(request.body, "{}");
  call.memory_mb = 256;
  call.layers.emplace();
  call.environment.emplace();
  EXPECT_EQ(json::parse(update_function_configuration_request(call).body),
            json::parse(R"({"MemorySize":256,"Layers":[],"Environment":{"Variables":{}}})"));
}

TEST(Requests, NameFunctionsByNameQualifierOrArn) {
  EXPECT_EQ(get_function_request("f").target, "/2015-03-31/functions/f");
  EXPECT_EQ(get_function_configuration_request("f:1").target, "/2015-03-31/functions/f%3A1/configuration");
  const auto request = delete_function_request("f");
  EXPECT_EQ(request.method + " " + request.target, "DELETE /2015-03-31/functions/f");
  const auto invoke = invoke_request("arn:aws:lambda:eu-west-1:123456789012:function:f:$LATEST", "{}");
  EXPECT_EQ(invoke.method, "POST");
  EXPECT_EQ(invoke.target,
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af%3A%24LATEST/"
            "invocations");
  EXPECT_EQ(invoke.headers.get("X-Amz-Log-Type"), "Tail");
  EXPECT_EQ(invoke.body, "{}");
}

TEST(ListFunctions, AsksPageByPage) {
  EXPECT_EQ(list_functions_request(std::nullopt).target, "/2015-03-31/functions?MaxItems=50");
  EXPECT_EQ(list_functions_request("a+b/=").target, "/2015-03-31/functions?MaxItems=50&Marker=a%2Bb%2F%3D");
}

constexpr const char* created = R"({"FunctionName":"f","FunctionArn":"arn:aws:lambda:eu-west-1:1:function:f",
  "Runtime":"python3.11","Role":"arn:aws:iam::1:role/r","Handler":"h","CodeSize":321,"Description":"d","Timeout":3,
  "MemorySize":128,"LastModified":"2026-11-22T19:00:00.000+0000","CodeSha256":"sha=","Version":"$LATEST",
  "TracingConfig":{"Mode":"PassThrough"},"RevisionId":"r-1","State":"Pending","StateReason":
  "The function is being created.","StateReasonCode":"Creating","PackageType":"Zip","Architectures":["arm64"],
  "Environment":{"Variables":{"A":"b"}},"Layers":[{"Arn":"arn:l:1","CodeSize":7}],
  "EphemeralStorage":{"Size":512},"SnapStart":{"ApplyOn":"None","OptimizationStatus":"Off"}})";

TEST(ParseConfiguration, ReadsWhatAwsAnswersToCreateFunction) {
  const auto parsed = parse_configuration({201, {}, created});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->name, "f");
  EXPECT_EQ(parsed->arn, "arn:aws:lambda:eu-west-1:1:function:f");
  EXPECT_EQ(parsed->runtime, "python3.11");
  EXPECT_EQ(parsed->code_size, 321);
  EXPECT_EQ(parsed->code_sha256, "sha=");
  EXPECT_EQ(parsed->memory_mb, 128);
  EXPECT_EQ(parsed->timeout_s, 3);
  EXPECT_EQ(parsed->state, "Pending");
  EXPECT_EQ(parsed->state_reason, "The function is being created.");
  EXPECT_EQ(parsed->last_update_status, "");
  EXPECT_EQ(parsed->revision_id, "r-1");
  EXPECT_EQ(parsed->architecture, "arm64");
  EXPECT_THAT(parsed->environment, ElementsAre(Pair("A", "b")));
  ASSERT_EQ(parsed->layers.size(), 1u);
  EXPECT_EQ(parsed->layers[0].arn, "arn:l:1");
  EXPECT_EQ(parsed->layers[0].code_size, 7);
}

TEST(ParseConfiguration, RefusesWhatIsNoLambdaAnswer) {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"FunctionName":5})"}) {
    const auto parsed = parse_configuration({200, {}, body});
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(parsed.error().kind, ErrorKind::protocol);
    EXPECT_THAT(parsed.error().message, HasSubstr("AWS Lambda endpoint"));
  }
}

TEST(ParseGetFunction, ReadsTheConfigurationAndTheTags) {
  const auto parsed = parse_get_function(
      {200, {}, R"({"Configuration":)" + std::string(created) + R"(,"Code":{},"Tags":{"lambdapool":"1"}})"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->configuration.name, "f");
  EXPECT_THAT(parsed->tags, ElementsAre(Pair("lambdapool", "1")));
}

TEST(ParseListFunctions, ReadsAPageAndTheWayToTheNext) {
  auto page = parse_list_functions(
      {200, {}, R"({"Functions":[{"FunctionName":"a"},{"FunctionName":"b"}],"NextMarker":"m"})"});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->functions.size(), 2u);
  EXPECT_EQ(page->functions[1].name, "b");
  EXPECT_EQ(page->next_marker, "m");
  page = parse_list_functions({200, {}, R"({"Functions":[],"NextMarker":null})"});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next_marker, std::nullopt);
}

TEST(ParseNoContent, TakesEverySuccess) {
  EXPECT_TRUE(parse_no_content({204}));
  EXPECT_TRUE(parse_no_content({200}));
  EXPECT_FALSE(parse_no_content({404}));
}

struct Refused {
  int status;
  const char* type_header;
  const char* body;
  ErrorKind kind;
  const char* code;
  const char* says;
};

// Bodies and headers as recorded from AWS.
TEST(ServiceError, MeansWhatAwsMeans) {
  const Refused refusals[] = {
      {404, "ResourceNotFoundException", R"({"Type":"User","Message":"Function not found: arn:f"})",
       ErrorKind::not_found, "ResourceNotFoundException", "Function not found: arn:f"},
      {409, "ResourceConflictException:http://internal.amazon.com/coral/",
       R"({"Type":"User","message":"Function already exist: f"})", ErrorKind::conflict,
       "ResourceConflictException", "Function already exist: f"},
      {412, "PreconditionFailedException",
       R"({"Type":"User","message":"The Revision Id provided does not match"})", ErrorKind::conflict,
       "PreconditionFailedException", "Revision Id"},
      {429, "TooManyRequestsException",
       R"({"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."})",
       ErrorKind::throttled, "TooManyRequestsException", "ReservedFunctionConcurrentInvocationLimitExceeded"},
      {400, "", R"({"__type":"com.amazonaws.lambda#ThrottlingException","message":"Rate exceeded"})",
       ErrorKind::throttled, "ThrottlingException", "Rate exceeded"},
      {413, "RequestEntityTooLargeException",
       R"({"Type":"User","message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"})",
       ErrorKind::payload_too_large, "RequestEntityTooLargeException", "6291456"},
      {413, "", R"({"code":"RequestTooLargeException","message":"m"})", ErrorKind::payload_too_large,
       "RequestTooLargeException", "too large"},
      {413, "", "", ErrorKind::payload_too_large, "", "HTTP 413"},
      {400, "InvalidParameterValueException",
       R"({"Type":"User","message":"The role defined for the function cannot be assumed by Lambda."})",
       ErrorKind::service, "InvalidParameterValueException", "cannot be assumed"},
      {403, "AccessDeniedException",
       R"({"Message":"User: arn:aws:iam::1:user/bob is not authorized to perform: lambda:InvokeFunction on resource: arn:f because no identity-based policy allows the lambda:InvokeFunction action"})",
       ErrorKind::access_denied, "AccessDeniedException",
       "arn:aws:iam::1:user/bob may not perform lambda:InvokeFunction on arn:f, because no identity-based "
       "policy allows the lambda:InvokeFunction action; add to its IAM policy the statement "
       "{\"Effect\":\"Allow\",\"Action\":\"lambda:InvokeFunction\",\"Resource\":\"arn:f\"}"},
      {403, "AccessDeniedException",
       R"({"Message":"User: bob is not authorized to perform: lambda:ListFunctions on resource: * because no permissions boundary allows the lambda:ListFunctions action"})",
       ErrorKind::access_denied, "AccessDeniedException", "add to its permissions boundary the statement"},
      {403, "AccessDeniedException",
       R"({"Message":"User: bob is not authorized to perform: lambda:InvokeFunction on resource: arn:f with an explicit deny in an identity-based policy"})",
       ErrorKind::access_denied, "AccessDeniedException",
       "on arn:f, with an explicit deny in an identity-based policy; as long as that denies it, no other"},
      {403, "AccessDeniedException", R"({"Message":null})", ErrorKind::access_denied, "AccessDeniedException",
       "access denied"},
      {403, "UnrecognizedClientException",
       R"({"message":"The security token included in the request is invalid."})", ErrorKind::credentials,
       "UnrecognizedClientException", "check the access key"},
      {403, "ExpiredTokenException", R"({"message":"The security token included in the request is expired"})",
       ErrorKind::credentials, "ExpiredTokenException", "have expired"},
      {403, "InvalidSignatureException",
       R"({"message":"Signature expired: 20261122T190000Z is now earlier than"})", ErrorKind::credentials,
       "InvalidSignatureException", "clock"},
      {500, "ServiceException", R"({"Type":"Service","Message":"m"})", ErrorKind::service, "ServiceException",
       "m"},
      {503, "", "<html>\nupstream</html>", ErrorKind::service, "", "HTTP 503 with a body that is not AWS's"},
      {404, "", "404 page not found", ErrorKind::service, "", "404 page not found"},
      {502, "", "", ErrorKind::service, "", "HTTP 502 without a body"},
  };
  for (const auto& refusal : refusals) {
    http::Response response{refusal.status, {{"x-amzn-RequestId", "id-1"}}, refusal.body};
    if (*refusal.type_header != '\0') response.headers.add("x-amzn-ErrorType", refusal.type_header);
    const auto error = service_error(response);
    EXPECT_EQ(error.kind, refusal.kind) << refusal.body;
    EXPECT_EQ(error.code, refusal.code) << refusal.body;
    EXPECT_THAT(error.message, HasSubstr(refusal.says));
    EXPECT_EQ(error.http_status, refusal.status);
    EXPECT_EQ(error.request_id, "id-1");
  }
}

http::Response invoked(std::string body, const char* function_error = nullptr, const std::string& log = "") {
  http::Response response{
      200, {{"x-amzn-RequestId", "id-1"}, {"X-Amz-Executed-Version", "$LATEST"}}, std::move(body)};
  if (function_error != nullptr) response.headers.add("X-Amz-Function-Error", function_error);
  if (!log.empty()) response.headers.add("X-Amz-Log-Result", base64_encode(log));
  return response;
}

TEST(ParseInvoke, HandsOutThePayload) {
  const auto parsed = parse_invoke(invoked(R"({"x":1})", nullptr, "REPORT"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->payload, R"({"x":1})");
  EXPECT_EQ(parsed->request_id, "id-1");
  EXPECT_EQ(parsed->log_tail_base64, "UkVQT1JU");
}

TEST(ParseInvoke, PassesARefusalOn) {
  const auto parsed = parse_invoke({429, {{"x-amzn-errortype", "TooManyRequestsException"}}, "{}"});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().kind, ErrorKind::throttled);
}

constexpr const char* report =
    "START RequestId: 8f Version: $LATEST\nEND RequestId: 8f\nREPORT RequestId: 8f\tDuration: 3000.00 "
    "ms\tBilled "
    "Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 110.10 ms\t";
constexpr const char* full_report =
    "REPORT RequestId: 8f\tDuration: 12.00 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: "
    "128 MB\t";

struct Failed {
  const char* body;
  std::string log;
  ErrorKind kind;
  const char* says;
};

TEST(ParseInvoke, TellsHowAFunctionFailed) {
  const Failed failures[] = {
      {R"({"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 8f Error: Task timed out after 3.00 seconds"})",
       std::string(report) + "Status: timeout\n", ErrorKind::timed_out,
       "the function algorithms timed out after 3.00 seconds (its timeout); raise it with `lambdapool update "
       "algorithms --timeout"},
      {R"({"errorMessage":"2026-11-22T19:00:00.000Z 8f Task timed out after 1.00 seconds"})", "",
       ErrorKind::timed_out, "1.00 seconds"},
      {R"({"errorType":"JobError","errorMessage":"Task timed out after 1.00 seconds"})", "",
       ErrorKind::function_error, "JobError: Task timed out"},
      {R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: 8f Error: Runtime exited with error: signal: killed"})",
       full_report, ErrorKind::out_of_memory, "it used 128 MB of its 128 MB"},
      {R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: 8f Error: Runtime exited with error: signal: killed"})",
       report, ErrorKind::worker_died, "(signal: killed)"},
      {R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: 8f Error: Runtime exited with error: signal: killed"})",
       std::string(report) + "Status: error\tError Type: Runtime.OutOfMemory\n", ErrorKind::out_of_memory,
       "--memory"},
      {R"({"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: 8f Error: Runtime exited"})", "",
       ErrorKind::out_of_memory, "the function algorithms ran out of memory"},
      {R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: 8f Error: Runtime exited with error: exit status 127"})",
       "", ErrorKind::worker_died, "(exit status 127)"},
      {R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: 8f Error: Runtime exited without providing a reason"})",
       "", ErrorKind::worker_died, "exited without an answer"},
      {R"({"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"})",
       "", ErrorKind::payload_too_large, "(6291556 bytes)"},
      {R"({"errorType":"LambdapoolCodeMismatch","errorMessage":"sentence"})", "", ErrorKind::code_mismatch,
       "sentence"},
      {R"({"errorType":"LambdapoolProtocolError","errorMessage":"sentence"})", "", ErrorKind::protocol,
       "sentence; where another version of lambdapool has made"},
      {R"({"errorType":"Runtime.ImportModuleError","errorMessage":"Unable to import module 'x': No module named 'x'"})",
       "", ErrorKind::code_mismatch, "Unable to import module 'x'"},
      {R"({"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: 8f Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"})",
       "", ErrorKind::code_mismatch, "could not load its code: Couldn't find valid bootstrap"},
      {R"({"errorType":"ValueError","errorMessage":"bad","stackTrace":[]})", "", ErrorKind::function_error,
       "ValueError: bad"},
      {R"({"errorType":"KeyError"})", "", ErrorKind::function_error, "KeyError"},
      {R"("text")", "", ErrorKind::function_error, "failed with an error of its own"},
      {"not json", "", ErrorKind::function_error, "failed with an error of its own"},
  };
  for (const auto& failure : failures) {
    const auto parsed = parse_invoke(invoked(failure.body, "Unhandled", failure.log),
                                     "arn:aws:lambda:eu-west-1:1:function:algorithms:$LATEST");
    ASSERT_FALSE(parsed) << failure.body;
    const auto& error = parsed.error();
    EXPECT_EQ(error.kind, failure.kind) << failure.body << error.message;
    EXPECT_THAT(error.message, HasSubstr(failure.says));
    EXPECT_EQ(error.detail, failure.body);
    EXPECT_EQ(error.log_tail, failure.log);
    EXPECT_EQ(error.request_id, "id-1");
    EXPECT_EQ(error.http_status, 200);
  }
}

TEST(Report, IsNotHurtByWhatAFunctionPrintsInItsForm) {
  const std::size_t deep = 200'000;
  const auto nested = std::string(deep, '[') + std::string(deep, ']');
  const auto read = find_report(R"({"type":"platform.report","record":)" + nested + "}");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->duration_ms, 0);
  EXPECT_FALSE(find_report(R"({"type":)" + nested + R"(,"x":"platform.report"})"));
}

TEST(Report, TakesAMemoryThatNoFunctionHasForNone) {
  for (const char* size : {"1e300", "-1e300", "inf", "nan", "-5", "99999999999"}) {
    const auto read = parse_report("REPORT RequestId: a\tDuration: 1 ms\tMemory Size: " + std::string(size) +
                                   " MB\tMax Memory Used: " + size + " MB\t");
    ASSERT_TRUE(read) << size;
    EXPECT_EQ(read->memory_mb, 0) << size;
    EXPECT_EQ(read->max_memory_used_mb, 0) << size;
  }
  const auto as_json = parse_report(
      R"({"type":"platform.report","record":{"metrics":{"memorySizeMB":1e300,"maxMemoryUsedMB":-1e300}}})");
  ASSERT_TRUE(as_json);
  EXPECT_EQ(as_json->memory_mb, 0);
  EXPECT_EQ(as_json->max_memory_used_mb, 0);
}

TEST(ParseInvoke, ReadsTheReportOfAFunctionThatLogsJson) {
  const std::string log =
      R"({"time":"2026-10-08T09:00:00.000Z","type":"platform.report","record":{"requestId":"8f","metrics":{"durationMs":12.5,"memorySizeMB":512,"maxMemoryUsedMB":512},"status":"error","errorType":"Runtime.OutOfMemory"}})"
      "\n";
  const auto parsed = parse_invoke(
      invoked(
          R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: 8f Error: Runtime exited with error: signal: killed"})",
          "Unhandled", log),
      "f:live");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().kind, ErrorKind::out_of_memory);
  EXPECT_THAT(parsed.error().message,
              AllOf(HasSubstr("the function f ran"), HasSubstr("512 MB of its 512 MB")));
}

}  // namespace
}  // namespace lambdapool::aws
