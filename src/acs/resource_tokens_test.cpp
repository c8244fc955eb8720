#include "acs/resource_tokens.hpp"

#include "acs/testing/two_resources.hpp"
#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>

namespace earshot::acs {
namespace {

using testing::token_maker;

struct Setup {
  Setup() { testing::serve_keys(http, token_maker().jwk()); }

  Result<TokenOwners> verify(const std::string& audience_json, bool forged = false) {
    auto wishes = token_maker().wishes(runtime.clock().wall_now());
    wishes.audience_json = audience_json;
    auto token = token_maker().make(wishes);
    if (forged) token[token.size() - 10] = token[token.size() - 10] == 'A' ? 'B' : 'A';
    return runtime.run_for(tokens.verify(std::move(token)));
  }
  static std::string quoted(std::string_view text) { return fmt::format("\"{}\"", text); }

  net::TestRuntime runtime;
  testing::FakeHttpClient http;
  NullLog log;
  Counters counters;
  KeySet keys{http, runtime.clock(), log, counters, {}};
  ResourceTokens tokens{testing::two_resources(keys, runtime.clock())};
};

}  // namespace

TEST_CASE("a token is of the resource whose audience it names, and of no other") {
  Setup setup;

  const auto first = setup.verify(Setup::quoted(testing::audience));
  REQUIRE(first.has_value());
  CHECK(first->own("default"));
  CHECK_FALSE(first->own("other"));
  CHECK_FALSE(first->own("gone"));

  const auto other = setup.verify(Setup::quoted(testing::other_audience));
  REQUIRE(other.has_value());
  CHECK(other->own("other"));
  CHECK_FALSE(other->own("default"));
}

TEST_CASE("calls from before resources had labels are the first resource's") {
  Setup setup;

  CHECK(setup.verify(Setup::quoted(testing::audience))->own(""));
  CHECK_FALSE(setup.verify(Setup::quoted(testing::other_audience))->own(""));
}

TEST_CASE("a token that names both audiences is of both") {
  Setup setup;

  const auto both =
      setup.verify(fmt::format(R"(["{}","{}"])", testing::audience, testing::other_audience));

  REQUIRE(both.has_value());
  CHECK(both->own("default"));
  CHECK(both->own("other"));
}

TEST_CASE("a stranger's audience and a wrong signature are refused for every resource") {
  Setup setup;

  CHECK(setup.verify(R"("99999999-0000-4000-8000-000000000009")").error().kind ==
        ErrorKind::refused);
  CHECK(setup.verify(Setup::quoted(testing::other_audience), true).error().kind ==
        ErrorKind::refused);
}

TEST_CASE("while the keys cannot be read nobody can tell, which is not a refusal") {
  Setup setup;
  setup.http.otherwise = [](const net::HttpCall&) -> Result<net::HttpReply> {
    return fail(ErrorKind::unavailable, "no line");
  };

  CHECK(setup.verify(Setup::quoted(testing::other_audience)).error().kind ==
        ErrorKind::unavailable);
  CHECK(setup.verify(R"("99999999-0000-4000-8000-000000000009")").error().kind ==
        ErrorKind::refused);
}

}  // namespace earshot::acs
