#include "acs/request_signer.hpp"

#include "base/base64.hpp"

#include <doctest/doctest.h>

namespace earshot::acs {

namespace {

SignatureHeaders sign(std::string_view method, std::string_view host, std::string_view target,
                      std::string_view body) {
  const auto key = base64::decode("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
  RequestToSign request{.method = method,
                        .host = host,
                        .target = target,
                        .body = body,
                        .now = *parse_http_date("Mon, 02 Mar 2026 09:15:30 GMT")};
  return sign_request(*key, request);
}

constexpr std::string_view prefix =
    "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=";

}  // namespace

TEST_CASE("a request without a body is signed as the published vector says") {
  const auto headers = sign(
      "GET", "demo.communication.azure.com",
      "/calling/callConnections/5f1e0c00-1111-4222-8333-444455556666?api-version=2026-03-12", "");

  CHECK(headers.date == "Mon, 02 Mar 2026 09:15:30 GMT");
  CHECK(headers.content_sha256 == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  CHECK(headers.authorization ==
        std::string(prefix) + "1ofQAv5Def5RZU8RUVygDrOTQ95473fuA5thfHyff2E=");
}

TEST_CASE("a request with a body is signed as the published vector says") {
  const auto headers = sign(
      "POST", "demo.communication.azure.com", "/calling/recordings?api-version=2026-03-12",
      R"({"callConnectionId":"5f1e0c00-1111-4222-8333-444455556666","recordingFormatType":"wav"})");

  CHECK(headers.content_sha256 == "91/YyJogwTxLgPYAKW1RiOUbPTlwOLeiJTvvE8SN1Ls=");
  CHECK(headers.authorization ==
        std::string(prefix) + "x4WWWcJyKvEqCFw++rbDF2FO4kN/K1Qlp9Mk41zc7Ug=");
}

TEST_CASE("port and percent-encoding are signed as they are sent") {
  const auto headers =
      sign("GET", "127.0.0.1:8443", "/calling/recordings/abc%3D:pause?api-version=2026-03-12", "");

  CHECK(headers.authorization ==
        std::string(prefix) + "c3+WRzKkbYJNXagGB47bWV+eK/dJpulQkj0yNvigrao=");
}

}  // namespace earshot::acs
