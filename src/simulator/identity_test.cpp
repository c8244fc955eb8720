#include "simulator/identity.hpp"

#include "base/base64.hpp"
#include "net/testing/test_runtime.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::simulator;

namespace {

namespace json = boost::json;

struct Parts {
  json::object header;
  json::object claims;
  std::string signature;
};

Parts parts_of(const std::string& token) {
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  const auto decoded = [](const std::string& text) {
    auto bytes = base64::decode_url(text);
    return json::parse(as_text(*bytes)).as_object();
  };
  return {decoded(token.substr(0, first)), decoded(token.substr(first + 1, second - first - 1)),
          token.substr(second + 1)};
}

}  // namespace

TEST_CASE("a callback's token lives for five minutes, the media socket's for a day") {
  net::TestRuntime runtime;
  SeededRandom random(1);
  Identity identity({}, runtime.clock(), random);

  const Parts callback = parts_of(identity.callback_token());
  const Parts media = parts_of(identity.media_token());
  const auto seconds = [](const Parts& parts) {
    return parts.claims.at("exp").as_int64() - parts.claims.at("iat").as_int64();
  };
  CHECK(seconds(callback) == 300);
  CHECK(seconds(media) == 86'400);
  CHECK(callback.header.at("alg").as_string() == "RS256");
  CHECK(callback.claims.at("iss").as_string() ==
        "https://acscallautomation.communication.azure.com");
  CHECK(callback.claims.at("aud").as_string() == identity.options().audience);
  CHECK(identity.callback_token() != identity.callback_token());
}

TEST_CASE("the key set names the key that signs, and a rotation replaces it") {
  net::TestRuntime runtime;
  SeededRandom random(1);
  Identity identity({}, runtime.clock(), random);
  const auto key_id = [&] {
    const json::value keys = json::parse(identity.key_set());
    return std::string(keys.at("keys").as_array().at(0).at("kid").as_string());
  };
  const std::string before = key_id();
  CHECK(parts_of(identity.callback_token()).header.at("kid").as_string() == before);
  identity.rotate_key();
  CHECK(key_id() != before);
  CHECK(parts_of(identity.callback_token()).header.at("kid").as_string() == key_id());
  const json::value configuration = json::parse(identity.openid_configuration("http://h:1"));
  CHECK(configuration.at("jwks_uri").as_string() == "http://h:1/calling/keys");
}

TEST_CASE("each forged token is wrong in its one way") {
  net::TestRuntime runtime;
  SeededRandom random(1);
  Identity identity({}, runtime.clock(), random);
  const auto now = to_unix_ms(runtime.clock().wall_now()) / 1000;

  CHECK(identity.callback_token(TokenForm::none).empty());
  const Parts unsigned_one = parts_of(identity.callback_token(TokenForm::unsigned_alg));
  CHECK(unsigned_one.header.at("alg").as_string() == "none");
  CHECK(unsigned_one.signature.empty());
  CHECK(parts_of(identity.callback_token(TokenForm::hs256)).header.at("alg").as_string() ==
        "HS256");
  CHECK(parts_of(identity.callback_token(TokenForm::unknown_key)).header.at("kid").as_string() ==
        "no-such-key");
  CHECK(parts_of(identity.callback_token(TokenForm::expired)).claims.at("exp").as_int64() < now);
  CHECK(parts_of(identity.callback_token(TokenForm::not_yet)).claims.at("nbf").as_int64() > now);
  CHECK(parts_of(identity.callback_token(TokenForm::wrong_audience)).claims.at("aud").as_string() !=
        identity.options().audience);
  CHECK(parts_of(identity.callback_token(TokenForm::wrong_issuer)).claims.at("iss").as_string() !=
        identity.options().issuer);
}
