#include "api/signed_links.hpp"

#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::api;

namespace {

const Secret first_secret("0123456789abcdef0123456789abcdef");
const Secret second_secret("fedcba9876543210fedcba9876543210");
constexpr const char* host = "https://voice.example.com";
constexpr const char* audio = "/api/v1/recordings/eyJyZWMi/audio?source=repaired&channels=caller";

struct Fixture {
  SignedLinks with(const std::vector<Secret>& secrets) {
    return {secrets, host, runtime.clock(), counters};
  }
  // 09:15 on the test's clock
  WallTime later(Duration by) { return runtime.clock().wall_now() + by; }
  net::TestRuntime runtime;
  Counters counters;
};

net::HttpRequest request_for(const std::string& target) {
  return {.method = "GET", .target = target, .path = target.substr(0, target.find('?'))};
}

std::string target_of(const Secret& link) { return link.reveal().substr(std::string(host).size()); }

std::string code_of(const Result<void>& checked) { return checked ? "" : checked.error().code; }

}  // namespace

TEST_CASE("a link is signed as anybody can compute who has the secret") {
  Fixture fixture;
  const auto links = fixture.with({first_secret});

  const auto link = links.make(audio, *parse_iso8601("2026-03-02T09:30:00.9Z"));

  // By Python: hmac(hmac(secret, "earshot signed link 1"), target before "&signature="), base64url.
  CHECK(link.reveal() == std::string(host) + audio +
                             "&expires=1772443800"
                             "&signature=FQhYxyxS5C6h9X7fR46-FWKrID9uPdq6m-B1xoKhHx4");
  CHECK(links.check(request_for(target_of(link))).has_value());
}

TEST_CASE("a link that was changed anywhere is refused") {
  Fixture fixture;
  const auto links = fixture.with({first_secret});
  const auto good = target_of(links.make(audio, fixture.later(15min)));
  REQUIRE(links.check(request_for(good)).has_value());

  for (std::size_t at = 0; at < good.size(); ++at) {
    CAPTURE(at);
    auto bad = good;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    CHECK(code_of(links.check(request_for(bad))) == "link_invalid");
    auto shorter = good;
    shorter.erase(at, 1);
    CHECK(code_of(links.check(request_for(shorter))) == "link_invalid");
  }
  const auto mark = good.find("&signature=");
  for (const auto& bad :
       {good + "&source=tap", good + "=", good.substr(0, mark), good.substr(0, mark + 11),
        good.substr(0, mark) + "&source=tap" + good.substr(mark),
        "/api/v1/recordings/eyJyZWMi/audio?source=tap&" + good.substr(good.find('?') + 1),
        good + good.substr(mark)}) {
    CAPTURE(bad);
    CHECK(code_of(links.check(request_for(bad))) == "link_invalid");
  }
}

TEST_CASE("a link ends at its time") {
  Fixture fixture;
  const auto links = fixture.with({first_secret});
  const auto request = request_for(target_of(links.make(audio, fixture.later(15min))));

  fixture.runtime.advance(15min - 1s);
  CHECK(links.check(request).has_value());
  fixture.runtime.advance(1s);
  CHECK(code_of(links.check(request)) == "link_expired");
}

TEST_CASE("while a secret is replaced both are accepted and the new one signs") {
  Fixture fixture;
  const auto before = fixture.with({first_secret});
  const auto between = fixture.with({second_secret, first_secret});
  const auto after = fixture.with({second_secret});
  const auto old_link = request_for(target_of(before.make(audio, fixture.later(15min))));
  const auto new_link = request_for(target_of(between.make(audio, fixture.later(15min))));

  CHECK(between.check(old_link).has_value());
  CHECK(between.check(new_link).has_value());
  CHECK(after.check(new_link).has_value());
  CHECK(code_of(after.check(old_link)) == "link_invalid");
  CHECK(code_of(before.check(new_link)) == "link_invalid");
}
