#include "entra/identity.hpp"

#include "entra/token_response.hpp"
#include "net/testing/test_runtime.hpp"

#include <cstdlib>
#include <deque>
#include <doctest/doctest.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

using namespace earshot;
using entra::faults_of;
using entra::IdentityKind;
using entra::IdentityOptions;
using entra::kind_of;

namespace {

constexpr const char* storage = "https://storage.azure.com/.default";

// Answers with numbered tokens of an hour, or as a test prepared; each answer takes a second.
struct TokenEndpoint : net::HttpClient {
  explicit TokenEndpoint(Clock& clock_in) : clock(clock_in) {}
  Task<Result<net::HttpReply>> send(net::HttpCall call) override {
    calls.push_back(std::move(call));
    const auto number = calls.size();
    co_await clock.sleep_for(1s);
    if (!prepared.empty()) {
      auto reply = std::move(prepared.front());
      prepared.pop_front();
      co_return reply;
    }
    co_return net::HttpReply{
        .status = 200,
        .headers = {},
        .body = fmt::format(R"({{"access_token":"tok{}","expires_in":"3600"}})", number)};
  }
  Task<Result<net::HttpReply>> download(net::HttpCall, Sink) override {
    co_return fail(ErrorKind::invalid, "not used here");
  }
  void answer(int status, std::string body = "") {
    prepared.push_back(net::HttpReply{.status = status, .headers = {}, .body = std::move(body)});
  }
  Clock& clock;
  std::deque<Result<net::HttpReply>> prepared;
  std::vector<net::HttpCall> calls;
};

struct Fixture {
  explicit Fixture(IdentityOptions options = {})
      : identity(std::move(options), http, runtime.clock(), random, offload, counters, log) {}
  std::string token(std::string scope = storage) {
    auto got = runtime.run_for(identity.token(std::move(scope)));
    return got ? got->reveal() : "error: " + got.error().message;
  }
  net::TestRuntime runtime;
  TokenEndpoint http{runtime.clock()};
  SeededRandom random{1};
  InlineOffload offload;
  Counters counters;
  MemoryLog log;
  entra::Identity identity;
};

Task<void> take(TokenSource& source, std::vector<std::string>& out) {
  auto got = co_await source.token(storage);
  out.push_back(got ? got->reveal() : got.error().message);
}

}  // namespace

TEST_CASE("a virtual machine asks its metadata service, never through a proxy") {
  Fixture fixture({.client_id = "11-22"});

  CHECK(fixture.token() == "tok1");

  const auto& call = fixture.http.calls.at(0);
  CHECK(call.method == "GET");
  CHECK(call.url ==
        "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01"
        "&resource=https%3A%2F%2Fstorage.azure.com&client_id=11-22");
  CHECK(call.headers.get("Metadata") == "true");
  CHECK_FALSE(call.use_proxy);
}

TEST_CASE("the platform's endpoint is asked with its header, never through a proxy") {
  Fixture fixture(
      {.identity_endpoint = "http://127.0.0.1:41564/msi/token", .identity_header = Secret("hdr")});

  CHECK(fixture.token() == "tok1");

  const auto& call = fixture.http.calls.at(0);
  CHECK(call.url ==
        "http://127.0.0.1:41564/msi/token?api-version=2019-08-01"
        "&resource=https%3A%2F%2Fstorage.azure.com");
  CHECK(call.headers.get("X-IDENTITY-HEADER") == "hdr");
  CHECK_FALSE(call.use_proxy);
}

TEST_CASE("an application's secret goes in the body, for the scope") {
  Fixture fixture({.client_id = "cid", .tenant_id = "tid", .client_secret = Secret("s&1")});

  CHECK(fixture.token() == "tok1");

  const auto& call = fixture.http.calls.at(0);
  CHECK(call.method == "POST");
  CHECK(call.url == "https://login.microsoftonline.com/tid/oauth2/v2.0/token");
  CHECK(call.body ==
        "grant_type=client_credentials&client_id=cid"
        "&scope=https%3A%2F%2Fstorage.azure.com%2F.default&client_secret=s%261");
  CHECK(call.use_proxy);
}

TEST_CASE("workload identity reads its token file anew each time") {
  std::string path = (std::filesystem::temp_directory_path() / "earshot-token-XXXXXX").string();
  const int fd = ::mkstemp(path.data());
  REQUIRE(fd >= 0);
  ::close(fd);
  std::ofstream(path) << "first.jwt\n";
  Fixture fixture({.client_id = "cid",
                   .tenant_id = "tid",
                   .authority = "https://login.microsoftonline.us/",
                   .federated_token_file = path});
  CHECK(fixture.token() == "tok1");
  std::ofstream(path) << "second.jwt";
  CHECK(fixture.token("https://ai.azure.com/.default") == "tok2");

  CHECK(fixture.http.calls.at(0).url == "https://login.microsoftonline.us/tid/oauth2/v2.0/token");
  CHECK(fixture.http.calls.at(0).body.ends_with("&client_assertion=first.jwt"));
  CHECK(fixture.http.calls.at(1).body.ends_with("&client_assertion=second.jwt"));

  std::filesystem::remove(path);
  Fixture without({.client_id = "cid", .tenant_id = "tid", .federated_token_file = path});
  CHECK(without.token() == "error: the federated token file cannot be opened");
  CHECK(without.http.calls.empty());
}

TEST_CASE("a token is kept per scope and renewed five minutes before its end") {
  Fixture fixture;
  CHECK(fixture.token() == "tok1");
  CHECK(fixture.token() == "tok1");
  CHECK(fixture.token("https://ai.azure.com/.default") == "tok2");
  fixture.runtime.advance(54min);
  CHECK(fixture.token() == "tok1");
  fixture.runtime.advance(61s);
  CHECK(fixture.token() == "tok3");
  CHECK(fixture.http.calls.size() == 3);
}

TEST_CASE("many who ask at once cause one request") {
  Fixture fixture;
  std::vector<std::string> got;
  int done = 0;
  for (int i = 0; i < 10; ++i)
    fixture.runtime.executor().spawn(take(fixture.identity, got),
                                     [&done](std::exception_ptr) { ++done; });

  fixture.runtime.advance(2s);

  CHECK(done == 10);
  CHECK(got == std::vector<std::string>(10, "tok1"));
  CHECK(fixture.http.calls.size() == 1);
}

TEST_CASE("a renewal that fails leaves the old token in use until it ends") {
  Fixture fixture;
  CHECK(fixture.token() == "tok1");
  fixture.runtime.advance(56min);
  fixture.http.answer(
      400, R"({"error":"invalid_client","error_description":"AADSTS7000215: secret of bob"})");

  CHECK(fixture.token() == "tok1");
  CHECK(fixture.log.contains("invalid_client: AADSTS7000215"));
  CHECK_FALSE(fixture.log.contains("bob"));
  CHECK(fixture.token() == "tok1");  // not asked again at once
  CHECK(fixture.http.calls.size() == 2);

  fixture.runtime.advance(5min);
  fixture.http.answer(403);
  CHECK(fixture.token() == "error: the token endpoint answered 403");
  CHECK(fixture.token() == "tok4");
}

TEST_CASE("what may succeed later is tried again, within bounds") {
  Fixture fixture;
  fixture.http.answer(404);
  fixture.http.answer(429);
  fixture.http.prepared.push_back(fail(ErrorKind::unavailable, "connection refused"));
  CHECK(fixture.token() == "tok4");

  Fixture dead;
  for (int i = 0; i < 4; ++i) dead.http.answer(500);
  CHECK(dead.token() == "error: the token endpoint answered 500");
  CHECK(dead.http.calls.size() == 4);

  Fixture secret({.client_id = "c", .tenant_id = "t", .client_secret = Secret("s")});
  secret.http.answer(404);
  CHECK(secret.token() == "error: the token endpoint answered 404");
  CHECK(secret.http.calls.size() == 1);
}

TEST_CASE("a token response is read with numbers or text, and by either end") {
  const auto now = *parse_iso8601("2026-03-02T09:00:00Z");
  const auto on = std::to_string(to_unix_ms(now) / 1'000 + 600);
  for (const auto& body : {std::string(R"({"access_token":"t","expires_in":600})"),
                           std::string(R"({"access_token":"t","expires_in":"600"})"),
                           R"({"access_token":"t","expires_on":")" + on + "\"}",
                           R"({"access_token":"t","expires_on":)" + on + "}"}) {
    const auto parsed = entra::parse_token_response(body, now);
    REQUIRE(parsed.has_value());
    CHECK(parsed->token.reveal() == "t");
    CHECK(parsed->good_until == now + 600s);
  }
}

TEST_CASE("an answer without a usable token is invalid") {
  const auto now = *parse_iso8601("2026-03-02T09:00:00Z");
  for (const auto* body :
       {"", "[]", "<html>", "{}", R"({"access_token":"","expires_in":1})",
        R"({"access_token":"t"})", R"({"access_token":"t","expires_in":0})",
        R"({"access_token":"t","expires_on":"1"})", R"({"access_token":"t","expires_in":"soon"})",
        "{\"access_token\":\"t\\r\\nX: y\",\"expires_in\":1}",
        R"({"access_token":7,"expires_in":1})"}) {
    CAPTURE(body);
    CHECK_FALSE(entra::parse_token_response(body, now).has_value());
  }
}

TEST_CASE("what is filled in decides which identity it is, and faults are all named") {
  CHECK(kind_of({}) == IdentityKind::machine);
  CHECK(kind_of({.client_secret = Secret("s")}) == IdentityKind::client_secret);
  CHECK(kind_of({.identity_endpoint = "http://x",
                 .identity_header = Secret("h"),
                 .client_secret = Secret("s")}) == IdentityKind::platform);
  CHECK(kind_of({.federated_token_file = "/f",
                 .identity_endpoint = "http://x",
                 .identity_header = Secret("h")}) == IdentityKind::workload);
  CHECK(faults_of({}).empty());
  CHECK(faults_of({.federated_token_file = "/f"}).size() == 2);
  CHECK(faults_of({.client_id = "c",
                   .tenant_id = "t",
                   .authority = "http://evil.example.com",
                   .client_secret = Secret("s")})
            .size() == 1);
  CHECK(faults_of({.identity_endpoint = "http://x"}).size() == 1);
}
