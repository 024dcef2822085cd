// What lives in the home: shared by services, finished after crashes, cleared of what nobody needs.
#include <sqlite3.h>

#include <barrier>
#include <fstream>
#include <future>

#include "local/control/control_plane_fixture.hpp"
#include "local/store/function_table.hpp"

namespace lambdapool::local {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class HomeTest : public ControlPlaneTest {
 protected:
  std::size_t packages() const {
    const auto entries = std::filesystem::directory_iterator(home / "code");
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }
  void execute(const char* sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open((home / "lambdapool.db").c_str(), &handle), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }
};

TEST_F(HomeTest, TwoServicesShareOneHome) {
  Served other(home);
  service->create_active("f", "x = 1");
  EXPECT_EQ(other.invoke("f").status, 200);
  const auto before = other.workers.wait_for_call(1).function;
  service->call("PUT", "/2015-03-31/functions/f/code", json{{"ZipFile", base64_encode(zip_of("x = 2"))}});
  service->wait_until_settled("f");
  EXPECT_EQ(other.invoke("f").status, 200);
  EXPECT_NE(other.workers.wait_for_call(2).function->code, before->code);
  EXPECT_TRUE(other.workers.wait_for_retirement(before->key));
  service->call("DELETE", "/2015-03-31/functions/f");
  EXPECT_EQ(other.invoke("f").status, 404);
}

TEST_F(HomeTest, StateOutlivesTheService) {
  service->create_active("f");
  service.reset();
  service = std::make_unique<Served>(home);
  EXPECT_EQ(service->invoke("f").status, 200);
}

TEST_F(HomeTest, WhatACrashLeftHalfDoneIsFinished) {
  service->create_active("f");
  const auto sha256 = sha256_hex(zip_of("x = 1"));
  service.reset();
  execute("UPDATE versions SET phase = 'creating', live = NULL");
  std::filesystem::remove_all(home / "code" / sha256);
  service = std::make_unique<Served>(home);
  EXPECT_EQ(service->wait_until_settled("f")["State"], "Active");
  EXPECT_TRUE(std::filesystem::exists(home / "code" / sha256 / "handler.py"));
}

TEST_F(HomeTest, WhatCannotBeFinishedFailsWithAReason) {
  service->create_active("f");
  const auto sha256 = sha256_hex(zip_of("x = 1"));
  service.reset();
  execute("UPDATE versions SET phase = 'creating', live = NULL");
  std::filesystem::remove_all(home / "code" / sha256);
  std::filesystem::remove(home / "zips" / (sha256 + ".zip"));
  service = std::make_unique<Served>(home);
  const auto failed = service->wait_until_settled("f");
  EXPECT_EQ(failed["State"], "Failed");
  EXPECT_THAT(failed["StateReason"].get<std::string>(), HasSubstr(sha256));
  EXPECT_THAT(message_of(service->invoke("f")), HasSubstr("Failed"));
}

TEST_F(HomeTest, PendingAndInProgressBlockWhatAwsBlocks) {
  service->create_active("f");
  execute("UPDATE versions SET phase = 'updating', changed_ms = 9000000000000");
  const json timeout{{"Timeout", 9}};
  auto blocked = service->call("PUT", "/2015-03-31/functions/f/configuration", timeout);
  EXPECT_EQ(blocked.status, 409);
  EXPECT_EQ(message_of(blocked),
            "The operation cannot be performed at this time. An update is in progress for resource: "
            "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_EQ(service->call("POST", "/2015-03-31/functions/f/versions", json::object()).status, 409);
  EXPECT_EQ(service->invoke("f").status, 200);
  execute("UPDATE versions SET phase = 'creating', live = NULL");
  for (const auto& answer :
       {service->call("PUT", "/2015-03-31/functions/f/configuration", timeout), service->invoke("f")}) {
    EXPECT_EQ(answer.status, 409);
    EXPECT_THAT(message_of(answer), HasSubstr("The function is currently in the following state: Pending"));
  }
}

TEST_F(HomeTest, CodeThatNobodyRefersToIsCollected) {
  service->create_active("f", "x = 1");
  service->create_active("g", "x = 2");
  EXPECT_EQ(packages(), 2u);
  service->call("DELETE", "/2015-03-31/functions/f");
  service.reset();
  service = std::make_unique<Served>(home);  // at the latest
  while (packages() != 1u) service->call("GET", "/2015-03-31/functions");
  EXPECT_TRUE(std::filesystem::exists(home / "code" / sha256_hex(zip_of("x = 2"))));
}

TEST_F(HomeTest, CodeThatStillRunsIsSpared) {
  service->create_active("f", "x = 1");
  service->workers.answer(nullptr);
  service->invoke("f", "1", {{"x-amz-invocation-type", "Event"}});
  const auto running = service->workers.wait_for_call(1).function;
  service->call("DELETE", "/2015-03-31/functions/f");
  service->workers.answer(FakeWorkers::echo);
  for (int i = 0; i < 3; ++i) {  // each of them collects behind itself
    const auto name = "g" + std::to_string(i);
    service->create_active(name, name);
    service->call("DELETE", "/2015-03-31/functions/" + name);
  }
  EXPECT_TRUE(std::filesystem::exists(running->code / "handler.py"));
}

TEST_F(HomeTest, ManyMayOpenANewHomeAtOnce) {
  for (int round = 0; round < 20; ++round) {
    const auto fresh = home / ("fresh" + std::to_string(round));
    std::filesystem::create_directory(fresh);
    std::barrier together(6);
    std::vector<std::future<std::string>> errors;
    for (int opener = 0; opener < 6; ++opener) {
      errors.push_back(std::async(std::launch::async, [&] {
        together.arrive_and_wait();
        const auto opened = open_database(fresh);
        return opened ? std::string() : opened.error().message;
      }));
    }
    for (auto& error : errors) EXPECT_EQ(error.get(), "");
  }
}

TEST_F(HomeTest, AHomeOfANewerLambdapoolIsRefused) {
  service.reset();
  execute("PRAGMA user_version = 99");
  const auto opened = open_database(home);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::io);
  EXPECT_THAT(opened.error().message, HasSubstr("was made by a newer lambdapool"));
}

TEST_F(HomeTest, ADamagedDatabaseIsNamed) {
  service.reset();
  for (const char* ending : {"-wal", "-shm", ""})
    std::filesystem::remove(home / ("lambdapool.db" + std::string(ending)));
  std::ofstream(home / "lambdapool.db") << std::string(8192, 'x');
  const auto opened = open_database(home);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("lambdapool.db"));
  EXPECT_THAT(opened.error().message, HasSubstr("move it away to start afresh"));
}

TEST_F(HomeTest, AHomeThatIsNoDirectoryIsNamed) {
  const auto opened = open_database(home / "services.lock");
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("LAMBDAPOOL_HOME"));
}

}  // namespace
}  // namespace lambdapool::local
