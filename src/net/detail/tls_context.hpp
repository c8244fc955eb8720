#pragma once
// What net/tls.hpp hides: OpenSSL's context.

#include <boost/asio/ssl/context.hpp>

namespace earshot::net {

class TlsContext {
 public:
  explicit TlsContext(boost::asio::ssl::context::method method) : context(method) {}
  boost::asio::ssl::context context;
};

}  // namespace earshot::net
