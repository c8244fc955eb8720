#include "simulator/request_verifier.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::simulator;

namespace {

constexpr const char* key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
constexpr const char* date = "Mon, 02 Mar 2026 09:15:30 GMT";
constexpr const char* scheme =
    "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=";

net::HttpRequest request_b() {
  net::HttpRequest request{.method = "POST",
                           .target = "/calling/recordings?api-version=2026-03-12",
                           .path = "/calling/recordings"};
  request.body =
      R"({"callConnectionId":"5f1e0c00-1111-4222-8333-444455556666","recordingFormatType":"wav"})";
  request.headers = {
      {"Host", "demo.communication.azure.com"},
      {"x-ms-date", date},
      {"x-ms-content-sha256", "91/YyJogwTxLgPYAKW1RiOUbPTlwOLeiJTvvE8SN1Ls="},
      {"Authorization", std::string(scheme) + "x4WWWcJyKvEqCFw++rbDF2FO4kN/K1Qlp9Mk41zc7Ug="}};
  return request;
}

std::string refusal(const RequestVerifier& verifier, const net::HttpRequest& request) {
  auto verified = verifier.verify(request);
  return verified ? "" : verified.error().code;
}

}  // namespace

TEST_CASE("signatures agree with the known vectors") {
  const RequestVerifier verifier({.access_key_base64 = key});
  CHECK(verifier.signature("GET",
                           "/calling/callConnections/5f1e0c00-1111-4222-8333-444455556666"
                           "?api-version=2026-03-12",
                           "demo.communication.azure.com", date,
                           content_hash("")) == "1ofQAv5Def5RZU8RUVygDrOTQ95473fuA5thfHyff2E=");
  CHECK(verifier.signature("GET", "/calling/recordings/abc%3D:pause?api-version=2026-03-12",
                           "127.0.0.1:8443", date,
                           content_hash("")) == "c3+WRzKkbYJNXagGB47bWV+eK/dJpulQkj0yNvigrao=");
  CHECK(content_hash("") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  CHECK(verifier.verify(request_b()).has_value());
}

TEST_CASE("the same signature twice is accepted, as SDKs repeat it") {
  const RequestVerifier verifier({.access_key_base64 = key});
  const auto request = request_b();
  CHECK(verifier.verify(request).has_value());
  CHECK(verifier.verify(request).has_value());
}

TEST_CASE("whatever was signed may not be another thing afterwards") {
  const RequestVerifier verifier({.access_key_base64 = key});
  auto body = request_b();
  body.body += " ";
  CHECK(refusal(verifier, body) == "7509");
  auto target = request_b();
  target.target += "&x=1";
  CHECK(refusal(verifier, target) == "7509");
  auto host = request_b();
  host.headers.set("Host", "other.communication.azure.com");
  CHECK(refusal(verifier, host) == "7509");
  auto method = request_b();
  method.method = "PUT";
  CHECK(refusal(verifier, method) == "7509");
  auto other_date = request_b();
  other_date.headers.set("x-ms-date", "Mon, 02 Mar 2026 09:15:31 GMT");
  CHECK(refusal(verifier, other_date) == "7509");
}

TEST_CASE("requests without usable credentials are refused") {
  const RequestVerifier verifier({.access_key_base64 = key, .accept_bearer = false});
  auto none = request_b();
  none.headers.remove("Authorization");
  CHECK(refusal(verifier, none) == "7501");
  auto bearer = request_b();
  bearer.headers.set("Authorization", "Bearer abc");
  CHECK(refusal(verifier, bearer) == "7501");
  auto no_hash = request_b();
  no_hash.headers.remove("x-ms-content-sha256");
  CHECK(refusal(verifier, no_hash) == "7501");
  auto wild_date = request_b();
  wild_date.headers.set("x-ms-date", "yesterday");
  CHECK(refusal(verifier, wild_date) == "7501");
  const RequestVerifier open({.access_key_base64 = key});
  CHECK(open.verify(bearer).has_value());
}

TEST_CASE("a download is signed over the endpoint's host and the path alone") {
  const RequestVerifier verifier({.access_key_base64 = key});
  net::HttpRequest request{.method = "GET", .target = "/v1/objects/0-x/content/video?sig=abc"};
  const std::string signature =
      verifier.signature("GET", "/v1/objects/0-x/content/video", "demo.communication.azure.com",
                         date, content_hash(""));
  request.headers = {{"Host", "eu-storage.asm.skype.com"},
                     {"x-ms-host", "demo.communication.azure.com"},
                     {"x-ms-date", date},
                     {"x-ms-content-sha256", content_hash("")},
                     {"Authorization", scheme + signature}};
  CHECK(verifier.verify_download(request).has_value());
  CHECK_FALSE(verifier.verify(request).has_value());
  request.headers.remove("x-ms-host");
  CHECK_FALSE(verifier.verify_download(request).has_value());
}

TEST_CASE("an access key that is no base64 is a fault of the options") {
  CHECK_THROWS(RequestVerifier({.access_key_base64 = "not base64!"}));
}
