#include "core/encoding.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace lambdapool {
namespace {

TEST(Sha1, NamesFilesAsTheAwsCliDoes) {
  EXPECT_EQ(sha1_hex("my-sso"), "0ad374308c5a4e22f723adf10145eafad7c4031c");
}

TEST(Base64, EncodesTheVectorsOfRfc4648) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_encode("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
}

TEST(Base64, DecodesWhatItEncodedForEveryLengthAndByte) {
  std::string bytes(300, '\0');
  std::iota(bytes.begin(), bytes.end(), '\0');
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const auto part = std::string_view(bytes).substr(bytes.size() - length);
    EXPECT_EQ(base64_decode(base64_encode(part)), std::string(part)) << length;
  }
}

TEST(Base64, AppendsToWhatIsThere) {
  std::string out = "data:";
  base64_append(out, "foob");
  EXPECT_EQ(out, "data:Zm9vYg==");
}

TEST(Base64, RefusesWhatIsNotExactlyRfc4648) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zg===", "====", "=AAA", "A===", "Zm9=vYg=", "Zg==Zg==", "Zm9v\n", "Zm 9v", "Zm9-",
        "Zm9_", "Zh==", "Zm9=", "Zm9\x80", "Zm9vYmE=Zm9v", "AA=A"}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
  EXPECT_EQ(base64_decode(std::string_view("Zm9\0", 4)), std::nullopt);
}

// FIPS 180-4's examples.
TEST(Sha256, HashesTheStandardsExamples) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(sha256_base64("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

std::string hmac_hex(std::string_view key, std::string_view bytes) {
  const auto digest = hmac_sha256(key, bytes);
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

TEST(HmacSha256, AgreesWithTheVectorsOfRfc4231) {
  EXPECT_EQ(hmac_hex(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hmac_hex("", ""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(PercentEncoding, KeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(percent_encode("a-Z_0.9~"), "a-Z_0.9~");
  EXPECT_EQ(percent_encode("arn:aws/x y\xc3\xa9%"), "arn%3Aaws%2Fx%20y%C3%A9%25");
  EXPECT_EQ(percent_encode("/a/b c", Slash::keep), "/a/b%20c");
}

TEST(PercentEncoding, LeavesMalformedEscapesAsTheyAre) {
  EXPECT_EQ(percent_decode("a%3Ab%3a+"), "a:b:+");
  EXPECT_EQ(percent_decode("%"), "%");
  EXPECT_EQ(percent_decode("%4"), "%4");
  EXPECT_EQ(percent_decode("%zz%41"), "%zzA");
  EXPECT_EQ(percent_decode("%%41"), "%A");
}

}  // namespace
}  // namespace lambdapool
