#include "blob/shared_key.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using blob::string_to_sign;

// The expected texts are those that an emulator of the service was seen to accept.

TEST_CASE("creating a container signs as the service expects it") {
  const net::HttpHeaders headers = {{"x-ms-version", "2025-11-05"},
                                    {"x-ms-date", "Sun, 22 Nov 2026 06:34:05 GMT"},
                                    {"Content-Length", "0"}};
  const auto text = string_to_sign(
      {.method = "PUT", .target = "/devstoreaccount1/recs?restype=container", .headers = headers},
      "devstoreaccount1");

  CHECK(text ==
        "PUT\n\n\n\n\n\n\n\n\n\n\n\n"
        "x-ms-date:Sun, 22 Nov 2026 06:34:05 GMT\n"
        "x-ms-version:2025-11-05\n"
        "/devstoreaccount1/devstoreaccount1/recs\n"
        "restype:container");
}

TEST_CASE("putting a blob signs length, hash, type and condition") {
  const net::HttpHeaders headers = {{"Content-Type", "audio/wav"},
                                    {"Content-MD5", "sFTWN4tEBb/qrKOSSCdRag=="},
                                    {"If-None-Match", "*"},
                                    {"x-ms-version", "2025-11-05"},
                                    {"x-ms-blob-type", "BlockBlob"},
                                    {"X-Ms-Client-Request-Id", "req-1"},
                                    {"x-ms-meta-callid", "  a \t b  "},
                                    {"x-ms-date", "Sun, 22 Nov 2026 06:34:05 GMT"}};
  const auto text = string_to_sign({.method = "PUT",
                                    .target = "/devstoreaccount1/recs/2026/10/call-1/mixed.wav",
                                    .headers = headers,
                                    .content_length = 43},
                                   "devstoreaccount1");

  CHECK(text ==
        "PUT\n\n\n43\nsFTWN4tEBb/qrKOSSCdRag==\naudio/wav\n\n\n\n*\n\n\n"
        "x-ms-blob-type:BlockBlob\n"
        "x-ms-client-request-id:req-1\n"
        "x-ms-date:Sun, 22 Nov 2026 06:34:05 GMT\n"
        "x-ms-meta-callid:a b\n"
        "x-ms-version:2025-11-05\n"
        "/devstoreaccount1/devstoreaccount1/recs/2026/10/call-1/mixed.wav");
}

TEST_CASE("query parameters sign decoded and by name, the path as it was sent") {
  const net::HttpHeaders headers = {{"x-ms-date", "d"}};
  const auto text = string_to_sign(
      {.method = "GET",
       .target = "/recs/a%20b?restype=container&prefix=2026%2F10%2F&comp=list&Delimiter=%2F"
                 "&include=b&include=a&empty=",
       .headers = headers},
      "myacct");

  CHECK(text ==
        "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:d\n/myacct/recs/a%20b\ncomp:list\ndelimiter:/\n"
        "empty:\ninclude:a,b\nprefix:2026/10/\nrestype:container");
}

TEST_CASE("a plus in a query is a plus, not a space") {
  const net::HttpHeaders headers;
  const auto text = string_to_sign(
      {.method = "GET", .target = "/c?marker=a+b%2Bc", .headers = headers}, "myacct");
  CHECK(text.ends_with("\nmarker:a+b+c"));
}

TEST_CASE("Range stands in the twelfth line, Date only without x-ms-date") {
  const net::HttpHeaders headers = {
      {"Range", "bytes=0-3"}, {"Date", "today"}, {"If-Match", "\"e\""}};
  const auto text =
      string_to_sign({.method = "GET", .target = "/c/b", .headers = headers}, "acct-secondary");
  CHECK(text == "GET\n\n\n\n\n\ntoday\n\n\"e\"\n\n\nbytes=0-3\n/acct/c/b");
}

TEST_CASE("the signature is the keyed hash of that text") {
  const net::HttpHeaders headers = {{"x-ms-date", "d"}};
  const blob::SignedRequest request{.method = "GET", .target = "/c/b", .headers = headers};
  const auto key = Bytes{1, 2, 3, 250, 251};

  const auto authorization =
      blob::shared_key_authorization(request, "myacct", Secret(base64::encode(key)));

  REQUIRE(authorization.has_value());
  CHECK(*authorization ==
        "SharedKey myacct:" +
            base64::encode(crypto::hmac_sha256(key, as_bytes(string_to_sign(request, "myacct")))));
  CHECK_FALSE(blob::shared_key_authorization(request, "myacct", Secret("no base64")).has_value());
}
