// TLS with an authority of our own, made on the spot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>

#include "http/client.hpp"
#include "http/patience.hpp"
#include "http/raw_peer.hpp"

namespace lambdapool::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

struct Certified {
  Owned<EVP_PKEY> key;
  Owned<X509> certificate;
};

struct Wanted {
  std::string name;
  std::string alternative;  // subjectAltName
  long valid_from_s = -3'600;
  long valid_to_s = 3'600;
};

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  ASSERT_NE(extension, nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// `issuer` nullptr: an authority, signed by itself.
Certified certify(const Wanted& wanted, const Certified* issuer) {
  static long serial = 1;
  Certified made{Owned<EVP_PKEY>(EVP_EC_gen("P-256")), Owned<X509>(X509_new())};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wanted.valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wanted.valid_to_s);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(wanted.name.c_str()), -1, -1, 0);
  const Certified& signer = issuer ? *issuer : made;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer.certificate.get()));
  add_extension(certificate, signer.certificate.get(), NID_basic_constraints,
                issuer ? "CA:FALSE" : "critical,CA:TRUE");
  if (issuer) add_extension(certificate, signer.certificate.get(), NID_subject_alt_name, wanted.alternative);
  X509_sign(certificate, signer.key.get(), EVP_sha256());
  return made;
}

class TlsTest : public testing::Test {
 protected:
  TlsTest() : authority_(certify({"Test Authority", ""}, nullptr)) {
    auto* file = std::fopen(bundle_.c_str(), "w");
    PEM_write_X509(file, authority_.certificate.get());
    std::fclose(file);
  }
  ~TlsTest() override { std::filesystem::remove(bundle_); }

  // Answers every request of every connection with `answer`, under the wanted certificate.
  void serve(const Wanted& wanted) {
    leaf_ = certify(wanted, &authority_);
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context_.get(), leaf_.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), leaf_.key.get());
    server_ = std::make_unique<RawServer>([this](RawConnection& peer, int) { converse(peer); });
  }

  void converse(RawConnection& peer) {
    Owned<SSL> ssl(SSL_new(context_.get()));
    SSL_set_fd(ssl.get(), peer.fd());
    if (SSL_accept(ssl.get()) != 1) return;
    ++connections_;
    resumed_ += SSL_session_reused(ssl.get());
    if (const char* name = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name)) asked_for_ = name;
    std::string heard;
    char byte = 0;
    while (SSL_read(ssl.get(), &byte, 1) == 1) {
      heard += byte;
      if (!heard.ends_with("\r\n\r\n")) continue;
      bool last = heard.find("GET /last") != std::string::npos;
      std::string body(last ? 4 : 100'000, 'x');
      std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                           (last ? "\r\nConnection: close" : "") + "\r\n\r\n" + body;
      SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
      heard.clear();
      if (last) break;
    }
    SSL_shutdown(ssl.get());
  }

  Answer call(const std::string& host, const std::string& bundle, const char* target = "/") {
    Client client(loop_, options(host, bundle));
    return client.call({"GET", target, {}, {}}, patience);
  }
  ClientOptions options(const std::string& host, const std::string& bundle) {
    return {.endpoint = {Endpoint::Scheme::https, host, server_->port(), {}}, .ca_bundle = bundle};
  }

  std::string bundle_ = std::filesystem::temp_directory_path() /
                        ("lambdapool-ca-" + std::to_string(::getpid()) + "-" +
                         testing::UnitTest::GetInstance()->current_test_info()->name());
  Certified authority_;
  Certified leaf_;
  Owned<SSL_CTX> context_;
  int connections_ = 0;
  int resumed_ = 0;
  std::string asked_for_;
  EventLoop loop_;
  std::unique_ptr<RawServer> server_;
};

TEST_F(TlsTest, ATrustedServerOfTheRightNameIsTalkedTo) {
  serve({"localhost", "DNS:localhost"});
  auto answer = call("localhost", bundle_);
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_EQ(answer->body.size(), 100'000u);
  server_.reset();
  EXPECT_EQ(asked_for_, "localhost");
}

TEST_F(TlsTest, AnAddressIsVerifiedToo) {
  serve({"server", "IP:127.0.0.1"});
  auto answer = call("127.0.0.1", bundle_);
  ASSERT_TRUE(answer) << answer.error().error.message;
}

TEST_F(TlsTest, AnotherNameIsRefused) {
  serve({"localhost", "DNS:elsewhere.example"});
  auto answer = call("localhost", bundle_);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reached, TransportError::Reached::no);
  EXPECT_EQ(answer.error().error.kind, ErrorKind::network);
  EXPECT_THAT(answer.error().error.message, HasSubstr("cannot connect to localhost:"));
  EXPECT_THAT(answer.error().error.message, HasSubstr("its certificate was refused: hostname mismatch"));
}

TEST_F(TlsTest, AnotherAddressIsRefused) {
  serve({"localhost", "DNS:localhost,IP:127.0.0.2"});
  auto answer = call("127.0.0.1", bundle_);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().error.message, HasSubstr("IP address mismatch"));
}

TEST_F(TlsTest, AnExpiredCertificateIsRefused) {
  serve({"localhost", "DNS:localhost", -7'200, -3'600});
  auto answer = call("localhost", bundle_);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().error.message, HasSubstr("certificate has expired"));
}

TEST_F(TlsTest, AnUnknownAuthorityIsRefused) {
  serve({"localhost", "DNS:localhost"});
  auto answer = call("localhost", "");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().error.message, HasSubstr("unable to get local issuer certificate"));
}

TEST_F(TlsTest, AMissingBundleIsSaidPlainly) {
  serve({"localhost", "DNS:localhost"});
  auto answer = call("localhost", "/nonexistent/ca.pem");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.kind, ErrorKind::invalid_argument);
  EXPECT_THAT(answer.error().error.message, HasSubstr("/nonexistent/ca.pem"));
}

TEST_F(TlsTest, AServerThatSpeaksNoTlsIsNotWaitedFor) {
  server_ = std::make_unique<RawServer>(
      [](RawConnection& peer, int) { peer.say("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  auto answer = call("localhost", bundle_);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reached, TransportError::Reached::no);
  EXPECT_THAT(answer.error().error.message, HasSubstr("cannot connect to localhost:"));
}

TEST_F(TlsTest, ConnectionsAreKeptAndNewOnesResumeTheSession) {
  serve({"localhost", "DNS:localhost"});
  {
    Client client(loop_, options("localhost", bundle_));
    for (const char* target : {"/", "/", "/last", "/", "/last"}) {
      auto answer = client.call({"GET", target, {}, {}}, patience);
      ASSERT_TRUE(answer) << answer.error().error.message;
    }
  }
  server_.reset();
  EXPECT_EQ(connections_, 2);
  EXPECT_EQ(resumed_, 1);
}

}  // namespace
}  // namespace lambdapool::http
