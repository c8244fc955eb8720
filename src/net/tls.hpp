#pragma once
// TLS settings as values; OpenSSL stays in detail/.

#include "base/result.hpp"

#include <memory>
#include <string>

namespace earshot::net {

class TlsContext;  // detail/tls_context.hpp

struct TlsServerOptions {
  std::string certificate_chain_pem_file;
  std::string private_key_pem_file;
};
Result<std::shared_ptr<TlsContext>> make_tls_server(const TlsServerOptions& options);

struct TlsClientOptions {
  std::string ca_pem_file;  // empty: the system's store. Verification is never off.
};
Result<std::shared_ptr<TlsContext>> make_tls_client(const TlsClientOptions& options);

}  // namespace earshot::net
