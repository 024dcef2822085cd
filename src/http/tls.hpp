// The client's side of TLS, on OpenSSL and on our own non-blocking descriptors. Asio's ssl::stream would
// copy every byte through two more buffers and a composed operation.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "core/error.hpp"

namespace lambdapool::http {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslPointer = std::unique_ptr<SSL, SslFree>;

// Trust, protocol versions and the last session, shared by all connections of one client.
class TlsContext {
 public:
  // ca_bundle: a PEM file, "" for the system's authorities (authorities.hpp). Error kind invalid_argument.
  static Result<std::unique_ptr<TlsContext>> create(const std::string& ca_bundle);

  // A session for `fd` that verifies the certificate for `host` (a name or an IP address).
  SslPointer connect(int fd, const std::string& host);
  // The same over another session, which must outlive it.
  SslPointer connect_through(SSL* outer, const std::string& host);
  // Whether there is anything that it trusts.
  bool has_authorities() const { return has_authorities_; }

 private:
  TlsContext() = default;
  SslPointer connect_over(BIO* transport, const std::string& host);
  static int remember_session(SSL* ssl, SSL_SESSION* session);

  std::unique_ptr<SSL_CTX, SslFree> context_;
  std::unique_ptr<SSL_SESSION, SslFree> session_;
  bool has_authorities_ = true;
};

// Why a handshake or a transfer failed, in words; empties the thread's error queue.
std::string tls_failure(SSL* ssl);
// Whether that failure would come again; asked before, because to read it is to forget it.
bool is_tls_refusal(SSL* ssl);

}  // namespace lambdapool::http
