#include "net/url.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::net;

TEST_CASE("a URL gives its parts, with the scheme's port when none is written") {
  const auto url = parse_url("WSS://Call.Example.COM/ws/abc?k=%2Fx&y=1#part");

  REQUIRE(url.has_value());
  CHECK(url->scheme == "wss");
  CHECK(url->host == "call.example.com");
  CHECK(url->port == 443);
  CHECK_FALSE(url->port_given);
  CHECK(url->target == "/ws/abc?k=%2Fx&y=1");
  CHECK(url->is_tls());
  CHECK(url->text() == "wss://call.example.com/ws/abc?k=%2Fx&y=1");
}

TEST_CASE("the Host header names a port only when it is not the scheme's own") {
  CHECK(parse_url("http://a:8080/")->authority() == "a:8080");
  CHECK(parse_url("http://a:80/")->authority() == "a");
  CHECK(parse_url("https://[2001:db8::1]:444")->authority() == "[2001:db8::1]:444");
  CHECK(parse_url("https://[2001:db8::1]:444")->host == "2001:db8::1");
}

TEST_CASE("an empty path becomes a slash, before a query too") {
  CHECK(parse_url("http://a")->target == "/");
  CHECK(parse_url("http://a?q=1")->target == "/?q=1");
}

TEST_CASE("user information is kept apart from the host") {
  const auto url = parse_url("https://name:word@example.com@/x");
  CHECK_FALSE(url.has_value());
  const auto plain = parse_url("https://name:word@example.com/x");
  REQUIRE(plain.has_value());
  CHECK(plain->user_info == "name:word");
  CHECK(plain->host == "example.com");
  CHECK(plain->text() == "https://example.com/x");
}

TEST_CASE("what is no URL of ours is refused") {
  for (const std::string text : {"",
                                 "/",
                                 "example.com",
                                 "ftp://a/",
                                 "http:/a",
                                 "http://",
                                 "http:///x",
                                 "http://a:99999/",
                                 "http://a:0/",
                                 "http://a:-1/",
                                 "http://a b/",
                                 "http://a/\r\nX: y",
                                 "http://a/%zz",
                                 "file:///etc/passwd",
                                 "http://[::1",
                                 "http://a%00b/",
                                 "javascript:alert(1)",
                                 "http://a@b:80@c/",
                                 "http://a:65536/",
                                 "http://a:+80/"}) {
    CAPTURE(text);
    const auto url = parse_url(text);
    REQUIRE_FALSE(url.has_value());
    CHECK(url.error().kind == ErrorKind::invalid);
  }
  CHECK_FALSE(parse_url("http://a/" + std::string(9000, 'x')).has_value());
}

TEST_CASE("only the machine itself is loopback") {
  CHECK(is_loopback("127.0.0.1"));
  CHECK(is_loopback("127.9.9.9"));
  CHECK(is_loopback("::1"));
  CHECK(is_loopback("LocalHost"));
  CHECK_FALSE(is_loopback("127.0.0.1.evil.example"));
  CHECK_FALSE(is_loopback("localhost.evil.example"));
  CHECK_FALSE(is_loopback("128.0.0.1"));
  CHECK_FALSE(is_loopback("0.0.0.0"));
  CHECK_FALSE(is_loopback(""));
}

TEST_CASE("percent-encoding keeps the unreserved characters and nothing else") {
  CHECK(percent_encode("aZ09-._~") == "aZ09-._~");
  CHECK(percent_encode("/ +?\xC3\xA9") == "%2F%20%2B%3F%C3%A9");
  CHECK(percent_encode_path("20260302/a b.wav") == "20260302/a%20b.wav");
  CHECK(percent_decode("%2f%20x") == "/ x");
  CHECK(percent_decode("a+b") == "a+b");
}

TEST_CASE("broken percent-encoding decodes to nothing") {
  for (const char* text : {"%", "%a", "%g0", "a%2", "%%%"}) {
    CAPTURE(text);
    CHECK_FALSE(percent_decode(text).has_value());
  }
}

TEST_CASE("a query string gives its pairs in order, broken encoding as it stands") {
  const auto pairs = parse_query("a=1&&b=x=y&c&%zz=%41");

  REQUIRE(pairs.size() == 4);
  CHECK(pairs[0] == std::pair<std::string, std::string>("a", "1"));
  CHECK(pairs[1] == std::pair<std::string, std::string>("b", "x=y"));
  CHECK(pairs[2] == std::pair<std::string, std::string>("c", ""));
  CHECK(pairs[3] == std::pair<std::string, std::string>("%zz", "A"));
}
