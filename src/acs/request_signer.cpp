#include "acs/request_signer.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"

#include <fmt/format.h>

namespace earshot::acs {

SignatureHeaders sign_request(ByteView key, const RequestToSign& request) {
  SignatureHeaders headers;
  headers.date = to_http_date(request.now);
  headers.content_sha256 = base64::encode(crypto::sha256(as_bytes(request.body)));
  // The order date, host, hash is fixed, and there is no newline at the end.
  const auto text = fmt::format("{}\n{}\n{};{};{}", request.method, request.target, headers.date,
                                request.host, headers.content_sha256);
  headers.authorization =
      fmt::format("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={}",
                  base64::encode(crypto::hmac_sha256(key, as_bytes(text))));
  return headers;
}

}  // namespace earshot::acs
