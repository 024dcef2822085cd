// What the home holds may be broken, by a disk or by a hand: what is read is checked, and one broken part
// does not stop the others.
#include <sqlite3.h>

#include <fstream>

#include "local/control/control_plane_fixture.hpp"

namespace lambdapool::local {
namespace {

using nlohmann::json;
using testing::HasSubstr;
namespace fs = std::filesystem;

class DamageTest : public ControlPlaneTest {
 protected:
  void execute(const std::string& sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open((home / "lambdapool.db").c_str(), &handle), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }
  const std::string sha256 = sha256_hex(zip_of("x = 1"));
  const fs::path unpacked = home / "code" / sha256;
  const fs::path zip = home / "zips" / (sha256 + ".zip");
};

class BrokenRow : public DamageTest, public testing::WithParamInterface<const char*> {};

TEST_P(BrokenRow, IsAFunctionThatFailedAndCanBeDeleted) {
  service->create_active("broken");
  service->create_active("whole");
  execute("UPDATE versions SET " + std::string(GetParam()) + " WHERE function = 'broken'");
  const auto listed = json_of(service->call("GET", "/2015-03-31/functions"));
  EXPECT_EQ(listed["Functions"].size(), 2u);
  const auto shown = json_of(service->call("GET", "/2015-03-31/functions/broken/configuration"));
  EXPECT_EQ(shown["State"], "Failed");
  EXPECT_THAT(shown["StateReason"].get<std::string>(), HasSubstr("delete the function and create it again"));
  const auto invoked = service->invoke("broken");
  EXPECT_EQ(invoked.status, 409);
  EXPECT_THAT(message_of(invoked), HasSubstr("damaged"));
  const auto updated =
      service->call("PUT", "/2015-03-31/functions/broken/configuration", json{{"Timeout", 9}});
  EXPECT_EQ(updated.status, 409);
  EXPECT_THAT(message_of(updated), HasSubstr("damaged"));
  EXPECT_EQ(service->invoke("whole").status, 200);
  EXPECT_EQ(service->call("GET", "/2016-08-19/account-settings").status, 200);
  EXPECT_EQ(service->call("DELETE", "/2015-03-31/functions/broken").status, 204);
  service->create_active("broken");
  EXPECT_EQ(service->invoke("broken").status, 200);
}

INSTANTIATE_TEST_SUITE_P(Damage, BrokenRow,
                         testing::Values("config = '{'", "config = ''", "config = '[]'", "config = '{}'",
                                         "live = 'x'", "config = x'ff00'",
                                         "config = json_set(config, '$.timeout_s', 'soon')",
                                         "config = json_set(config, '$.timeout_s', 1e300)",
                                         "config = json_set(config, '$.memory_mb', 99999999999)",
                                         "config = json_set(config, '$.code.sha256', '../../etc')"));

class BrokenSetting : public DamageTest, public testing::WithParamInterface<const char*> {};

TEST_P(BrokenSetting, IsToldByTheFunctionThatItBelongsToAndByNoOther) {
  const auto url_of = [](const std::string& name) { return "/2021-10-31/functions/" + name + "/url"; };
  const auto events_of = [](const std::string& name) {
    return "/2019-09-25/functions/" + name + "/event-invoke-config";
  };
  const auto policy_of = [](const std::string& name) { return "/2015-03-31/functions/" + name + "/policy"; };
  for (const auto* name : {"broken", "whole"}) {
    service->create_active(name);
    ASSERT_EQ(service->call("POST", url_of(name), json{{"AuthType", "AWS_IAM"}}).status, 201);
    ASSERT_EQ(service->call("PUT", events_of(name), json{{"MaximumRetryAttempts", 1}}).status, 200);
    const json everybody{{"StatementId", "s"}, {"Principal", "*"}, {"Action", "lambda:InvokeFunction"}};
    ASSERT_EQ(service->call("POST", policy_of(name), everybody).status, 201);
  }
  execute("UPDATE settings SET content = '" + std::string(GetParam()) + "' WHERE function = 'broken'");
  for (const auto& path : {url_of("broken"), url_of("broken") + "s", events_of("broken"),
                           events_of("broken") + "/list", policy_of("broken")}) {
    const auto told = service->call("GET", path);
    EXPECT_EQ(told.status, 500) << path;
    EXPECT_THAT(message_of(told), HasSubstr("settings of broken is damaged: delete the function")) << path;
  }
  for (const auto& path : {url_of("whole"), url_of("whole") + "s", events_of("whole"), policy_of("whole")})
    EXPECT_EQ(service->call("GET", path).status, 200) << path;
  EXPECT_EQ(service->invoke("whole").status, 200);
  EXPECT_EQ(service->call("DELETE", "/2015-03-31/functions/broken").status, 204);
}

INSTANTIATE_TEST_SUITE_P(Damage, BrokenSetting,
                         testing::Values("{", "null", "[1]", "",
                                         R"({"Id":1,"AuthType":2,"Cors":3,"Statement":4,)"
                                         R"("MaximumRetryAttempts":"x"})"));

TEST_F(DamageTest, AVersionIsPublishedWhateverItsNumber) {
  service->create_active("f");
  execute("UPDATE functions SET next_version = 1000000000000000000");
  const auto published = service->call("POST", "/2015-03-31/functions/f/versions", json::object());
  EXPECT_EQ(json_of(published)["Version"], "1000000000000000000");
}

TEST_F(DamageTest, ABrokenRowDoesNotKeepAServiceFromStarting) {
  service->create_active("f");
  service.reset();
  execute("UPDATE versions SET config = '{', phase = 'updating'");
  service = std::make_unique<Served>(home);
  EXPECT_EQ(service->call("GET", "/2015-03-31/functions").status, 200);
}

TEST_F(DamageTest, ABrokenLayerIsNamed) {
  const json layer{{"Content", {{"ZipFile", base64_encode(zip_of("x = 1"))}}}};
  ASSERT_EQ(service->call("POST", "/2018-10-31/layers/l/versions", layer).status, 201);
  execute("UPDATE layer_versions SET content = '{'");
  const auto got = service->call("GET", "/2018-10-31/layers/l/versions/1");
  EXPECT_EQ(got.status, 500);
  EXPECT_THAT(message_of(got), HasSubstr("layer version l:1 is damaged"));
  EXPECT_EQ(service->call("DELETE", "/2018-10-31/layers/l/versions/1").status, 204);
  EXPECT_EQ(service->call("GET", "/2018-10-31/layers").status, 200);
}

TEST_F(DamageTest, CodeThatIsGoneIsUnpackedAgainFromItsZip) {
  service->create_active("f");
  EXPECT_EQ(service->invoke("f").status, 200);
  fs::remove_all(unpacked);
  EXPECT_EQ(service->invoke("f").status, 200);
  EXPECT_TRUE(fs::exists(unpacked / "handler.py"));
}

TEST_F(DamageTest, CodeWhoseZipIsGoneTooIsToldAndComesBackWithTheNextUpdate) {
  service->create_active("f");
  fs::remove_all(unpacked);
  std::ofstream(zip) << "no zip";
  const auto refused = service->invoke("f");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(message_of(refused), HasSubstr(zip.string() + ", is damaged"));
  const auto shown = json_of(service->call("GET", "/2015-03-31/functions/f/configuration"));
  EXPECT_EQ(shown["LastUpdateStatus"], "Failed");
  EXPECT_THAT(shown["LastUpdateStatusReason"].get<std::string>(), HasSubstr(unpacked.string()));
  const json code{{"ZipFile", base64_encode(zip_of("x = 1"))}};
  EXPECT_EQ(service->call("PUT", "/2015-03-31/functions/f/code", code).status, 200);
  EXPECT_EQ(service->wait_until_settled("f")["LastUpdateStatus"], "Successful");
  EXPECT_EQ(service->invoke("f").status, 200);
  EXPECT_FALSE(CodeStore::find_damage(home, sha256));
}

TEST_F(DamageTest, APackageThatIsNotWholeIsNoticed) {
  service->create_active("f");
  EXPECT_FALSE(CodeStore::find_damage(home, sha256));
  std::ofstream(unpacked / "handler.py") << "x = 12345";
  const auto changed = CodeStore::find_damage(home, sha256);
  ASSERT_TRUE(changed);
  EXPECT_THAT(changed->what, HasSubstr("handler.py is not there as deployed"));
  EXPECT_TRUE(changed->is_mended_by_use);
  fs::remove(zip);
  EXPECT_FALSE(CodeStore::find_damage(home, sha256)->is_mended_by_use);
}

TEST_F(DamageTest, AFileThatIsGoneOrCutOffComesBackWithTheFirstCallOfAService) {
  service->create_active("f");
  const auto mended = [&] {
    service = std::make_unique<Served>(home);  // what was looked through is not looked through again
    EXPECT_EQ(service->invoke("f").status, 200);
    return !CodeStore::find_damage(home, sha256);
  };
  std::ofstream(unpacked / "other") << "somebody else's, left alone";
  fs::remove(unpacked / "handler.py");
  EXPECT_TRUE(mended());
  fs::resize_file(unpacked / "handler.py", 1);
  EXPECT_TRUE(mended());
  fs::remove(unpacked / "handler.py");
  fs::create_directories(unpacked / "handler.py" / "in the way");
  EXPECT_TRUE(mended());
  EXPECT_TRUE(fs::exists(unpacked / "other"));
  EXPECT_TRUE(fs::is_empty(home / "incoming"));
}

}  // namespace
}  // namespace lambdapool::local
