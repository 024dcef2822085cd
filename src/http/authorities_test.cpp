#include "http/authorities.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace lambdapool::http {
namespace {

namespace fs = std::filesystem;

class AuthoritiesTest : public testing::Test {
 protected:
  ~AuthoritiesTest() override { fs::remove_all(top_); }

  void put(const fs::path& file, const std::string& text = "a certificate") {
    fs::create_directories((top_ / file).parent_path());
    std::ofstream(top_ / file) << text;
  }
  std::optional<Authorities> find() { return find_authorities(top_ / "root", top_ / "packages"); }

  const fs::path top_ =
      fs::temp_directory_path() / ("lambdapool-authorities-" + std::to_string(::getpid()) + "-" +
                                   testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(AuthoritiesTest, EachDistributionKeepsThemElsewhere) {
  for (const char* file :
       {"etc/ssl/certs/ca-certificates.crt", "etc/pki/tls/certs/ca-bundle.crt",
        "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "etc/ssl/ca-bundle.pem", "etc/ssl/cert.pem"}) {
    put(fs::path("root") / file);
    const auto found = find();
    ASSERT_TRUE(found) << file;
    EXPECT_EQ(found->file, (top_ / "root" / file).string());
    fs::remove_all(top_ / "root");
  }
}

TEST_F(AuthoritiesTest, ADirectoryOfHashesIsPreferredSinceOnlyWhatIsNeededIsRead) {
  put("root/etc/ssl/certs/ca-certificates.crt");
  put("root/etc/ssl/certs/5ed36f99.0");
  const auto found = find();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->directory, (top_ / "root/etc/ssl/certs").string());
  EXPECT_EQ(found->file, "");
}

TEST_F(AuthoritiesTest, WhatPythonPackagesBringIsTakenWhereTheMachineHasNone) {
  put("packages/pip/_vendor/certifi/cacert.pem");
  put("root/etc/ssl/certs/ca-certificates.crt", "");
  put("root/etc/ssl/certs/README");
  ASSERT_TRUE(find());
  EXPECT_EQ(find()->file, (top_ / "packages/pip/_vendor/certifi/cacert.pem").string());
  put("packages/certifi/cacert.pem");
  EXPECT_EQ(find()->file, (top_ / "packages/certifi/cacert.pem").string());
  put("root/etc/ssl/cert.pem");
  EXPECT_EQ(find()->file, (top_ / "root/etc/ssl/cert.pem").string());
}

TEST_F(AuthoritiesTest, AMachineMayHaveNone) { EXPECT_FALSE(find()); }

}  // namespace
}  // namespace lambdapool::http
