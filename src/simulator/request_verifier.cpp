#include "simulator/request_verifier.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"

#include <fmt/format.h>
#include <stdexcept>

namespace earshot::simulator {
namespace {

Failure unauthorised(std::string code, std::string message) {
  return Failure(Error{.kind = ErrorKind::refused,
                       .message = std::move(message),
                       .status = 401,
                       .code = std::move(code)});
}

constexpr std::string_view scheme =
    "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=";

}  // namespace

RequestVerifier::RequestVerifier(RequestVerifierOptions options) : options_(std::move(options)) {
  auto key = base64::decode(options_.access_key_base64);
  if (!key) throw std::invalid_argument("the access key is not base64");
  key_ = Secret(std::string(as_text(*key)));
}

std::string content_hash(std::string_view body) {
  return base64::encode(crypto::sha256(as_bytes(body)));
}

std::string RequestVerifier::signature(std::string_view method, std::string_view target,
                                       std::string_view host, std::string_view date,
                                       std::string_view hash) const {
  const std::string text = fmt::format("{}\n{}\n{};{};{}", method, target, date, host, hash);
  return base64::encode(crypto::hmac_sha256(as_bytes(key_.reveal()), as_bytes(text)));
}

Result<void> RequestVerifier::verify(const net::HttpRequest& request) const {
  return verify_as(request, request.target, request.headers.get("Host"));
}

Result<void> RequestVerifier::verify_download(const net::HttpRequest& request) const {
  const std::string_view target = request.target;
  const auto host = request.headers.find("x-ms-host");
  if (!host) return unauthorised("7501", "x-ms-host is missing");
  return verify_as(request, target.substr(0, target.find('?')), *host);
}

Result<void> RequestVerifier::verify_as(const net::HttpRequest& request, std::string_view target,
                                        std::string_view host) const {
  const std::string_view authorization = request.headers.get("Authorization");
  if (authorization.starts_with("Bearer ") && authorization.size() > 7 && options_.accept_bearer)
    return ok();
  if (!authorization.starts_with(scheme))
    return unauthorised("7501", "no HMAC-SHA256 authorization with the three signed headers");
  const auto date = request.headers.find("x-ms-date");
  const auto hash = request.headers.find("x-ms-content-sha256");
  if (!date || !hash) return unauthorised("7501", "x-ms-date or x-ms-content-sha256 is missing");
  if (!parse_http_date(*date)) return unauthorised("7501", "x-ms-date is not an RFC 1123 date");
  if (*hash != content_hash(request.body))
    return unauthorised("7509", "x-ms-content-sha256 is not the hash of the body");
  const std::string expected = signature(request.method, target, host, *date, *hash);
  if (!crypto::constant_time_equal(expected, authorization.substr(scheme.size())))
    return unauthorised("7509", "HMAC validation error");
  return ok();
}

}  // namespace earshot::simulator
