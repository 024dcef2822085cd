#include "identity/source_fetcher.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace lambdapool::identity {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Takes connections and never says a word.
class SilentServer {
 public:
  SilentServer() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_, 16), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentServer() { ::close(fd_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  const std::string& url() const { return url_; }

 private:
  int fd_;
  std::string url_;
};

class SourceFetcherTest : public testing::Test {
 protected:
  SourceFetcherTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "lambdapool-fetcher-XXXXXX";
    home_ = ::mkdtemp(pattern.data());
  }
  ~SourceFetcherTest() override { std::filesystem::remove_all(home_); }

  FetchOptions options(const std::string& config, std::map<std::string, std::string> more = {}) {
    const auto file = home_ / ("config-" + std::to_string(++files_));
    std::ofstream(file) << config;
    more.insert({{"HOME", home_.string()},
                 {"AWS_CONFIG_FILE", file.string()},
                 {"PATH", "/usr/bin:/bin"},
                 {"AWS_EC2_METADATA_DISABLED", "true"}});
    FetchOptions options;
    options.environment = Environment(std::move(more));
    return options;
  }
  FetchOptions silent_sts() {
    return options(
        "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\nregion = us-east-1\n"
        "[profile base]\naws_access_key_id = AKID\naws_secret_access_key = s\n",
        {{"AWS_ENDPOINT_URL_STS", server_.url()}});
  }

  SilentServer server_;
  std::filesystem::path home_;
  int files_ = 0;
};

const char* const endless_process = "[default]\ncredential_process = sleep 600\n";

TEST_F(SourceFetcherTest, ACredentialProcessThatDoesNotEndIsEnded) {
  auto patient = options(endless_process);
  patient.process_time = 50ms;
  const auto fetched = SourceFetcher(patient).fetch();
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().kind, ErrorKind::credentials);
  EXPECT_THAT(fetched.error().message, HasSubstr("sleep did not end within"));
}

TEST_F(SourceFetcherTest, WhoeverWaitsMayGiveUp) {
  auto sources = {options(endless_process), silent_sts(),
                  options("", {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server_.url()}}),
                  options("", {{"AWS_EC2_METADATA_DISABLED", "false"},
                               {"AWS_METADATA_SERVICE_TIMEOUT", "600"},
                               {"AWS_EC2_METADATA_SERVICE_ENDPOINT", server_.url()}})};
  for (auto source : sources) {
    int asked = 0;
    source.give_up = [&] { return ++asked == 3; };
    const auto fetched = SourceFetcher(source).fetch();
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().kind, ErrorKind::cancelled) << fetched.error().message;
    EXPECT_EQ(asked, 3) << "who has said so is not asked again";
  }
}

TEST_F(SourceFetcherTest, AnotherThreadMayStopIt) {
  for (const auto& source : {options(endless_process), silent_sts()}) {
    SourceFetcher fetcher(source);
    std::thread stopper([&] { fetcher.stop(); });
    const auto fetched = fetcher.fetch();
    stopper.join();
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().kind, ErrorKind::cancelled) << fetched.error().message;
  }
}

}  // namespace
}  // namespace lambdapool::identity
