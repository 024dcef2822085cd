// Versions, aliases and layers, as an SDK sees them.
#include "local/control/control_plane_fixture.hpp"

namespace lambdapool::local {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class VersionsTest : public ControlPlaneTest {
 protected:
  void SetUp() override { service->create_active("f", "x = 1"); }
  json publish() {
    const auto published = service->call("POST", "/2015-03-31/functions/f/versions", json::object());
    EXPECT_EQ(published.status, 201) << published.body;
    const auto version = json_of(published)["Version"].get<std::string>();
    service->wait_until_settled("f:" + version);
    return json_of(published);
  }
  void update(const std::string& content) {
    const auto updated = service->call("PUT", "/2015-03-31/functions/f/code",
                                       json{{"ZipFile", base64_encode(zip_of(content))}});
    EXPECT_EQ(updated.status, 200) << updated.body;
    service->wait_until_settled("f");
  }
  http::Response alias(const std::string& name, const json& rest) {
    auto body = rest;
    body["Name"] = name;
    return service->call("POST", "/2015-03-31/functions/f/aliases", body);
  }
};

TEST_F(VersionsTest, AVersionKeepsItsCodeWhenTheFunctionChanges) {
  const auto first = publish();
  EXPECT_EQ(first["Version"], "1");
  EXPECT_EQ(first["State"], "Active");
  EXPECT_EQ(first["FunctionArn"], "arn:aws:lambda:us-east-1:000000000000:function:f:1");
  update("x = 2");
  const auto answer = service->invoke("f:1");
  EXPECT_EQ(answer.headers.get("x-amz-executed-version"), "1");
  const auto seen = service->workers.wait_for_call(1);
  EXPECT_EQ(seen.function->code.filename(), sha256_hex(zip_of("x = 1")));
  EXPECT_EQ(seen.invocation.invoked_arn, "arn:aws:lambda:us-east-1:000000000000:function:f:1");
}

TEST_F(VersionsTest, PublishingWithoutAChangeAnswersTheSameVersion) {
  EXPECT_EQ(publish()["Version"], "1");
  EXPECT_EQ(publish()["Version"], "1");
  update("x = 2");
  EXPECT_EQ(publish()["Version"], "2");
  const auto all = json_of(service->call("GET", "/2015-03-31/functions/f/versions"))["Versions"];
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]["Version"], "$LATEST");
  EXPECT_EQ(all[2]["FunctionArn"], "arn:aws:lambda:us-east-1:000000000000:function:f:2");
}

TEST_F(VersionsTest, AnUpdateMayPublish) {
  const auto updated = service->call("PUT", "/2015-03-31/functions/f/code",
                                     json{{"ZipFile", base64_encode(zip_of("x = 2"))}, {"Publish", true}});
  EXPECT_EQ(json_of(updated)["Version"], "1");
  EXPECT_EQ(json_of(updated)["State"], "Pending");
  EXPECT_EQ(service->wait_until_settled("f:1")["CodeSha256"], sha256_base64(zip_of("x = 2")));
}

TEST_F(VersionsTest, ADeletedVersionLeavesTheRest) {
  publish();
  EXPECT_EQ(service->call("DELETE", "/2015-03-31/functions/f?Qualifier=1").status, 204);
  EXPECT_EQ(service->invoke("f:1").status, 404);
  EXPECT_EQ(service->invoke("f").status, 200);
  update("x = 2");
  EXPECT_EQ(publish()["Version"], "2");
}

TEST_F(VersionsTest, AnAliasLeadsToItsVersionAndIsMoved) {
  publish();
  update("x = 2");
  publish();
  const auto created = alias("live", {{"FunctionVersion", "1"}, {"Description", "d"}});
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(json_of(created)["AliasArn"], "arn:aws:lambda:us-east-1:000000000000:function:f:live");
  EXPECT_EQ(service->invoke("f:live").headers.get("x-amz-executed-version"), "1");
  EXPECT_EQ(
      service->call("PUT", "/2015-03-31/functions/f/aliases/live", json{{"FunctionVersion", "2"}}).status,
      200);
  EXPECT_EQ(service->invoke("f:live").headers.get("x-amz-executed-version"), "2");
  const auto all = json_of(service->call("GET", "/2015-03-31/functions/f/aliases"))["Aliases"];
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0]["Description"], "d");
  EXPECT_EQ(service->call("DELETE", "/2015-03-31/functions/f?Qualifier=2").status, 409);
  EXPECT_EQ(service->call("DELETE", "/2015-03-31/functions/f/aliases/live").status, 204);
  EXPECT_EQ(service->invoke("f:live").status, 404);
  EXPECT_EQ(service->call("GET", "/2015-03-31/functions/f/aliases/live").status, 404);
}

TEST_F(VersionsTest, AnAliasMaySplitItsInvocations) {
  publish();
  update("x = 2");
  publish();
  const json routing{{"AdditionalVersionWeights", {{"2", 1.0}}}};
  ASSERT_EQ(alias("live", {{"FunctionVersion", "1"}, {"RoutingConfig", routing}}).status, 201);
  EXPECT_EQ(service->invoke("f:live").headers.get("x-amz-executed-version"), "2");
}

TEST_F(VersionsTest, AliasesAreChecked) {
  EXPECT_EQ(alias("live", {{"FunctionVersion", "7"}}).status, 404);
  EXPECT_EQ(type_of(alias("12", {{"FunctionVersion", "$LATEST"}})), "ValidationException");
  ASSERT_EQ(alias("live", {{"FunctionVersion", "$LATEST"}}).status, 201);
  EXPECT_EQ(alias("live", {{"FunctionVersion", "$LATEST"}}).status, 409);
}

class LayersTest : public ControlPlaneTest {
 protected:
  json publish(const std::string& name, const std::string& content) {
    const auto published = service->call("POST", "/2018-10-31/layers/" + name + "/versions",
                                         json{{"Content", {{"ZipFile", base64_encode(zip_of(content))}}},
                                              {"CompatibleRuntimes", {"python3.11"}}});
    EXPECT_EQ(published.status, 201) << published.body;
    return json_of(published);
  }
};

TEST_F(LayersTest, AFunctionRunsWithItsLayersEvenAfterTheirDeletion) {
  const auto layer = publish("numbers", "layer = 1");
  EXPECT_EQ(layer["LayerVersionArn"], "arn:aws:lambda:us-east-1:000000000000:layer:numbers:1");
  auto body = Served::new_function("f");
  body["Layers"] = {layer["LayerVersionArn"]};
  const auto created = service->create(body);
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(json_of(created)["Layers"][0]["Arn"], layer["LayerVersionArn"]);
  service->wait_until_settled("f");
  EXPECT_EQ(service->call("DELETE", "/2018-10-31/layers/numbers/versions/1").status, 204);
  service->invoke("f");
  const auto seen = service->workers.wait_for_call(1).function;
  ASSERT_EQ(seen->layers.size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(seen->layers[0] / "handler.py"));
}

TEST_F(LayersTest, LayersAreListedNewestVersionFirst) {
  publish("a", "1");
  publish("a", "2");
  publish("b", "3");
  const auto layers =
      json_of(service->call("GET", "/2018-10-31/layers?CompatibleRuntime=python3.11"))["Layers"];
  ASSERT_EQ(layers.size(), 2u);
  EXPECT_EQ(layers[0]["LatestMatchingVersion"]["Version"], 2);
  const auto versions = json_of(service->call("GET", "/2018-10-31/layers/a/versions?MaxItems=1"));
  EXPECT_EQ(versions["LayerVersions"][0]["Version"], 2);
  EXPECT_EQ(versions["NextMarker"], "2");
  const auto rest = json_of(service->call("GET", "/2018-10-31/layers/a/versions?Marker=2"));
  EXPECT_EQ(rest["LayerVersions"][0]["Version"], 1);
  EXPECT_EQ(service->call("GET", "/2018-10-31/layers?CompatibleRuntime=java21").body, R"({"Layers":[]})");
}

TEST_F(LayersTest, AVersionIsReadByNumberAndByArn) {
  publish("a", "1");
  const auto by_number = json_of(service->call("GET", "/2018-10-31/layers/a/versions/1"));
  EXPECT_EQ(by_number["Content"]["CodeSha256"], sha256_base64(zip_of("1")));
  const auto by_arn = service->call(
      "GET",
      "/2018-10-31/"
      "layers?find=LayerVersion&Arn=arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Alayer%3Aa%3A1");
  EXPECT_EQ(json_of(by_arn)["LayerVersionArn"], by_number["LayerVersionArn"]);
  const auto missing = service->call("GET", "/2018-10-31/layers/a/versions/9");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(message_of(missing), "The resource you requested does not exist.");
}

TEST_F(LayersTest, NumbersAreNeverGivenTwice) {
  publish("a", "1");
  service->call("DELETE", "/2018-10-31/layers/a/versions/1");
  EXPECT_EQ(service->call("DELETE", "/2018-10-31/layers/a/versions/1").status, 204);
  EXPECT_EQ(publish("a", "1")["Version"], 2);
}

TEST_F(LayersTest, AMissingLayerIsNamed) {
  auto body = Served::new_function("f");
  body["Layers"] = {"arn:aws:lambda:us-east-1:000000000000:layer:none:1"};
  EXPECT_EQ(message_of(service->create(body)),
            "Layer version arn:aws:lambda:us-east-1:000000000000:layer:none:1 does not exist.");
}

}  // namespace
}  // namespace lambdapool::local
