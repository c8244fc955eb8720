#include "net/tls.hpp"

#include "net/detail/tls_context.hpp"

#include <openssl/ssl.h>
#include <string_view>

namespace earshot::net {

namespace asio = boost::asio;

namespace {

using Context = asio::ssl::context;

void set_common(TlsContext& tls) {
  SSL_CTX* native = tls.context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  // An idle connection keeps no 32 KiB of record buffers, which is most of what a quiet call would
  // cost.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
}

// Clients that offer HTTP/2 first are told at once that it is HTTP/1.1 here.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, ours, sizeof(ours) - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Failure failed(std::string_view doing, const boost::system::error_code& error) {
  return fail(ErrorKind::invalid, std::string(doing) + ": " + error.message());
}

}  // namespace

Result<std::shared_ptr<TlsContext>> make_tls_server(const TlsServerOptions& options) {
  auto tls = std::make_shared<TlsContext>(Context::tls_server);
  set_common(*tls);
  boost::system::error_code error;
  tls->context.use_certificate_chain_file(options.certificate_chain_pem_file, error);
  if (error) return failed("certificate chain " + options.certificate_chain_pem_file, error);
  tls->context.use_private_key_file(options.private_key_pem_file, Context::pem, error);
  if (error) return failed("private key " + options.private_key_pem_file, error);
  if (SSL_CTX_check_private_key(tls->context.native_handle()) != 1)
    return fail(ErrorKind::invalid, "the private key is not the certificate's");
  SSL_CTX_set_alpn_select_cb(tls->context.native_handle(), choose_protocol, nullptr);
  return tls;
}

Result<std::shared_ptr<TlsContext>> make_tls_client(const TlsClientOptions& options) {
  auto tls = std::make_shared<TlsContext>(Context::tls_client);
  set_common(*tls);
  boost::system::error_code error;
  if (options.ca_pem_file.empty())
    tls->context.set_default_verify_paths(error);
  else
    tls->context.load_verify_file(options.ca_pem_file, error);
  if (error) return failed("trusted certificates " + options.ca_pem_file, error);
  tls->context.set_verify_mode(asio::ssl::verify_peer);
  return tls;
}

}  // namespace earshot::net
