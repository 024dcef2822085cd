// Create, read, update and delete, as an SDK sees them.
#include "local/control/control_plane_fixture.hpp"

namespace lambdapool::local {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class FunctionsTest : public ControlPlaneTest {};

TEST_F(FunctionsTest, CreateAnswersPendingWithoutLastUpdateStatusAndBecomesActive) {
  const auto created = service->create(Served::new_function("f"));
  ASSERT_EQ(created.status, 201) << created.body;
  const auto pending = json_of(created);
  EXPECT_EQ(pending["State"], "Pending");
  EXPECT_EQ(pending["StateReason"], "The function is being created.");
  EXPECT_EQ(pending["StateReasonCode"], "Creating");
  EXPECT_FALSE(pending.contains("LastUpdateStatus"));
  EXPECT_EQ(pending["CodeSha256"], sha256_base64(zip_of("x = 1")));
  EXPECT_EQ(pending["FunctionArn"], "arn:aws:lambda:us-east-1:000000000000:function:f");

  const auto active = service->wait_until_settled("f");
  EXPECT_EQ(active["State"], "Active");
  EXPECT_EQ(active["LastUpdateStatus"], "Successful");
  EXPECT_NE(active["RevisionId"], pending["RevisionId"]);
}

TEST_F(FunctionsTest, EveryAnswerHasARequestIdAndADate) {
  const auto missing = service->call("GET", "/2015-03-31/functions/none");
  EXPECT_EQ(missing.headers.get("x-amzn-requestid").size(), 36u);
  EXPECT_THAT(std::string(missing.headers.get("date")), HasSubstr("GMT"));
  EXPECT_EQ(missing.headers.get("content-type"), "application/json");
}

TEST_F(FunctionsTest, AFunctionThatDoesNotExistIsNotFoundWithAwsText) {
  const auto missing = service->call("GET", "/2015-03-31/functions/none");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(type_of(missing), "ResourceNotFoundException");
  EXPECT_EQ(json_of(missing)["Message"],
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:none");
  EXPECT_THAT(message_of(service->invoke("none")), testing::EndsWith(":function:none:$LATEST"));
}

TEST_F(FunctionsTest, FunctionsAreNamedByNamePartialArnAndArn) {
  service->create_active("f");
  for (const char* name : {"f", "f%3A%24LATEST", "000000000000%3Afunction%3Af", "function:f",
                           "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af",
                           "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af%3A%24LATEST"}) {
    EXPECT_EQ(service->call("GET", std::string("/2015-03-31/functions/") + name).status, 200) << name;
  }
  const auto elsewhere = service->call(
      "GET", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A000000000000%3Afunction%3Af");
  EXPECT_EQ(message_of(elsewhere),
            "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')");
}

TEST_F(FunctionsTest, TheSameNameTwiceIsAConflict) {
  service->create_active("f");
  const auto again = service->create(Served::new_function("f"));
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(type_of(again), "ResourceConflictException");
  EXPECT_EQ(message_of(again), "Function already exist: f");
}

TEST_F(FunctionsTest, TheCodeCanBeDownloadedFromItsLocation) {
  service->create_active("f", "y = 2");
  const auto got = json_of(service->call("GET", "/2015-03-31/functions/f"));
  const std::string location = got["Code"]["Location"];
  const auto path = location.substr(location.find("/code/"));
  EXPECT_EQ(service->raw({"GET", path}).body, zip_of("y = 2"));
  EXPECT_EQ(service->raw({"GET", path + "0"}).status, 403);
}

TEST_F(FunctionsTest, AnUpdateOfTheCodeShowsInProgressAndThenRunsTheNewCode) {
  service->create_active("f", "x = 1");
  service->invoke("f");
  const auto before = service->workers.wait_for_call(1).function;
  const auto updated =
      service->call("PUT", "/2015-03-31/functions/f/code", json{{"ZipFile", base64_encode(zip_of("x = 2"))}});
  ASSERT_EQ(updated.status, 200) << updated.body;
  EXPECT_EQ(json_of(updated)["LastUpdateStatus"], "InProgress");
  EXPECT_EQ(json_of(updated)["State"], "Active");
  service->wait_until_settled("f");
  service->invoke("f");
  const auto after = service->workers.wait_for_call(2).function;
  EXPECT_NE(before->key, after->key);
  EXPECT_NE(before->code, after->code);
  EXPECT_TRUE(service->workers.wait_for_retirement(before->key));
}

TEST_F(FunctionsTest, AnUpdateThatWorkersCannotSeeLeavesThemWarm) {
  service->create_active("f");
  service->invoke("f");
  service->call("PUT", "/2015-03-31/functions/f/configuration", json{{"Description", "other words"}});
  service->wait_until_settled("f");
  service->invoke("f");
  EXPECT_EQ(service->workers.wait_for_call(1).function->key, service->workers.wait_for_call(2).function->key);
}

TEST_F(FunctionsTest, ADryRunOfAnUpdateChangesNothing) {
  service->create_active("f");
  const auto before = service->wait_until_settled("f");
  const auto dry = service->call("PUT", "/2015-03-31/functions/f/code",
                                 json{{"ZipFile", base64_encode(zip_of("x = 2"))}, {"DryRun", true}});
  EXPECT_EQ(dry.status, 200);
  EXPECT_NE(json_of(dry)["CodeSha256"], before["CodeSha256"]);
  EXPECT_EQ(service->wait_until_settled("f"), before);
}

TEST_F(FunctionsTest, AnOldRevisionIdIsRefused) {
  service->create_active("f");
  const auto stale =
      service->call("PUT", "/2015-03-31/functions/f/configuration",
                    json{{"Timeout", 5}, {"RevisionId", "00000000-0000-4000-8000-000000000000"}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(type_of(stale), "PreconditionFailedException");
}

TEST_F(FunctionsTest, OnlyWhatIsGivenIsUpdated) {
  auto body = Served::new_function("f");
  body["MemorySize"] = 256;
  body["Environment"] = {{"Variables", {{"STAGE", "test"}}}};
  ASSERT_EQ(service->create(body).status, 201);
  service->wait_until_settled("f");
  service->call("PUT", "/2015-03-31/functions/f/configuration", json{{"Timeout", 60}});
  const auto now = service->wait_until_settled("f");
  EXPECT_EQ(now["Timeout"], 60);
  EXPECT_EQ(now["MemorySize"], 256);
  EXPECT_EQ(now["Environment"]["Variables"]["STAGE"], "test");
}

TEST_F(FunctionsTest, DeletedFunctionsAreGoneAndTheirWorkersRetired) {
  service->create_active("f");
  service->invoke("f");
  const auto key = service->workers.wait_for_call(1).function->key;
  const auto deleted = service->call("DELETE", "/2015-03-31/functions/f");
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(deleted.body, "");
  EXPECT_EQ(service->call("GET", "/2015-03-31/functions/f").status, 404);
  EXPECT_EQ(service->invoke("f").status, 404);
  EXPECT_TRUE(service->workers.wait_for_retirement(key));
}

TEST_F(FunctionsTest, ListsComeInPagesOfAtMostFiftyWithoutState) {
  for (int i = 0; i < 53; ++i) {
    ASSERT_EQ(service->create(Served::new_function("f" + std::to_string(100 + i))).status, 201);
  }
  const auto first = json_of(service->call("GET", "/2015-03-31/functions/?MaxItems=10000"));
  EXPECT_EQ(first["Functions"].size(), 50u);
  EXPECT_FALSE(first["Functions"][0].contains("State"));
  EXPECT_FALSE(first["Functions"][0].contains("LastUpdateStatus"));
  const auto rest =
      json_of(service->call("GET", "/2015-03-31/functions?Marker=" + first["NextMarker"].get<std::string>()));
  EXPECT_EQ(rest["Functions"].size(), 3u);
  EXPECT_FALSE(rest.contains("NextMarker"));
  const auto all = json_of(service->call("GET", "/2015-03-31/functions?FunctionVersion=ALL&MaxItems=2"));
  EXPECT_EQ(all["Functions"][0]["FunctionArn"],
            "arn:aws:lambda:us-east-1:000000000000:function:f100:$LATEST");
}

TEST_F(FunctionsTest, AnUnknownPathIsNamed) {
  const auto unknown = service->call("GET", "/2015-03-31/event-sources/");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(message_of(unknown), HasSubstr("GET /2015-03-31/event-sources/"));
}

struct Refused {
  const char* what;
  json change;
  int status;
  const char* type;
  const char* text;
};

TEST_F(FunctionsTest, BadInputIsRefusedWithAwsTexts) {
  const json none;
  const std::vector<Refused> cases{
      {"role",
       {{"Role", "r1"}},
       400,
       "ValidationException",
       "Value 'r1' at 'role' failed to satisfy constraint"},
      {"no role", {{"Role", none}}, 400, "ValidationException", "Value null at 'role'"},
      {"name", {{"FunctionName", "a b"}}, 400, "ValidationException", "at 'functionName'"},
      {"long name",
       {{"FunctionName", std::string(65, 'n')}},
       400,
       "InvalidParameterValueException",
       "less than or equal to 64"},
      {"memory", {{"MemorySize", 127}}, 400, "ValidationException", "greater than or equal to 128"},
      {"much memory", {{"MemorySize", 10241}}, 400, "ValidationException", "less than or equal to 10240"},
      {"timeout", {{"Timeout", 1801}}, 400, "ValidationException", "less than or equal to 1800"},
      {"ruby",
       {{"Runtime", "ruby3.4"}},
       400,
       "InvalidParameterValueException",
       "The local Lambda has no ruby3.4. It runs"},
      {"go",
       {{"Runtime", "go1.x"}},
       400,
       "InvalidParameterValueException",
       "The runtime parameter of go1.x is no longer supported"},
      {"layers",
       {{"Layers", {"a", "b", "c", "d", "e", "f"}}},
       400,
       "InvalidParameterValueException",
       "Cannot reference more than 5 layers."},
      {"reserved",
       {{"Environment", {{"Variables", {{"AWS_REGION", "x"}}}}}},
       400,
       "InvalidParameterValueException",
       "Reserved keys used in this request: AWS_REGION"},
      {"large environment",
       {{"Environment", {{"Variables", {{"LARGE", std::string(4096, 'x')}}}}}},
       400,
       "InvalidParameterValueException",
       "exceeded the 4KB limit"},
      {"no zip",
       {{"Code", {{"ZipFile", base64_encode("no zip at all")}}}},
       400,
       "InvalidParameterValueException",
       "Could not unzip uploaded file."},
      {"S3", {{"Code", {{"S3Bucket", "b"}}}}, 400, "InvalidParameterValueException", "provide a source"},
      {"durable",
       {{"DurableConfig", {{"ExecutionTimeout", 60}}}},
       400,
       "InvalidParameterValueException",
       "does not support DurableConfig"},
      {"image", {{"PackageType", "Image"}}, 400, "InvalidParameterValueException", "container images"},
      {"type", {{"Timeout", "3"}}, 400, "SerializationException", "'Timeout' must be an integer"},
  };
  for (const auto& refused : cases) {
    auto body = Served::new_function("f");
    body.update(refused.change);
    const auto response = service->create(body);
    EXPECT_EQ(response.status, refused.status) << refused.what << response.body;
    EXPECT_EQ(type_of(response), refused.type) << refused.what;
    EXPECT_THAT(message_of(response), HasSubstr(refused.text)) << refused.what;
  }
  EXPECT_EQ(json_of(service->call("GET", "/2015-03-31/functions"))["Functions"].size(), 0u);
}

TEST_F(FunctionsTest, AZipOfMoreThanFiftyMegabytesIsTooLarge) {
  auto body = Served::new_function("f");
  body["Code"]["ZipFile"] = base64_encode(std::string(52'428'801, 'x'));
  const auto response = service->create(body);
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(type_of(response), "RequestEntityTooLargeException");
  EXPECT_EQ(message_of(response), "Zipped size must be smaller than 52428800 bytes");
}

TEST_F(FunctionsTest, TagsAreSetReadAndRemoved) {
  auto body = Served::new_function("f");
  body["Tags"] = {{"lambdapool", "1"}};
  ASSERT_EQ(service->create(body).status, 201);
  const std::string tags = "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af";
  EXPECT_EQ(service->call("POST", tags, json{{"Tags", {{"team", "a b"}, {"x", "y"}}}}).status, 204);
  EXPECT_EQ(service->call("DELETE", tags + "?tagKeys=x&tagKeys=lambdapool").status, 204);
  EXPECT_EQ(json_of(service->call("GET", tags))["Tags"], (json{{"team", "a b"}}));
  EXPECT_EQ(json_of(service->call("GET", "/2015-03-31/functions/f"))["Tags"], (json{{"team", "a b"}}));
}

TEST_F(FunctionsTest, ReservedConcurrencyIsSetReadAndRemoved) {
  service->create_active("f");
  const auto put =
      service->call("PUT", "/2017-10-31/functions/f/concurrency", json{{"ReservedConcurrentExecutions", 7}});
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(
      json_of(service->call("GET", "/2019-09-30/functions/f/concurrency"))["ReservedConcurrentExecutions"],
      7);
  const auto account = json_of(service->call("GET", "/2016-08-19/account-settings"));
  EXPECT_EQ(account["AccountLimit"]["UnreservedConcurrentExecutions"], 993);
  EXPECT_EQ(account["AccountUsage"]["FunctionCount"], 1);
  const auto greedy = service->call("PUT", "/2017-10-31/functions/f/concurrency",
                                    json{{"ReservedConcurrentExecutions", 901}});
  EXPECT_THAT(message_of(greedy), HasSubstr("below its minimum value of [100]"));
  EXPECT_EQ(service->call("DELETE", "/2017-10-31/functions/f/concurrency").status, 204);
  EXPECT_EQ(service->call("GET", "/2019-09-30/functions/f/concurrency").body, "{}");
}

}  // namespace
}  // namespace lambdapool::local
