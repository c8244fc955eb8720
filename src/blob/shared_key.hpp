#pragma once
// Azure Storage's SharedKey authorization: HMAC-SHA256 over a text made of the request. Pure.
// Source: "Authorize with Shared Key", REST API reference of Azure Storage.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "net/http_message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace earshot::blob {

struct SignedRequest {
  std::string_view method;  // upper case
  // As it goes over the wire: path and query, percent-encoded.
  std::string_view target;
  const net::HttpHeaders& headers;
  std::uint64_t content_length = 0;
};

// x-ms-* headers are ordered by bytes, which is the service's own order as long as metadata names
// are lower-case letters and digits. A "-secondary" account signs without that ending.
std::string string_to_sign(const SignedRequest& request, std::string_view account);
// The Authorization header. `invalid`: the key is not base64.
Result<std::string> shared_key_authorization(const SignedRequest& request, std::string_view account,
                                             const Secret& key);

}  // namespace earshot::blob
