#pragma once
// What shows ACS who asks: a signature by the resource's access key, or a token of Entra ID.

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "net/http_message.hpp"
#include "ports/token_source.hpp"

#include <optional>
#include <string>

namespace earshot::acs::detail {

struct CredentialOptions {
  std::string endpoint;              // as connection_string.hpp gives it
  std::optional<Secret> access_key;  // base64; none: by `tokens`
  std::string token_scope;
};

class RequestCredentials {
 public:
  // `invalid`: the key is not base64, or there is neither. `tokens` may be null with a key; it and
  // the clock outlive this.
  static Result<RequestCredentials> make(CredentialOptions options, TokenSource* tokens,
                                         const Clock& clock);

  // Of the resource, with its port when that is not the scheme's own.
  const std::string& host() const { return host_; }

  // The headers for one request; each attempt needs its own, since the date is part of what is
  // signed. `target`: as sent.
  Task<Result<net::HttpHeaders>> headers(std::string method, std::string target, std::string body);

 private:
  RequestCredentials(TokenSource* tokens, const Clock& clock) : tokens_(tokens), clock_(clock) {}

  TokenSource* tokens_;
  const Clock& clock_;
  std::string token_scope_;
  Bytes key_;  // empty: by token
  std::string host_;
};

}  // namespace earshot::acs::detail
