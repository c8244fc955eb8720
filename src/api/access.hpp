#pragma once
// Who may use the REST API: whoever brings the key, as `Authorization: Bearer KEY` or `X-Api-Key:
// KEY`. Compared in constant time. Without a configured key nobody may.

#include "api/signed_links.hpp"
#include "base/counters.hpp"
#include "base/secret.hpp"
#include "net/router.hpp"

#include <functional>

namespace earshot::api {

class Access {
 public:
  Access(Secret api_key, Counters& counters);
  bool allows(const net::HttpRequest& request) const;
  // The handler, behind the key: 401 without it.
  net::HttpHandler guard(net::HttpHandler handler) const;
  // The same, and open to links that were signed for the request too: 403 for those that are not
  // good. Null: to none. The links outlive the handler.
  net::HttpHandler guard(net::HttpHandler handler, const SignedLinks* links) const;

 private:
  Secret api_key_;
  Counter& refused_;
};

}  // namespace earshot::api
