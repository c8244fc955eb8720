#pragma once
// Links of Earshot's own: the address of one audio with a time and a signature at its end, which
// opens that audio, to GET and HEAD, until then and without the API key:
//   <address>?…&expires=<seconds since 1970>&signature=<base64url>
// HMAC-SHA256 over all of the request's target that stands before "&signature=", as it was
// received: a link that was changed anywhere is another link. The keys are derived from secrets
// that serve this alone. Called on the control thread.

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/secret.hpp"
#include "net/http_message.hpp"

#include <string>
#include <vector>

namespace earshot::api {

class SignedLinks {
 public:
  // The first secret signs, and each is accepted, so that one can be replaced; at least one.
  // `public_host` is "https://host", where the service is reached from outside.
  SignedLinks(const std::vector<Secret>& secrets, std::string public_host, Clock& clock,
              Counters& counters);

  // The whole address. `target` is path and query, percent-encoded. Whole seconds of `until` count.
  Secret make(std::string target, WallTime until) const;

  // Was a link meant, whatever it is worth?
  static bool is_link(const net::HttpRequest& request);
  // `refused`, with code link_invalid or link_expired, unless this very request was signed and is
  // still good. Takes the same time for each wrong signature.
  Result<void> check(const net::HttpRequest& request) const;

 private:
  std::string signature_of(std::string_view text, const Bytes& key) const;

  std::vector<Bytes> keys_;
  std::string public_host_;
  Clock& clock_;
  Counter& used_;
  Counter& expired_;
  Counter& invalid_;
};

}  // namespace earshot::api
