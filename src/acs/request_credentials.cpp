#include "acs/detail/request_credentials.hpp"

#include "acs/request_signer.hpp"
#include "base/base64.hpp"
#include "net/url.hpp"

#include <utility>

namespace earshot::acs::detail {

Result<RequestCredentials> RequestCredentials::make(CredentialOptions options, TokenSource* tokens,
                                                    const Clock& clock) {
  RequestCredentials credentials(tokens, clock);
  if (options.access_key) {
    auto decoded = base64::decode(options.access_key->reveal());
    if (!decoded || decoded->empty())
      return fail(ErrorKind::invalid, "the ACS access key is not base64");
    credentials.key_ = std::move(*decoded);
  } else if (tokens == nullptr) {
    return fail(ErrorKind::invalid, "ACS needs an access key or a source of Entra ID tokens");
  }
  auto url = net::parse_url(options.endpoint);
  if (!url) return Failure(url.error());
  credentials.host_ = url->authority();
  credentials.token_scope_ = std::move(options.token_scope);
  return credentials;
}

Task<Result<net::HttpHeaders>> RequestCredentials::headers(std::string method, std::string target,
                                                           std::string body) {
  net::HttpHeaders headers;
  if (key_.empty()) {
    auto token = co_await tokens_->token(token_scope_);
    if (!token) co_return fail("token for ACS", token.error());
    headers.add("Authorization", "Bearer " + token->reveal());
    co_return headers;
  }
  const RequestToSign request{
      .method = method, .host = host_, .target = target, .body = body, .now = clock_.wall_now()};
  auto signature = sign_request(key_, request);
  headers.add("x-ms-date", std::move(signature.date));
  headers.add("x-ms-content-sha256", std::move(signature.content_sha256));
  headers.add("Authorization", std::move(signature.authorization));
  co_return headers;
}

}  // namespace earshot::acs::detail
