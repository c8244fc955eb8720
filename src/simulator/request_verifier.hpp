#pragma once
// Checks the signature of a REST request as ACS does: HMAC-SHA256 over the raw target and the raw
// Host, exactly as received. A repeated identical signature is accepted: SDKs sign once and retry.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "net/http_message.hpp"

#include <string>
#include <string_view>

namespace earshot::simulator {

struct RequestVerifierOptions {
  std::string access_key_base64;
  bool accept_bearer = true;  // any non-empty bearer token
};

class RequestVerifier {
 public:
  explicit RequestVerifier(RequestVerifierOptions options);
  // `refused` with ACS's code: "7509" wrong signature, "7501" no or unusable credentials.
  Result<void> verify(const net::HttpRequest& request) const;
  // Downloads of recordings are signed over another host and the path alone.
  Result<void> verify_download(const net::HttpRequest& request) const;
  // What the other side must have put in: for test vectors.
  std::string signature(std::string_view method, std::string_view target, std::string_view host,
                        std::string_view date, std::string_view content_hash) const;

 private:
  Result<void> verify_as(const net::HttpRequest& request, std::string_view target,
                         std::string_view host) const;

  RequestVerifierOptions options_;
  Secret key_;
};

// Base64 of the body's SHA-256.
std::string content_hash(std::string_view body);

}  // namespace earshot::simulator
