#include "acs/connection_string.hpp"

#include <doctest/doctest.h>

namespace earshot::acs {

TEST_CASE("a connection string gives an endpoint without its slash and the key with its padding") {
  const auto parsed =
      parse_connection_string("endpoint=https://demo.communication.azure.com/;accesskey=YWJjZA==");

  REQUIRE(parsed.has_value());
  CHECK(parsed->endpoint == "https://demo.communication.azure.com");
  CHECK(parsed->access_key.reveal() == "YWJjZA==");
}

TEST_CASE("the parts of a connection string may come in any order and case") {
  const auto parsed = parse_connection_string("AccessKey=YWJjZA==;Endpoint=http://127.0.0.1:8443;");

  REQUIRE(parsed.has_value());
  CHECK(parsed->endpoint == "http://127.0.0.1:8443");
}

TEST_CASE("a connection string that cannot work is refused without naming the key") {
  const auto check = [](std::string_view text) {
    const auto parsed = parse_connection_string(text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().kind == ErrorKind::invalid);
    CHECK(parsed.error().message.find("se!cret") == std::string::npos);
  };

  check("");
  check("endpoint=https://demo.communication.azure.com/");
  check("accesskey=YWJjZA==");
  check("endpoint=https://demo.communication.azure.com/;accesskey=se!cret");
  check("endpoint=http://demo.communication.azure.com/;accesskey=YWJjZA==");
  check("endpoint=https://demo.communication.azure.com/path;accesskey=YWJjZA==");
  check("endpoint=ftp://demo;accesskey=YWJjZA==");
}

}  // namespace earshot::acs
