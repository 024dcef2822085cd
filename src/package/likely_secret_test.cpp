#include "package/likely_secret.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "package/testing_dir.hpp"

namespace lambdapool::package {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::vector<std::string> found(const std::vector<ZipEntry>& entries) {
  std::vector<std::string> names;
  for (const auto& secret : likely_secrets(entries)) names.push_back(secret.name);
  return names;
}

bool is_secret(const std::string& name, const std::string& content) {
  return !likely_secrets({{name, false, content}}).empty();
}

TEST(LikelySecret, IsKnownByItsName) {
  for (const char* name : {".netrc", ".npmrc", ".pypirc", ".git-credentials", ".docker/config.json",
                           ".kube/config", "credentials", "a/b/credentials", "terraform.tfstate",
                           "x.tfstate.backup", ".env", ".env.production", "id_rsa", "a/id_ed25519",
                           ".aws/config", ".ssh/known_hosts", "store.p12", ".pgpass", "credentials.json"})
    EXPECT_TRUE(is_secret(name, "x")) << name;
}

TEST(LikelySecret, IsNotWhatOnlySoundsLikeIt) {
  for (const char* name :
       {"credentials.py", "credentials/__init__.py", "env.py", ".env.example", "id_rsa.pub", "config.json",
        "config", "netrc.py", "environment", "state.json", "aws/config", "key.pem", "m.key"})
    EXPECT_FALSE(is_secret(name, "x")) << name;
}

TEST(LikelySecret, IsAPrivateKeyWhateverItsFileIsCalled) {
  const std::string body = "\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n";
  for (const char* kind : {"", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED "})
    EXPECT_TRUE(is_secret("data.txt", std::string("-----BEGIN ") + kind + "PRIVATE KEY-----" + body)) << kind;
  EXPECT_TRUE(is_secret("data.txt", "-----BEGIN PGP PRIVATE KEY BLOCK-----" + body));
  EXPECT_TRUE(is_secret("chain.pem", std::string(70'000, 'c') + "\n-----BEGIN PRIVATE KEY-----\r" + body));
  EXPECT_TRUE(is_secret("m.py", "KEY = '-----BEGIN PRIVATE KEY-----\\nMIIE'"));
  EXPECT_TRUE(is_secret("data.ppk.txt", "PuTTY-User-Key-File-3: ssh-ed25519"));
  const TestingDir dir;
  if (dir.shell("openssl genrsa -out k.pem 1024 2>/dev/null && "
                "openssl pkcs8 -topk8 -nocrypt -outform DER -in k.pem -out k.bin && echo made") == "made\n") {
    EXPECT_TRUE(is_secret("k.bin", dir.read("k.bin")));
  }
}

TEST(LikelySecret, IsNoProgramThatReadsKeysAndNoCertificate) {
  EXPECT_FALSE(is_secret("m.py", "if text.startswith('-----BEGIN RSA PRIVATE KEY-----'): pass\n"));
  EXPECT_FALSE(is_secret("m.py", "MARK = \"-----BEGIN PRIVATE KEY-----\"\n"));
  EXPECT_FALSE(is_secret("ca.pem", "-----BEGIN CERTIFICATE-----\nMIIE\n"));
  EXPECT_FALSE(is_secret("pub.pem", "-----BEGIN PUBLIC KEY-----\nMIIE\n"));
  EXPECT_FALSE(is_secret("notes.md", "The PRIVATE KEY is elsewhere.\n"));
  EXPECT_FALSE(is_secret("m.py", "aws_secret_access_key = os.environ['AWS_SECRET_ACCESS_KEY']\n"));
}

TEST(LikelySecret, IsKnownByItsContent) {
  EXPECT_TRUE(is_secret("sa.json", R"({"type": "service_account", "private_key": "x"})"));
  EXPECT_TRUE(is_secret("my.json", R"({"auths": {"https://index.docker.io/v1/": {"auth": "dTpw"}}})"));
  EXPECT_TRUE(is_secret("cluster.yaml", "apiVersion: v1\nkind: Config\ncurrent-context: a\n"));
  EXPECT_TRUE(is_secret("settings.ini", "aws_secret_access_key = " + std::string(40, 'k') + "\n"));
  EXPECT_TRUE(is_secret("m.py", "AWS_SECRET_ACCESS_KEY='" + std::string(40, 'k') + "'"));
}

TEST(LikelySecret, IsKnownBehindALinkOfAHarmlessName) {
  const TestingDir dir;
  dir.write(".netrc", "machine x");
  EXPECT_THAT(found({{"data.txt", false, dir.path() / ".netrc"}}), testing::ElementsAre("data.txt"));
}

TEST(LikelySecret, RefusalNamesAllOfThemButThoseThatWereNamed) {
  const std::vector<ZipEntry> entries = {{"p/.env", false, std::string("A=1")},
                                         {"p/.aws/credentials", false, std::string("x")},
                                         {"p/.aws/config", false, std::string("x")},
                                         {"p/m.py", false, std::string("x")},
                                         {"key.txt", false, std::string("-----BEGIN PRIVATE KEY-----\n")}};
  const auto refused = refuse_secrets(entries, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      refused.error().message,
      "What looks like secrets would go into the package: key.txt (a private key), p/.aws/ (keys), p/.env "
      "(an environment's secrets); move them elsewhere, or name each that the function needs with "
      "--allow-secret NAME.");
  const auto rest = refuse_secrets(entries, {"p/.aws", "key.txt"});
  ASSERT_FALSE(rest);
  EXPECT_THAT(rest.error().message, HasSubstr("package: p/.env (an environment's secrets); move"));
  EXPECT_TRUE(refuse_secrets(entries, {"p", "key.txt"}));
}

TEST(LikelySecret, GivenAsAPathByItselfIsNamed) {
  const TestingDir dir;
  dir.write("p/.env", "A=1");
  dir.write(".aws/config", "x");
  const auto allowed = allowed_names({dir.path() / "p/.env", dir.path() / ".aws", dir.path() / "p"}, {"q"});
  EXPECT_THAT(allowed, testing::ElementsAre("q", ".env", ".aws"));
}

}  // namespace
}  // namespace lambdapool::package
