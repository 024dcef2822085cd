#include "http/tls.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "core/named_fifo.hpp"
#include "http/authorities.hpp"

namespace lambdapool::http {
namespace {

// OpenSSL's own socket BIO writes with write(2), so a peer that has gone would kill the process with
// SIGPIPE. This one sends with MSG_NOSIGNAL.
int fd_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

int bio_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  ssize_t sent = ::send(fd_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  ssize_t got = ::recv(fd_of(bio), bytes, static_cast<std::size_t>(size), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) ? 1 : 0;
  return 0;
}

BIO_METHOD* descriptor_bio() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "descriptor");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

// SSL_CERT_DIR is OpenSSL's own to read (SSL_CERT_FILE comes as a bundle:
// aws/credentials/client_settings.hpp). Whether there is anything to trust.
bool trust_system(SSL_CTX* context) {
  SSL_CTX_set_default_verify_paths(context);
  const auto found = find_authorities("/", packages_beside_this());
  if (found)
    SSL_CTX_load_verify_locations(context, found->file.empty() ? nullptr : found->file.c_str(),
                                  found->directory.empty() ? nullptr : found->directory.c_str());
  ERR_clear_error();
  return found.has_value();
}

std::string way_out_of(long verdict, bool has_authorities) {
  switch (verdict) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      if (!has_authorities)
        return "; this machine has no certificates of authorities where its distributions keep them: install "
               "the package ca-certificates, or name a file of them in SSL_CERT_FILE";
      return "; if you trust who signed it, name the file with the signer's certificate in AWS_CA_BUNDLE";
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "; it has to be renewed there (or this machine's clock is wrong)";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "; it belongs to another host than the endpoint's URL names";
    default:
      return "";
  }
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::create(const std::string& ca_bundle) {
  std::unique_ptr<TlsContext> made(new TlsContext);
  made->context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = made->context_.get();
  if (!context) return fail(ErrorKind::io, "cannot set up TLS: " + tls_failure(nullptr));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &TlsContext::remember_session);
  SSL_CTX_set_app_data(context, made.get());
  if (ca_bundle.empty()) {
    made->has_authorities_ = trust_system(context);
  } else if (is_named_fifo(ca_bundle)) {
    return fail(ErrorKind::invalid_argument,
                "cannot read certificates from the CA bundle " + ca_bundle + ": it is a named pipe");
  } else if (SSL_CTX_load_verify_locations(context, ca_bundle.c_str(), nullptr) != 1) {
    return fail(ErrorKind::invalid_argument,
                "cannot read certificates from the CA bundle " + ca_bundle + ": " + tls_failure(nullptr));
  }
  return made;
}

SslPointer TlsContext::connect(int fd, const std::string& host) {
  BIO* bio = BIO_new(descriptor_bio());
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  return connect_over(bio, host);
}

SslPointer TlsContext::connect_through(SSL* outer, const std::string& host) {
  BIO* bio = BIO_new(BIO_f_ssl());
  BIO_set_ssl(bio, outer, BIO_NOCLOSE);
  return connect_over(bio, host);
}

SslPointer TlsContext::connect_over(BIO* transport, const std::string& host) {
  SslPointer ssl(SSL_new(context_.get()));
  SSL_set_bio(ssl.get(), transport, transport);
  SSL_set_connect_state(ssl.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str()) != 1) {
    ERR_clear_error();
    SSL_set_tlsext_host_name(ssl.get(), host.c_str());
    SSL_set1_host(ssl.get(), host.c_str());
  }
  if (session_) SSL_set_session(ssl.get(), session_.get());
  return ssl;
}

int TlsContext::remember_session(SSL* ssl, SSL_SESSION* session) {
  auto* self = static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  self->session_.reset(session);
  return 1;  // the reference is ours now
}

bool is_tls_refusal(SSL* ssl) {
  if (SSL_get_verify_result(ssl) != X509_V_OK) return true;
  const unsigned long code = ERR_peek_error();
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return false;
  const int why = ERR_GET_REASON(code);
  return why == SSL_R_WRONG_VERSION_NUMBER || why == SSL_R_UNSUPPORTED_PROTOCOL ||
         why == SSL_R_HTTP_REQUEST || why == SSL_R_NO_PROTOCOLS_AVAILABLE;
}

std::string tls_failure(SSL* ssl) {
  long verdict = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
  unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (verdict != X509_V_OK) {
    const auto* context = static_cast<const TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    return std::string("its certificate was refused: ") + X509_verify_cert_error_string(verdict) +
           way_out_of(verdict, !context || context->has_authorities());
  }
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  if (reason) return std::string("TLS failed: ") + reason;
  if (code && ERR_SYSTEM_ERROR(code)) return std::string(std::strerror(ERR_GET_REASON(code)));
  return "TLS failed";
}

}  // namespace lambdapool::http
