#include "acs/token_verifier.hpp"

#include "acs/testing/token_maker.hpp"
#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>

namespace earshot::acs {

namespace {

using testing::token_maker;

struct Setup {
  Setup() { testing::serve_keys(http, token_maker().jwk()); }

  Error refusal(std::string token) {
    auto verified = runtime.run_for(verifier.verify(std::move(token)));
    REQUIRE_FALSE(verified.has_value());
    return verified.error();
  }
  void refuses(std::string token) { CHECK(refusal(std::move(token)).kind == ErrorKind::refused); }
  bool accepts(std::string token) {
    return runtime.run_for(verifier.verify(std::move(token))).has_value();
  }
  testing::TokenMaker::Wishes wishes() { return token_maker().wishes(runtime.clock().wall_now()); }

  net::TestRuntime runtime;
  testing::FakeHttpClient http;
  NullLog log;
  Counters counters;
  KeySet keys{http, runtime.clock(), log, counters, {}};
  TokenVerifier verifier{
      keys, runtime.clock(), {.audiences = {"other", std::string(testing::audience)}}};
};

}  // namespace

TEST_CASE("a token as ACS signs it is accepted, with the audience alone or in a list") {
  Setup setup;
  auto wishes = setup.wishes();

  CHECK(setup.accepts(token_maker().make(wishes)));
  wishes.audience_json = R"([7,"x","0A1B2C3D-0000-4000-8000-000000000001"])";
  CHECK(setup.accepts(token_maker().make(wishes)));
}

TEST_CASE("a token without a signature is refused before any key is fetched") {
  Setup setup;
  auto wishes = setup.wishes();
  wishes.algorithm = "none";

  CHECK(setup.refusal(token_maker().make(wishes)).message.find("RS256") != std::string::npos);
  CHECK(setup.http.calls.empty());
}

TEST_CASE("a token signed by HMAC with the public key as secret is refused") {
  Setup setup;
  auto wishes = setup.wishes();
  wishes.algorithm = "HS256";

  setup.refuses(token_maker().make(wishes));
}

TEST_CASE("a token of an unknown key is refused") {
  Setup setup;
  const testing::TokenMaker stranger("key-b");

  setup.refuses(stranger.make(setup.wishes()));
}

TEST_CASE("a token of a stranger under a known key's name is refused") {
  Setup setup;
  const testing::TokenMaker stranger("key-a");

  CHECK(setup.refusal(stranger.make(setup.wishes())).message == "the signature is wrong");
}

TEST_CASE("a token with one flipped byte anywhere is refused") {
  Setup setup;
  const auto token = token_maker().make(setup.wishes());
  REQUIRE(setup.accepts(token));

  for (std::size_t i = 0; i < token.size(); i += 7) {
    auto flipped = token;
    flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
    if (flipped != token) setup.refuses(flipped);
  }
}

TEST_CASE("times count with five minutes of leeway, on our clock") {
  Setup setup;
  auto wishes = setup.wishes();
  const auto now = to_unix_ms(setup.runtime.clock().wall_now()) / 1000;

  wishes.expires_at = now - 299;
  CHECK(setup.accepts(token_maker().make(wishes)));
  wishes.expires_at = now - 301;
  CHECK(setup.refusal(token_maker().make(wishes)).message == "expired");
  wishes.expires_at = now + 600;
  wishes.not_before = now + 299;
  CHECK(setup.accepts(token_maker().make(wishes)));
  wishes.not_before = now + 301;
  CHECK(setup.refusal(token_maker().make(wishes)).message == "not yet valid");
}

TEST_CASE("a token for somebody else or from somebody else is refused") {
  Setup setup;
  auto wishes = setup.wishes();
  wishes.audience_json = "\"0a1b2c3d-0000-4000-8000-000000000002\"";
  CHECK(setup.refusal(token_maker().make(wishes)).message == "wrong audience");
  wishes = setup.wishes();
  wishes.audience_json = "null";
  CHECK(setup.refusal(token_maker().make(wishes)).message == "wrong audience");
  wishes = setup.wishes();
  wishes.token_issuer = "https://evil.example";
  CHECK(setup.refusal(token_maker().make(wishes)).message == "wrong issuer");
}

TEST_CASE("a token that asks for extensions is refused") {
  Setup setup;
  auto wishes = setup.wishes();
  wishes.extra_header = R"(,"crit":["b64"],"b64":false)";

  setup.refuses(token_maker().make(wishes));
}

TEST_CASE("garbage is refused") {
  Setup setup;
  for (const std::string token :
       {"", ".", "..", "...", "a.b.c", "e30.e30.e30", "W10.W10.", "eyJhbGciOiJSUzI1NiJ9.e30.x",
        "e30.e30.e30.e30", "\xff\xfe.\xff.\xff"})
    setup.refuses(token);
  setup.refuses(std::string(1 << 20, 'a'));
  setup.refuses(token_maker().make(setup.wishes()) + ".more");
  CHECK(setup.http.calls.empty());
}

TEST_CASE("without a key to check with nobody can tell, so the token is not refused") {
  Setup setup;
  setup.http.otherwise = nullptr;

  CHECK(setup.refusal(token_maker().make(setup.wishes())).kind == ErrorKind::unavailable);
}

TEST_CASE("a bearer token is found whatever the case of the word") {
  CHECK(bearer_token("Bearer abc") == "abc");
  CHECK(bearer_token("bearer abc") == "abc");
  CHECK(bearer_token("Basic abc").empty());
  CHECK(bearer_token("Bearer").empty());
  CHECK(bearer_token("").empty());
}

}  // namespace earshot::acs
