#include "acs/key_set.hpp"

#include "acs/testing/token_maker.hpp"
#include "base/task_group.hpp"
#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>

namespace earshot::acs {

namespace {

using testing::token_maker;

struct Setup {
  explicit Setup(std::string keys_json = token_maker().jwk()) {
    testing::serve_keys(http, std::move(keys_json));
  }
  // "" when the key was found.
  std::string find(std::string key_id) {
    auto found = runtime.run_for(keys.find(std::move(key_id)));
    return found ? "" : std::string(to_text(found.error().kind));
  }

  net::TestRuntime runtime;
  testing::FakeHttpClient http;
  NullLog log;
  Counters counters;
  KeySet keys{http, runtime.clock(), log, counters, {}};
};

Task<void> find_into(KeySet& keys, int& found) {
  const auto key = co_await keys.find("key-a");
  if (key) ++found;
}

}  // namespace

TEST_CASE("keys are fetched once and then known") {
  Setup setup;

  CHECK(setup.find("key-a").empty());
  CHECK(setup.find("key-a").empty());
  REQUIRE(setup.http.calls.size() == 2);
  CHECK(setup.http.calls[1].url == "https://acs.example/keys");
}

TEST_CASE("an unknown key makes the set be read again, but not more often than every 30 s") {
  Setup setup;
  REQUIRE(setup.find("key-a").empty());

  for (int i = 0; i < 20; ++i) CHECK(setup.find("key-b") == "refused");
  CHECK(setup.http.calls.size() == 2);
  setup.runtime.advance(31s);
  CHECK(setup.find("key-b") == "refused");
  CHECK(setup.http.calls.size() == 4);
}

TEST_CASE("a key that was added is found") {
  Setup setup;
  REQUIRE(setup.find("key-a").empty());
  const testing::TokenMaker added("key-b");
  testing::serve_keys(setup.http, token_maker().jwk() + "," + added.jwk());
  setup.runtime.advance(31s);

  CHECK(setup.find("key-b").empty());
}

TEST_CASE("a withdrawn key is gone after a day") {
  Setup setup;
  REQUIRE(setup.find("key-a").empty());
  testing::serve_keys(setup.http, testing::TokenMaker("key-b").jwk());
  setup.runtime.advance(23h);
  CHECK(setup.find("key-a").empty());
  setup.runtime.advance(2h);

  CHECK(setup.find("key-a") == "refused");
}

TEST_CASE("while the set cannot be read the answer is unavailable, and known keys stay known") {
  Setup setup;
  REQUIRE(setup.find("key-a").empty());
  setup.http.otherwise = nullptr;
  setup.runtime.advance(31s);

  CHECK(setup.find("key-b") == "unavailable");
  CHECK(setup.find("key-a").empty());
  const auto asked = setup.http.calls.size();
  CHECK(setup.find("key-b") == "unavailable");
  CHECK(setup.http.calls.size() == asked);
  setup.runtime.advance(25h);
  CHECK(setup.find("key-a").empty());
}

TEST_CASE("a first read that failed is tried again after two seconds") {
  Setup setup;
  setup.http.answer(500, "");

  CHECK(setup.find("key-a") == "unavailable");
  CHECK(setup.find("key-a") == "unavailable");
  setup.runtime.advance(3s);
  CHECK(setup.find("key-a").empty());
}

TEST_CASE("one bad key does not cost the others") {
  Setup setup(R"(7,{},{"kty":"RSA","kid":"bad","n":"!","e":"AQAB"},)"
              R"({"kty":"EC","kid":"ec","crv":"P-256","x":"AA","y":"AA"},)"
              R"({"kty":"oct","kid":"oct","k":"c2VjcmV0"},)" +
              token_maker().jwk());

  CHECK(setup.find("key-a").empty());
  CHECK(setup.find("oct") == "refused");
  CHECK(setup.find("bad") == "refused");
}

TEST_CASE("a key set of nonsense is no key set") {
  for (const std::string body : {"", "null", "[]", R"({"keys":7})", R"({"keys":[]})"}) {
    Setup setup;
    setup.http.answer(200, R"({"jwks_uri":"https://acs.example/keys"})");
    setup.http.answer(200, body);
    CHECK(setup.find("key-a") == "unavailable");
  }
}

TEST_CASE("a configuration that points to plain http is not followed") {
  Setup setup;
  setup.http.answer(200, R"({"jwks_uri":"http://acs.example/keys"})");

  CHECK(setup.find("key-a") == "unavailable");
  CHECK(setup.http.calls.size() == 1);
}

TEST_CASE("requests at the same time share one fetch") {
  Setup setup;
  auto& clock = setup.runtime.clock();
  setup.http.before = [&clock] { return clock.sleep_for(1s); };
  TaskGroup group(setup.runtime.executor(), clock, setup.log, "askers");
  int found = 0;

  for (int i = 0; i < 5; ++i) group.spawn(find_into(setup.keys, found));
  setup.runtime.run(group.join());

  CHECK(found == 5);
  CHECK(setup.http.calls.size() == 2);
}

}  // namespace earshot::acs
