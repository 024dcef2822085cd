#include "gcp/logging/entries.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lambdapool::gcp::logging {
namespace {

using std::chrono::milliseconds;

TEST(ListEntries, AsksForOneServiceFromATimeOn) {
  const auto request =
      list_entries_request({{"p", "us-central1"}, "s", Instant(milliseconds(1'700'000'000'007))});
  EXPECT_EQ(nlohmann::json::parse(request.body).at("filter"),
            R"(resource.type="cloud_run_revision" AND resource.labels.service_name="s" AND )"
            R"(resource.labels.location="us-central1" AND timestamp>="2023-11-14T22:13:20.007Z")");
}

TEST(ListEntries, ReadsTextAndJsonAndPassesOverWhatHasNone) {
  const auto page = parse_list_entries({200, {}, R"({"entries": [
      {"insertId": "1", "timestamp": "2023-11-14T22:13:20.007999Z", "textPayload": "hello",
       "labels": {"instanceId": "abc"}},
      {"insertId": "2", "timestamp": "2023-11-14T22:13:21Z", "jsonPayload": {"message": "task"},
       "labels": {"instanceId": "abc", "lambdapool_slot": "3"}},
      {"insertId": "3", "timestamp": "2023-11-14T22:13:21Z", "jsonPayload": {"message": "m", "n": 1},
       "resource": {"labels": {"revision_name": "s-1"}}},
      {"insertId": "4", "timestamp": "2023-11-14T22:13:21Z", "httpRequest": {"status": 200}},
      7], "nextPageToken": "more"})"});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->entries.size(), 3u);
  EXPECT_EQ(page->entries[0].time, Instant(milliseconds(1'700'000'000'007)));
  EXPECT_EQ(page->entries[0].text, "hello");
  EXPECT_EQ(page->entries[0].instance, "abc");
  EXPECT_EQ(page->entries[1].text, "task");
  EXPECT_EQ(page->entries[1].instance, "abc#3");
  EXPECT_EQ(page->entries[2].text, R"({"message":"m","n":1})");
  EXPECT_EQ(page->entries[2].instance, "s-1");
  EXPECT_EQ(page->next_page_token, "more");
}

TEST(ListEntries, MayBeEmptyAndGoOn) {
  const auto page = parse_list_entries({200, {}, R"({"nextPageToken": "more"})"});
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->entries.empty());
  EXPECT_EQ(page->next_page_token, "more");
}

TEST(ListEntries, SaysWhatWasRefused) {
  const auto page =
      parse_list_entries({403, {}, R"({"error": {"message": "no", "status": "PERMISSION_DENIED"}})"});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, ErrorKind::access_denied);
}

}  // namespace
}  // namespace lambdapool::gcp::logging
