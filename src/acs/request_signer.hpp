#pragma once
// The HMAC-SHA256 signature of ACS's data plane. Pure. What is signed is what is sent: the request
// target with its percent-encoding and the Host header as they stand.

#include "base/bytes.hpp"
#include "base/time.hpp"

#include <string>
#include <string_view>

namespace earshot::acs {

struct RequestToSign {
  std::string_view method;
  std::string_view host;    // with the port when it is not the scheme's own
  std::string_view target;  // path and query, as sent
  std::string_view body;
  WallTime now{};
};

// Values of the headers x-ms-date, x-ms-content-sha256 and Authorization.
struct SignatureHeaders {
  std::string date;
  std::string content_sha256;
  std::string authorization;
};

// `key` is the decoded access key.
SignatureHeaders sign_request(ByteView key, const RequestToSign& request);

}  // namespace earshot::acs
