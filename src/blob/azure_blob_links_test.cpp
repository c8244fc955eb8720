#include "blob/azure_blob_links.hpp"

#include "blob/no_blob_links.hpp"
#include "net/testing/test_runtime.hpp"

#include <algorithm>
#include <deque>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::blob;
using net::HttpReply;

namespace {

// As storage does it: a key for what was asked for, a second later; or what a test prepared.
struct DelegatingStorage : net::HttpClient {
  explicit DelegatingStorage(Clock& clock_in) : clock(clock_in) {}
  Task<Result<HttpReply>> send(net::HttpCall call) override {
    calls.push_back(call);
    co_await clock.sleep_for(1s);
    if (!prepared.empty()) {
      auto reply = std::move(prepared.front());
      prepared.pop_front();
      co_return reply;
    }
    co_return HttpReply{.status = 200, .body = key_xml(between(call.body, "Expiry"))};
  }
  Task<Result<HttpReply>> download(net::HttpCall, Sink) override {
    co_return fail(ErrorKind::invalid, "not used here");
  }
  static std::string between(const std::string& xml, const std::string& name) {
    const auto begin = xml.find("<" + name + ">") + name.size() + 2;
    return xml.substr(begin, xml.find('<', begin) - begin);
  }
  std::string key_xml(const std::string& expiry) const {
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><UserDelegationKey><SignedOid>oid-{}</SignedOid>"
        "<SignedTid>tid-1</SignedTid><SignedStart>2026-03-02T09:00:00Z</SignedStart>"
        "<SignedExpiry>{}</SignedExpiry><SignedService>b</SignedService>"
        "<SignedVersion>2025-11-05</SignedVersion><Value>a2V5</Value></UserDelegationKey>",
        calls.size(), expiry);
  }
  void answer(int status, std::string code = "") {
    prepared.push_back(
        HttpReply{.status = status, .headers = {{"x-ms-error-code", std::move(code)}}});
  }
  Clock& clock;
  std::deque<Result<HttpReply>> prepared;
  std::vector<net::HttpCall> calls;
};

struct FixedToken : TokenSource {
  Task<Result<Secret>> token(std::string scope) override {
    scopes.push_back(std::move(scope));
    co_return Secret("tok");
  }
  std::vector<std::string> scopes;
};

AzureAccount by_entra() {
  return {.name = "myacct",
          .endpoint = "https://myacct.blob.core.windows.net",
          .credential = AzureCredential::entra};
}

struct Fixture {
  explicit Fixture(AzureAccount account = by_entra())
      : links({.account = std::move(account), .container = "recs"}, http, &tokens, runtime.clock(),
              counters, log) {}
  Result<BlobLink> link(Duration life, std::string blob = "20260302/x/0-audiowav.wav") {
    return runtime.run_for(links.make_link(
        {.name = {std::move(blob)}, .expires_at = runtime.clock().wall_now() + life}));
  }
  // The number of the key that signed it; 0: it was refused.
  int key_of(const Result<BlobLink>& made) {
    if (!made) return 0;
    const auto& url = made->url.reveal();
    const auto at = url.find("skoid=oid-");
    return at == std::string::npos ? -1 : std::stoi(url.substr(at + 10));
  }
  net::TestRuntime runtime;
  DelegatingStorage http{runtime.clock()};
  FixedToken tokens;
  Counters counters;
  MemoryLog log;
  AzureBlobLinks links;
};

Task<void> take(AzureBlobLinks& links, WallTime until, std::vector<std::string>& got) {
  BlobLinkRequest request{.name = {"a.wav"}, .expires_at = until};
  auto link = co_await links.make_link(std::move(request));
  got.push_back(link ? link->url.reveal() : link.error().message);
}

}  // namespace

TEST_CASE("with Entra a key is asked for as storage documents it, and signs a link to one blob") {
  Fixture fixture;  // 2026-03-02T09:15:00Z

  const auto link = fixture.runtime.run_for(
      fixture.links.make_link({.name = {"a b/c+d.wav"},
                               .expires_at = *parse_iso8601("2026-03-02T09:30:00.9Z"),
                               .file_name = "call \"1\"\r\n.wav"}));

  REQUIRE(link.has_value());
  CHECK(link->expires_at == *parse_iso8601("2026-03-02T09:30:00Z"));
  REQUIRE(fixture.http.calls.size() == 1);
  const auto& asked = fixture.http.calls[0];
  CHECK(asked.method == "POST");
  CHECK(asked.url ==
        "https://myacct.blob.core.windows.net/?restype=service&comp=userdelegationkey");
  CHECK(asked.headers.get("Authorization") == "Bearer tok");
  CHECK(asked.headers.get("x-ms-version") == "2025-11-05");
  CHECK(asked.body ==
        R"(<?xml version="1.0" encoding="utf-8"?><KeyInfo><Start>2026-03-02T09:00:00Z</Start>)"
        "<Expiry>2026-03-04T09:15:00Z</Expiry></KeyInfo>");
  CHECK(fixture.tokens.scopes == std::vector<std::string>{"https://storage.azure.com/.default"});
  const auto& url = link->url.reveal();
  CHECK(
      url.starts_with("https://myacct.blob.core.windows.net/recs/a%20b/c%2Bd.wav?sv=2025-11-05"
                      "&spr=https&st=2026-03-02T09%3A00%3A00Z&se=2026-03-02T09%3A30%3A00Z&sr=b"
                      "&sp=r&rscd=attachment%3B%20filename%3D%22call1.wav%22&skoid=oid-1&"));
  CHECK(url.find("&ske=2026-03-04T09%3A15%3A00Z&sks=b&skv=2025-11-05&sig=") != std::string::npos);
}

TEST_CASE("a key is used until it ends before the link would, then another is got") {
  Fixture fixture;
  CHECK(fixture.key_of(fixture.link(15min)) == 1);
  fixture.runtime.advance(23h);
  CHECK(fixture.key_of(fixture.link(24h)) == 1);
  fixture.runtime.advance(2h);
  CHECK(fixture.key_of(fixture.link(15min)) == 1);
  CHECK(fixture.key_of(fixture.link(24h)) == 2);
  CHECK(fixture.http.calls.size() == 2);
}

TEST_CASE("many who ask at once cause one request, and one failure for all of them") {
  Fixture fixture;
  std::vector<std::string> got;
  int done = 0;
  const auto ask_ten_times = [&] {
    const auto until = fixture.runtime.clock().wall_now() + 15min;
    for (int i = 0; i < 10; ++i)
      fixture.runtime.executor().spawn(take(fixture.links, until, got),
                                       [&done](std::exception_ptr) { ++done; });
    fixture.runtime.advance(1min);
  };
  fixture.http.answer(403, "AuthorizationPermissionMismatch");

  ask_ten_times();
  CHECK(done == 10);
  CHECK(fixture.http.calls.size() == 1);
  CHECK(std::ranges::all_of(got, [](const std::string& said) {
    return said.find("AuthorizationPermissionMismatch") != std::string::npos;
  }));
  CHECK(fixture.log.contains("Storage Blob Delegator"));

  got.clear();
  ask_ten_times();
  CHECK(done == 20);
  CHECK(fixture.http.calls.size() == 2);
  CHECK(std::ranges::all_of(
      got, [](const std::string& said) { return said.find("&sig=") != std::string::npos; }));
}

TEST_CASE("a key that storage is too busy to give is asked for again, within bounds") {
  Fixture fixture;
  fixture.http.answer(503, "ServerBusy");
  CHECK(fixture.key_of(fixture.link(15min)) == 2);

  Fixture away;
  for (int i = 0; i < 4; ++i) away.http.answer(503, "ServerBusy");
  const auto refused = away.link(15min);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::unavailable);
  CHECK(away.http.calls.size() == 3);
}

TEST_CASE("a key that is none, or ends too soon, signs nothing") {
  Fixture fixture;
  for (const std::string& body :
       {std::string("no xml <"), std::string("<UserDelegationKey/>"),
        std::string("<UserDelegationKey><SignedOid>a&amp;sp=rwd</SignedOid></UserDelegationKey>"),
        fixture.http.key_xml("tomorrow")}) {
    CAPTURE(body);
    fixture.http.prepared.push_back(HttpReply{.status = 200, .body = body});
    const auto link = fixture.link(15min);
    REQUIRE_FALSE(link.has_value());
    CHECK(link.error().kind == ErrorKind::corrupt);
  }
  fixture.http.prepared.push_back(
      HttpReply{.status = 200, .body = fixture.http.key_xml("2026-03-02T09:20:00Z")});
  const auto link = fixture.link(15min);
  REQUIRE_FALSE(link.has_value());
  CHECK(link.error().message.find("ends before") != std::string::npos);
}

TEST_CASE("with the account's key nothing is asked, and an emulator may be read over http") {
  Fixture fixture({.name = "devstoreaccount1",
                   .endpoint = "http://127.0.0.1:10000/devstoreaccount1",
                   .key = Secret("a2V5")});

  const auto link = fixture.link(15min);

  REQUIRE(link.has_value());
  CHECK(fixture.http.calls.empty());
  CHECK(link->url.reveal().starts_with(
      "http://127.0.0.1:10000/devstoreaccount1/recs/20260302/x/0-audiowav.wav?sv=2025-11-05"
      "&spr=https%2Chttp&st=2026-03-02T09%3A00%3A00Z&se=2026-03-02T09%3A30%3A00Z&sr=b&sp=r&sig="));
}

TEST_CASE("a SAS token is never handed out, and a directory has no links") {
  Fixture fixture({.name = "myacct",
                   .endpoint = "https://myacct.blob.core.windows.net",
                   .credential = AzureCredential::sas,
                   .sas = Secret("sv=1&sig=mine")});
  NoBlobLinks none;
  for (const auto& refused : {fixture.link(15min), fixture.runtime.run_for(none.make_link({}))}) {
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::conflict);
    CHECK(refused.error().message.find("mine") == std::string::npos);
    CHECK(refused.error().message.find("signed link") != std::string::npos);
  }
}

TEST_CASE("a link that has ended, lasts too long or names no blob is not made") {
  Fixture fixture;
  CHECK(fixture.link(Duration(0)).error().kind == ErrorKind::invalid);
  CHECK(fixture.link(-1min).error().kind == ErrorKind::invalid);
  CHECK(fixture.link(24h + 1s).error().kind == ErrorKind::invalid);
  CHECK(fixture.link(15min, "../other/a.wav").error().kind == ErrorKind::invalid);
  CHECK(fixture.link(15min, "").error().kind == ErrorKind::invalid);
  CHECK(fixture.http.calls.empty());
}
