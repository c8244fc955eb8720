#include "acs/service_files.hpp"

#include "acs/request_signer.hpp"
#include "acs/testing/fake_http_client.hpp"
#include "base/base64.hpp"
#include "net/http_server.hpp"
#include "net/router.hpp"
#include "net/testing/memory_network.hpp"
#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace earshot::acs {
namespace {

constexpr std::string_view key_text = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
constexpr const char* location = "https://eu-storage.asm.skype.com/v1/objects/0-weu/content/video";

struct FixedTokens : TokenSource {
  Task<Result<Secret>> token(std::string scope) override {
    scopes.push_back(scope);
    co_return Secret("jwt-1");
  }
  std::vector<std::string> scopes;
};

std::unique_ptr<ServiceFiles> make(net::HttpClient& http, net::TestRuntime& runtime, Log& log,
                                   Counters& counters, ServiceFilesOptions options,
                                   TokenSource* tokens = nullptr) {
  options.endpoint = "https://demo.communication.azure.com/";
  auto made = make_service_files({http, runtime.clock(), log, counters, tokens}, options);
  REQUIRE(made.has_value());
  return std::move(*made);
}

// With a script for the other side.
struct Scripted {
  explicit Scripted(ServiceFilesOptions options = {.access_key = Secret(std::string(key_text))}) {
    files = make(http, runtime, log, counters, std::move(options), &tokens);
  }
  Result<ServicePiece> read(std::uint64_t offset, std::uint64_t length,
                            std::string from = location) {
    return runtime.run_for(
        files->read({.resource = {}, .location = std::move(from)}, offset, length));
  }
  net::TestRuntime runtime;
  testing::FakeHttpClient http;
  FixedTokens tokens;
  NullLog log;
  Counters counters;
  std::unique_ptr<ServiceFiles> files;
};

// With a real server of one file, on the loopback, which the list names.
struct Served {
  Served() {
    router.set_fallback([this](net::HttpRequest request) { return answer(std::move(request)); });
    server = *net::start_http_server(network, runtime.executor(), runtime.clock(), log, counters,
                                     router, {.address = "127.0.0.1", .port = 7788});
    http = net::make_http_client(network, runtime.executor(), runtime.clock());
    files =
        make(*http, runtime, log, counters,
             {.access_key = Secret(std::string(key_text)), .download_hosts = {"127.0.0.1:7788"}});
  }
  ~Served() { runtime.run(server->stop(runtime.clock().steady_now())); }
  Task<net::HttpResponse> answer(net::HttpRequest request) {
    ++requests;
    net::HttpResponse response;
    const std::string range(request.headers.get("Range"));
    if (!knows_ranges) {
      response.body = file;
      co_return response;
    }
    std::size_t first = 0;
    std::size_t last = 0;
    REQUIRE(std::sscanf(range.c_str(), "bytes=%zu-%zu", &first, &last) == 2);
    if (first >= file.size()) {
      response.status = 416;
      response.headers.set("Content-Range", fmt::format("bytes */{}", file.size()));
      co_return response;
    }
    response.status = status;
    last = std::min(last, file.size() - 1);
    response.headers.set("Content-Range", fmt::format("bytes {}-{}/{}", first, last, file.size()));
    response.body = file.substr(first, last - first + 1);
    co_return response;
  }
  Result<ServicePiece> read(std::uint64_t offset, std::uint64_t length) {
    return runtime.run_for(files->read(
        {.resource = {}, .location = "http://127.0.0.1:7788/v1/objects/1/content/video"}, offset,
        length));
  }
  net::TestRuntime runtime;
  net::MemoryNetwork network;
  NullLog log;
  Counters counters;
  net::Router router;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<net::HttpClient> http;
  std::unique_ptr<ServiceFiles> files;
  std::string file = "0123456789abcdef";
  bool knows_ranges = true;
  int status = 206;
  int requests = 0;
};

std::string text(const ServicePiece& piece) { return std::string(as_text(piece.bytes)); }

}  // namespace

TEST_CASE("a download is signed with the endpoint's host and the path without its query") {
  Scripted scripted;
  scripted.http.answer(206, "abc", {{"Content-Range", "bytes 5-7/20"}});

  const auto piece = scripted.read(5, 3, std::string(location) + "?x=1");

  REQUIRE(piece.has_value());
  CHECK(text(*piece) == "abc");
  CHECK(piece->file_bytes == 20);
  REQUIRE(scripted.http.calls.size() == 1);
  const auto& call = scripted.http.calls[0];
  CHECK(call.method == "GET");
  CHECK(call.url == std::string(location) + "?x=1");
  CHECK(call.redirects_max == 0);
  CHECK(call.headers.get("Range") == "bytes=5-7");
  CHECK(call.headers.get("Accept") == "application/json");
  CHECK(call.headers.get("x-ms-host") == "demo.communication.azure.com");
  CHECK(call.headers.get("OriginalUrl") == std::string(location) + "?x=1");
  const auto key = base64::decode(key_text);
  const auto expected = sign_request(*key, {.method = "GET",
                                            .host = "demo.communication.azure.com",
                                            .target = "/v1/objects/0-weu/content/video",
                                            .body = {},
                                            .now = scripted.runtime.clock().wall_now()});
  CHECK(call.headers.get("Authorization") == expected.authorization);
  CHECK(call.headers.get("x-ms-date") == expected.date);
  CHECK(call.headers.get("x-ms-content-sha256") == expected.content_sha256);
}

TEST_CASE("without an access key a download brings an Entra ID token") {
  Scripted scripted({});
  scripted.http.answer(206, "a", {{"Content-Range", "bytes 0-0/1"}});
  REQUIRE(scripted.read(0, 1).has_value());
  CHECK(scripted.http.calls[0].headers.get("Authorization") == "Bearer jwt-1");
  CHECK(scripted.tokens.scopes ==
        std::vector<std::string>{"https://communication.azure.com//.default"});
}

TEST_CASE("a location on a foreign host is refused before anything is sent or signed") {
  Scripted scripted({});
  const auto piece = scripted.read(0, 10, "https://evil.example/v1/objects/1/content/video");
  REQUIRE_FALSE(piece.has_value());
  CHECK(piece.error().kind == ErrorKind::refused);
  CHECK(scripted.http.calls.empty());
  CHECK(scripted.tokens.scopes.empty());
  const auto removed = scripted.runtime.run_for(
      scripted.files->remove({.resource = {}, .location = "https://evil.example/v1/objects/1"}));
  REQUIRE_FALSE(removed.has_value());
  CHECK(scripted.http.calls.empty());
  CHECK_FALSE(scripted.files->check("https://evil.example/v1").has_value());
  CHECK(scripted.files->check(location).has_value());
}

TEST_CASE("a redirect is held to the same hosts and signed anew") {
  Scripted scripted;
  SUBCASE("to a foreign host it is refused, and nothing leaves for there") {
    scripted.http.answer(302, "", {{"Location", "https://evil.example/take"}});
    const auto piece = scripted.read(0, 10);
    REQUIRE_FALSE(piece.has_value());
    CHECK(piece.error().kind == ErrorKind::refused);
    CHECK(scripted.http.calls.size() == 1);
  }
  SUBCASE("to plain http it is refused") {
    scripted.http.answer(307, "", {{"Location", "http://eu-storage.asm.skype.com/take"}});
    REQUIRE_FALSE(scripted.read(0, 10).has_value());
    CHECK(scripted.http.calls.size() == 1);
  }
  SUBCASE("to another of ACS's hosts it is followed") {
    scripted.http.answer(302, "", {{"Location", "https://as-storage.asm.skype.com/v1/other"}});
    scripted.http.answer(206, "x", {{"Content-Range", "bytes 0-0/1"}});
    const auto piece = scripted.read(0, 10);
    REQUIRE(piece.has_value());
    CHECK(scripted.http.calls[1].url == "https://as-storage.asm.skype.com/v1/other");
    CHECK(scripted.http.calls[1].headers.get("Authorization") !=
          scripted.http.calls[0].headers.get("Authorization"));
  }
  SUBCASE("to a path it stays on the host") {
    scripted.http.answer(302, "", {{"Location", "/v1/other"}});
    scripted.http.answer(206, "x", {{"Content-Range", "bytes 0-0/1"}});
    REQUIRE(scripted.read(0, 10).has_value());
    CHECK(scripted.http.calls[1].url == "https://eu-storage.asm.skype.com/v1/other");
  }
  SUBCASE("without an end it is given up") {
    for (int i = 0; i < 10; ++i)
      scripted.http.answer(302, "", {{"Location", "/v1/" + std::to_string(i)}});
    REQUIRE_FALSE(scripted.read(0, 10).has_value());
    CHECK(scripted.http.calls.size() == 4);
  }
}

TEST_CASE("pieces come by range, the last one shorter, and one past the end is empty") {
  Served served;
  auto piece = served.read(0, 6);
  REQUIRE(piece.has_value());
  CHECK(text(*piece) == "012345");
  CHECK(piece->file_bytes == 16);
  piece = served.read(12, 6);
  REQUIRE(piece.has_value());
  CHECK(text(*piece) == "cdef");
  piece = served.read(16, 6);
  REQUIRE(piece.has_value());
  CHECK(piece->bytes.empty());
  CHECK(piece->file_bytes == 16);
}

TEST_CASE("a range that is answered with 200 is taken for what its Content-Range says") {
  Served served;
  served.status = 200;
  const auto piece = served.read(4, 4);
  REQUIRE(piece.has_value());
  CHECK(text(*piece) == "4567");
  CHECK(piece->file_bytes == 16);
}

TEST_CASE("of a storage that knows no ranges the piece is taken, and the rest not waited for") {
  Served served;
  served.knows_ranges = false;
  served.file = std::string(3'000'000, 'a') + "needle";
  served.file.resize(33'000'006, 'b');
  auto piece = served.read(3'000'000, 6);
  REQUIRE(piece.has_value());
  CHECK(text(*piece) == "needle");
  CHECK(piece->file_bytes == served.file.size());
  piece = served.read(served.file.size() - 2, 100);
  REQUIRE(piece.has_value());
  CHECK(text(*piece) == "bb");
}

TEST_CASE("an empty file is a file of 0 bytes, however it is told") {
  SUBCASE("200 without a body") {
    Scripted scripted;
    scripted.http.answer(200, "");
    const auto piece = scripted.read(0, 10);
    REQUIRE(piece.has_value());
    CHECK(piece->file_bytes == 0);
  }
  SUBCASE("416") {
    Scripted scripted;
    scripted.http.answer(416, "", {{"Content-Range", "bytes */0"}});
    const auto piece = scripted.read(0, 10);
    REQUIRE(piece.has_value());
    CHECK(piece->file_bytes == 0);
  }
}

TEST_CASE("an answer that is not the piece is worth another try") {
  Scripted scripted;
  SUBCASE("too few bytes") {
    scripted.http.answer(206, "abc", {{"Content-Range", "bytes 0-9/20"}});
  }
  SUBCASE("another range") {
    scripted.http.answer(206, "abcdefghij", {{"Content-Range", "bytes 10-19/20"}});
  }
  SUBCASE("a range that cannot be read") {
    scripted.http.answer(206, "abcdefghij", {{"Content-Range", "lines 1-2"}});
  }
  SUBCASE("the service is not well") { scripted.http.answer(500, "oops"); }
  SUBCASE("a front end's page") { scripted.http.answer(400, "<html>"); }
  SUBCASE("nobody there") { scripted.http.answer_nothing(); }
  const auto piece = scripted.read(0, 10);
  REQUIRE_FALSE(piece.has_value());
  CHECK(worth_retrying(piece.error()));
}

TEST_CASE("refusals of the storage say what they are") {
  Scripted scripted;
  scripted.http.answer(404, "{}");
  CHECK(scripted.read(0, 10).error().kind == ErrorKind::not_found);
  scripted.http.answer(401, R"({"title":"Unauthorized"})");
  CHECK(scripted.read(0, 10).error().kind == ErrorKind::refused);
  scripted.http.answer(429, "", {{"Retry-After", "7"}});
  CHECK(scripted.read(0, 10).error().retry_after_ms == 7000);
}

TEST_CASE("deletion is signed as DELETE, and what is gone already is a success") {
  Scripted scripted;
  scripted.http.answer(200, "");
  scripted.http.answer(404, R"({"error":{"code":"8522"}})");
  scripted.http.answer(500, "");
  const auto remove = [&] {
    return scripted.runtime.run_for(scripted.files->remove(
        {.resource = {}, .location = "https://as-storage.asm.skype.com/v1/objects/0-weu"}));
  };
  CHECK(remove().has_value());
  CHECK(scripted.http.calls[0].method == "DELETE");
  CHECK_FALSE(scripted.http.calls[0].headers.find("Range").has_value());
  CHECK(remove().has_value());
  CHECK_FALSE(remove().has_value());
}

TEST_CASE("options that contradict themselves are refused") {
  net::TestRuntime runtime;
  testing::FakeHttpClient http;
  NullLog log;
  Counters counters;
  const ServiceFilesServices services{http, runtime.clock(), log, counters};
  CHECK_FALSE(make_service_files(services, {.endpoint = "https://demo.communication.azure.com"})
                  .has_value());
  CHECK_FALSE(make_service_files(services, {.endpoint = "https://demo.communication.azure.com",
                                            .access_key = Secret("!")})
                  .has_value());
  CHECK_FALSE(make_service_files(services, {.endpoint = "https://demo.communication.azure.com",
                                            .access_key = Secret(std::string(key_text)),
                                            .download_hosts = {"https://x"}})
                  .has_value());
}

}  // namespace earshot::acs
