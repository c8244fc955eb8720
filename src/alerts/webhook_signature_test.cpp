#include "alerts/webhook_signature.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::alerts;

namespace {

// Of the test vector that the libraries of Standard Webhooks share.
constexpr const char* published_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

WebhookKey key_of(std::string_view secret) {
  auto key = parse_webhook_secret(secret);
  REQUIRE(key.has_value());
  return *key;
}

}  // namespace

TEST_CASE("the published test vector of Standard Webhooks is met") {
  CHECK(webhook_signature({key_of(published_secret)}, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
                          R"({"test": 2432232314})") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("two keys give two signatures, a space between") {
  const auto other = key_of("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  const auto both =
      webhook_signature({other, key_of(published_secret)}, "msg_p5jXN8AQM9LWM0D4loKWxJek",
                        "1614265330", R"({"test": 2432232314})");
  const auto space = both.find(' ');
  REQUIRE(space != std::string::npos);
  CHECK(both.substr(space + 1) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  CHECK(both.starts_with("v1,"));
  CHECK(both.find(' ', space + 1) == std::string::npos);
}

TEST_CASE("the timestamp is whole seconds") {
  CHECK(webhook_timestamp(from_unix_ms(1'614'265'330'999)) == "1614265330");
}

TEST_CASE("a secret that is none is refused without being shown") {
  for (const char* text : {"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_!!!",
                           "whsec_c2hvcnQ=", "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
    const auto key = parse_webhook_secret(text);
    REQUIRE_FALSE(key.has_value());
    CHECK(key.error().kind == ErrorKind::invalid);
    CHECK(key.error().message.find("MfKQ") == std::string::npos);
  }
  CHECK_FALSE(parse_webhook_secret("whsec_" + std::string(88, 'A')).has_value());
}
