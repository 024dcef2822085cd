#include "gcp/run/services.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lambdapool::gcp::run {
namespace {

using testing::HasSubstr;

Service a_service() {
  Service service;
  service.name = "projects/p/locations/l/services/s";
  service.labels = {{"lambdapool", "0-10-0"}};
  service.annotations = {{"lambdapool.dev/name", "S"}};
  service.base_image = "python311";
  service.command = {"python3"};
  service.arguments = {"worker.py"};
  service.bucket = "b";
  service.object = "o.tar.gz";
  service.generation = "17";
  service.environment = {{"A", "1"}};
  service.memory_mb = 1'024;
  service.timeout = std::chrono::seconds(42);
  service.concurrency = 3;
  service.instances_max = 7;
  return service;
}

TEST(Services, AreReadAsTheyWereWritten) {
  auto body = nlohmann::json::parse(service_body(a_service()));
  body["name"] = "projects/p/locations/l/services/s";
  const auto read = parse_get_service({200, {}, body.dump()});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(service_body(*read), service_body(a_service()));
  EXPECT_EQ(read->id(), "s");
}

TEST(Services, AreCreatedAndChangedByName) {
  EXPECT_EQ(create_service_request(a_service(), ValidateOnly::yes).target,
            "/v2/projects/p/locations/l/services?serviceId=s&validateOnly=true");
  const auto update = update_service_request(a_service());
  EXPECT_EQ(update.method, "PATCH");
  EXPECT_THAT(update.target, HasSubstr("/v2/projects/p/locations/l/services/s?updateMask=labels%2C"));
}

TEST(Services, HaveTrafficAsItWasAskedForAndAsItIsInForce) {
  Service service = a_service();
  service.traffic = {{.percent = 100}, {.revision = "s-00002-ab", .tag = "v1"}};
  auto body = nlohmann::json::parse(update_traffic_request(service).body);
  body["name"] = service.name;
  body["trafficStatuses"] = {
      {{"type", "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"}, {"tag", "v1"}, {"uri", "https://v1---s"}}};
  const auto read = parse_get_service({200, {}, body.dump()});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(traffic_body(*read), traffic_body(service));
  ASSERT_EQ(read->traffic_in_force.size(), 1u);
  EXPECT_EQ(read->traffic_in_force.front().uri, "https://v1---s");
}

TEST(Services, KeepWhatOtherToolsHaveSet) {
  const auto read = parse_service(R"({"name": "projects/p/locations/l/services/s",
    "scaling": {"minInstanceCount": 2, "maxInstanceCount": 5},
    "template": {"vpcAccess": {"connector": "c"}, "revision": "s-1", "containers": [
      {"image": "i", "env": [{"name": "A", "value": "1"}, {"name": "KEY", "valueSource": {"secretKeyRef": {}}}],
       "resources": {"limits": {"memory": "1Gi", "nvidia.com/gpu": "1"}}, "volumeMounts": [{"name": "v"}]},
      {"name": "beside"}]}})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->environment, (std::map<std::string, std::string>{{"A", "1"}}));
  const auto body = nlohmann::json::parse(service_body(*read));
  EXPECT_EQ(body["scaling"], (nlohmann::json{{"minInstanceCount", 2}, {"maxInstanceCount", 5}}));
  const auto& revision = body["template"];
  EXPECT_EQ(revision["vpcAccess"]["connector"], "c");
  EXPECT_FALSE(revision.contains("revision"));
  EXPECT_EQ(revision["containers"][1]["name"], "beside");
  const auto& own = revision["containers"][0];
  EXPECT_EQ(own["env"].size(), 2u);
  EXPECT_EQ(own["env"][0]["name"], "KEY");
  EXPECT_EQ(own["volumeMounts"][0]["name"], "v");
  EXPECT_EQ(own["resources"]["limits"]["memory"], "1024Mi");
  EXPECT_EQ(own["resources"]["limits"]["nvidia.com/gpu"], "1");
}

TEST(Services, SayWhatIsStillOnItsWay) {
  const auto of = [](const char* conditions) {
    const auto operation =
        parse_operation({200, {}, std::string(R"({"name":"o","metadata":{"name":"s",)") + conditions + "}}"});
    return operation ? operation->on_its_way : "no operation";
  };
  EXPECT_EQ(of(R"("terminalCondition":{"state":"CONDITION_RECONCILING","message":"Deploying."})"),
            "Deploying.");
  EXPECT_EQ(of(R"("conditions":[{"state":"CONDITION_SUCCEEDED","message":"done"},
                                {"type":"RoutesReady","state":"CONDITION_PENDING"}])"),
            "Routing traffic");
  EXPECT_EQ(of(R"("terminalCondition":{"state":"CONDITION_SUCCEEDED","message":"done"})"), "");
}

TEST(Services, HaveTheSettingsOfTheRevisionThatServes) {
  Service service = a_service();
  service.latest_ready_revision = service.name + "/revisions/s-00001-ab";
  EXPECT_EQ(serving_revision(service), "s-00001-ab");
  service.traffic_in_force = {{.percent = 0, .tag = "v1"}, {.revision = "s-00003-cd", .percent = 100}};
  EXPECT_EQ(serving_revision(service), "s-00003-cd");
  const auto serving = with_revision(service, R"({"name":"r","timeout":"9s","annotations":{"a":"1"},
    "containers":[{"env":[{"name":"B","value":"2"}],"resources":{"limits":{"memory":"256Mi"}}}]})");
  ASSERT_TRUE(serving);
  EXPECT_EQ(serving->memory_mb, 256);
  EXPECT_EQ(serving->timeout, std::chrono::seconds(9));
  EXPECT_EQ(serving->environment, (std::map<std::string, std::string>{{"B", "2"}}));
  EXPECT_EQ(serving->labels, service.labels);
  EXPECT_FALSE(with_revision(service, "{}"));
}

TEST(Services, RevisionsTellWhenTheyWereMade) {
  const auto time = parse_revision_time({200, {}, R"({"createTime":"2026-11-28T14:00:00.123456Z"})"});
  ASSERT_TRUE(time);
  EXPECT_EQ(time->time_since_epoch(), std::chrono::seconds(1'795'874'400));
  EXPECT_FALSE(parse_revision_time({200, {}, R"({"createTime":7})"}));
}

TEST(Services, HaveTheirCodeUploadedInTwoParts) {
  const auto request = upload_source_request({"p", "l"}, "s", "bytes", "b");
  EXPECT_EQ(request.target, "/upload/v2/projects/p/locations/l:uploadSource?uploadType=multipart");
  EXPECT_EQ(request.body,
            "--b\r\nContent-Type: application/json\r\n\r\n{\"service\":\"s\"}\r\n"
            "--b\r\nContent-Type: application/octet-stream\r\n\r\nbytes\r\n--b--\r\n");
  const auto source = parse_upload_source(
      {200, {}, R"({"cloudStorageSource":{"bucket":"b","object":"o","generation":"7"}})"});
  ASSERT_TRUE(source);
  EXPECT_EQ(source->object, "o");
  EXPECT_FALSE(parse_upload_source({200, {}, R"({"cloudStorageSource":{"bucket":"b"}})"}));
}

TEST(Services, OfAPageGoOnWithTheNext) {
  const auto page = parse_list_services(
      {200, {}, R"({"services":[{"name":"projects/p/locations/l/services/s"}],"nextPageToken":"t"})"});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->services.size(), 1u);
  EXPECT_EQ(page->next_page_token, "t");
  EXPECT_EQ(list_services_request({"p", "l"}, "t/").target,
            "/v2/projects/p/locations/l/services?pageToken=t%2F");
  EXPECT_TRUE(parse_list_services({200, {}, "{}"})->services.empty());
}

TEST(Services, ComeOutOfOperationsOnceTheseAreDone) {
  const auto open = parse_operation({200, {}, R"({"name":"o"})"});
  ASSERT_TRUE(open);
  EXPECT_FALSE(open->service);
  const auto done = parse_operation(
      {200, {}, R"({"name":"o","done":true,"response":{"name":"projects/p/locations/l/services/s"}})"});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->service->id(), "s");
  const auto failed =
      parse_operation({200, {}, R"({"name":"o","done":true,"error":{"code":7,"message":"no"}})"});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::access_denied);
}

TEST(Services, RefusedSayWhy) {
  const auto refused = parse_get_service(
      {403,
       {},
       R"({"error":{"code":403,"message":"API not enabled","status":"PERMISSION_DENIED",)"
       R"("details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED"}]}})"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::access_denied);
  EXPECT_EQ(refused.error().message, "API not enabled");
  EXPECT_EQ(refused.error().reason, "SERVICE_DISABLED");
  EXPECT_EQ(parse_get_service({502, {}, "<html>"}).error().kind, ErrorKind::service);
}

}  // namespace
}  // namespace lambdapool::gcp::run
