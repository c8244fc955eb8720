#include "blob/azure_blob_store.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "blob/shared_key.hpp"
#include "net/testing/test_runtime.hpp"

#include <deque>
#include <doctest/doctest.h>

using namespace earshot;
using net::HttpReply;

namespace {

// Answers with what a test prepared, in order, and keeps what it was asked.
struct ScriptedHttp : net::HttpClient {
  Task<Result<HttpReply>> send(net::HttpCall call) override {
    calls.push_back(std::move(call));
    REQUIRE_FALSE(replies.empty());
    auto reply = std::move(replies.front());
    replies.pop_front();
    co_return reply;
  }
  Task<Result<HttpReply>> download(net::HttpCall, Sink) override {
    co_return fail(ErrorKind::invalid, "not used here");
  }
  void answer(int status, net::HttpHeaders headers = {}, std::string body = "") {
    replies.push_back(
        HttpReply{.status = status, .headers = std::move(headers), .body = std::move(body)});
  }
  void answer_error(int status, std::string code) {
    answer(status, {{"x-ms-error-code", std::move(code)}, {"x-ms-request-id", "rid-7"}});
  }
  std::deque<Result<HttpReply>> replies;
  std::vector<net::HttpCall> calls;
};

struct FixedToken : TokenSource {
  Task<Result<Secret>> token(std::string scope) override {
    scopes.push_back(std::move(scope));
    co_return Secret("tok" + std::to_string(scopes.size()));
  }
  std::vector<std::string> scopes;
};

struct Fixture {
  explicit Fixture(blob::AzureAccount account = {.name = "myacct",
                                                 .endpoint = "https://myacct.blob.core.windows.net",
                                                 .key = Secret("a2V5")})
      : store({.account = std::move(account), .container = "recs"}, http, &tokens, runtime.clock(),
              random, counters, log) {}
  template <class T>
  T wait(Task<T> task) {
    return runtime.run_for(std::move(task));
  }
  net::TestRuntime runtime;
  ScriptedHttp http;
  FixedToken tokens;
  SeededRandom random{5};
  Counters counters;
  MemoryLog log;
  blob::AzureBlobStore store;
};

std::string target_of(const net::HttpCall& call) { return call.url.substr(call.url.find('/', 8)); }

}  // namespace

TEST_CASE("every request is signed over what is sent, and carries version, date and id") {
  Fixture fixture;
  fixture.http.answer(201);

  auto put = fixture.wait(fixture.store.put({.name = {"2026/a b+c.wav"}, .bytes = {1, 2, 3}}));

  REQUIRE(put.has_value());
  REQUIRE(fixture.http.calls.size() == 1);
  const auto& call = fixture.http.calls[0];
  CHECK(call.method == "PUT");
  CHECK(call.url == "https://myacct.blob.core.windows.net/recs/2026/a%20b%2Bc.wav");
  CHECK(call.headers.get("x-ms-version") == "2025-11-05");
  CHECK(call.headers.get("x-ms-date") == "Mon, 02 Mar 2026 09:15:00 GMT");
  CHECK(is_uuid(call.headers.get("x-ms-client-request-id")));
  CHECK(call.headers.get("x-ms-blob-type") == "BlockBlob");
  CHECK(call.headers.get("If-None-Match") == "*");
  CHECK(call.headers.get("Content-MD5") == base64::encode(crypto::md5(Bytes{1, 2, 3})));
  CHECK(call.body == "\x01\x02\x03");
  auto unsigned_headers = call.headers;
  unsigned_headers.remove("Authorization");
  const auto expected = blob::shared_key_authorization({.method = "PUT",
                                                        .target = target_of(call),
                                                        .headers = unsigned_headers,
                                                        .content_length = 3},
                                                       "myacct", Secret("a2V5"));
  CHECK(call.headers.get("Authorization") == *expected);
}

TEST_CASE("with an emulator the account stands in the path, and twice in what is signed") {
  Fixture fixture({.name = "devstoreaccount1",
                   .endpoint = "http://127.0.0.1:10000/devstoreaccount1",
                   .key = Secret("a2V5")});
  fixture.http.answer(200, {}, "<EnumerationResults><Blobs/></EnumerationResults>");

  REQUIRE(fixture.wait(fixture.store.list({.prefix = "2026/", .by_folder = true})).has_value());

  const auto& call = fixture.http.calls[0];
  CHECK(call.url ==
        "http://127.0.0.1:10000/devstoreaccount1/recs?restype=container&comp=list&maxresults=1000"
        "&prefix=2026%2F&delimiter=%2F");
}

TEST_CASE("a SAS goes at the end of the query and nothing is signed") {
  Fixture fixture({.name = "myacct",
                   .endpoint = "https://myacct.blob.core.windows.net",
                   .credential = blob::AzureCredential::sas,
                   .sas = Secret("sv=1&sig=a%2Bb")});
  fixture.http.answer(200, {{"Content-Length", "5"}});
  fixture.http.answer(201);

  REQUIRE(fixture.wait(fixture.store.info({"a"})).has_value());
  REQUIRE(fixture.wait(fixture.store.stage_block({"a"}, 7, {1})).has_value());

  CHECK(fixture.http.calls[0].url == "https://myacct.blob.core.windows.net/recs/a?sv=1&sig=a%2Bb");
  CHECK(fixture.http.calls[1].url ==
        "https://myacct.blob.core.windows.net/recs/"
        "a?comp=block&blockid=MDAwMDAwMDc%3D&sv=1&sig=a%2Bb");
  CHECK_FALSE(fixture.http.calls[0].headers.find("Authorization").has_value());
}

TEST_CASE("Entra asks for a token for storage at each try") {
  Fixture fixture({.name = "myacct",
                   .endpoint = "https://myacct.blob.core.windows.net",
                   .credential = blob::AzureCredential::entra});
  fixture.http.answer_error(500, "InternalError");
  fixture.http.answer(200, {{"Content-Length", "5"}});

  REQUIRE(fixture.wait(fixture.store.info({"a"})).has_value());

  CHECK(fixture.http.calls[1].headers.get("Authorization") == "Bearer tok2");
  CHECK(fixture.tokens.scopes[0] == "https://storage.azure.com/.default");
}

TEST_CASE("what may succeed later is tried again, signed afresh under the same id") {
  Fixture fixture;
  fixture.http.answer_error(503, "ServerBusy");
  fixture.http.replies.push_back(fail(ErrorKind::unavailable, "connection reset"));
  fixture.http.answer(202);

  REQUIRE(fixture.wait(fixture.store.remove({"a"})).has_value());

  REQUIRE(fixture.http.calls.size() == 3);
  const auto& first = fixture.http.calls[0].headers;
  const auto& last = fixture.http.calls[2].headers;
  CHECK(first.get("x-ms-client-request-id") == last.get("x-ms-client-request-id"));
  CHECK(first.get("x-ms-date") != last.get("x-ms-date"));
  CHECK(first.get("Authorization") != last.get("Authorization"));
}

TEST_CASE("tries are bounded, and the last answer is the error") {
  Fixture fixture;
  for (int i = 0; i < 4; ++i) fixture.http.answer_error(503, "ServerBusy");

  auto info = fixture.wait(fixture.store.info({"a"}));

  REQUIRE_FALSE(info.has_value());
  CHECK(info.error().kind == ErrorKind::unavailable);
  CHECK(info.error().code == "ServerBusy");
  CHECK(info.error().status == 503);
  CHECK(info.error().message == "look at blob: storage answered 503 ServerBusy (request rid-7)");
  CHECK(fixture.http.calls.size() == 4);
}

TEST_CASE("Retry-After is kept, and a long one is handed on instead of slept through") {
  Fixture fixture;
  fixture.http.answer(503, {{"Retry-After", "12"}});
  fixture.http.answer(429, {{"Retry-After", "600"}});
  const auto begun = fixture.runtime.clock().steady_now();

  auto info = fixture.wait(fixture.store.info({"a"}));

  CHECK(fixture.runtime.clock().steady_now() - begun == 12s);
  REQUIRE_FALSE(info.has_value());
  CHECK(info.error().retry_after_ms == 600'000);
  CHECK(fixture.http.calls.size() == 2);
}

TEST_CASE("refusals and faults of ours are not tried again") {
  struct Case {
    int status;
    const char* code;
    ErrorKind kind;
  };
  for (const auto& [status, code, kind] :
       {Case{400, "InvalidHeaderValue", ErrorKind::invalid},
        Case{401, "InvalidAuthenticationInfo", ErrorKind::refused},
        Case{403, "AuthenticationFailed", ErrorKind::refused},
        Case{404, "ContainerNotFound", ErrorKind::not_found},
        Case{409, "BlobArchived", ErrorKind::conflict},
        Case{412, "ConditionNotMet", ErrorKind::conflict},
        Case{413, "RequestBodyTooLarge", ErrorKind::invalid}}) {
    CAPTURE(status);
    Fixture fixture;
    fixture.http.answer_error(status, code);
    auto read = fixture.wait(fixture.store.read({"a"}, 0, 10, "e"));
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().kind == kind);
    CHECK(read.error().code == code);
    CHECK(fixture.http.calls.size() == 1);
  }
}

TEST_CASE("a range is read with the etag as its condition") {
  Fixture fixture;
  fixture.http.answer(206, {}, "2345");
  fixture.http.answer_error(416, "InvalidRange");
  fixture.http.answer(200, {}, "0123456789");

  auto part = fixture.wait(fixture.store.read({"a"}, 2, 4, "0x8D"));
  auto past = fixture.wait(fixture.store.read({"a"}, 100, 4, ""));
  auto whole = fixture.wait(fixture.store.read({"a"}, 2, 4, ""));

  REQUIRE(part.has_value());
  CHECK(as_text(*part) == "2345");
  CHECK(fixture.http.calls[0].headers.get("x-ms-range") == "bytes=2-5");
  CHECK(fixture.http.calls[0].headers.get("If-Match") == "\"0x8D\"");
  REQUIRE(past.has_value());
  CHECK(past->empty());
  REQUIRE(whole.has_value());
  CHECK(as_text(*whole) == "2345");
}

TEST_CASE("a put that meets the same bytes succeeds, by length and hash") {
  const auto md5 = base64::encode(crypto::md5(Bytes{1, 2, 3}));
  Fixture fixture;
  fixture.http.answer_error(409, "BlobAlreadyExists");
  fixture.http.answer(200, {{"Content-Length", "3"}, {"Content-MD5", md5}});
  CHECK(fixture.wait(fixture.store.put({.name = {"a"}, .bytes = {1, 2, 3}})).has_value());

  fixture.http.answer_error(409, "BlobAlreadyExists");
  fixture.http.answer(200, {{"Content-Length", "3"}, {"Content-MD5", "other"}});
  auto other = fixture.wait(fixture.store.put({.name = {"a"}, .bytes = {1, 2, 3}}));
  REQUIRE_FALSE(other.has_value());
  CHECK(other.error().kind == ErrorKind::conflict);

  // A blob that was made of blocks has no hash: its bytes are read.
  fixture.http.answer_error(409, "BlobAlreadyExists");
  fixture.http.answer(200, {{"Content-Length", "3"}});
  fixture.http.answer(206, {}, "\x01\x02\x03");
  CHECK(fixture.wait(fixture.store.put({.name = {"a"}, .bytes = {1, 2, 3}})).has_value());
}

TEST_CASE("info is read from the headers, the etag without its quotes") {
  Fixture fixture;
  fixture.http.answer(200, {{"Content-Length", "640044"},
                            {"ETag", "\"0x8DC0FFEE\""},
                            {"Last-Modified", "Sun, 22 Nov 2026 06:34:05 GMT"},
                            {"Content-Type", "audio/wav"}});

  auto info = fixture.wait(fixture.store.info({"a"}));

  REQUIRE(info.has_value());
  CHECK(fixture.http.calls[0].method == "HEAD");
  CHECK(info->bytes == 640'044);
  CHECK(info->etag == "0x8DC0FFEE");
  CHECK(info->content_type == "audio/wav");
}

TEST_CASE("removing what is gone succeeds, but a missing container is an error") {
  Fixture fixture;
  fixture.http.answer_error(404, "BlobNotFound");
  fixture.http.answer_error(404, "ContainerNotFound");

  CHECK(fixture.wait(fixture.store.remove({"a"})).has_value());
  CHECK_FALSE(fixture.wait(fixture.store.remove({"a"})).has_value());
}

TEST_CASE("blocks are committed in order by ids of one length") {
  Fixture fixture;
  fixture.http.answer(201);

  REQUIRE(fixture.wait(fixture.store.commit_blocks({"a"}, 2, "audio/l16")).has_value());

  const auto& call = fixture.http.calls[0];
  CHECK(call.url.ends_with("/recs/a?comp=blocklist"));
  CHECK(call.headers.get("x-ms-blob-content-type") == "audio/l16");
  CHECK(call.body.find("<Latest>MDAwMDAwMDA=</Latest><Latest>MDAwMDAwMDE=</Latest>") !=
        std::string::npos);
}

TEST_CASE("no hostile name and no oversized read leaves the house") {
  Fixture fixture;
  CHECK_FALSE(fixture.wait(fixture.store.info({"../other-container/x"})).has_value());
  CHECK_FALSE(fixture.wait(fixture.store.read({"a"}, 0, ~0ull, "")).has_value());
  CHECK_FALSE(fixture.wait(fixture.store.put({.name = {""}, .bytes = {1}})).has_value());
  CHECK(fixture.http.calls.empty());
}

TEST_CASE("a listing that is no listing is corrupt") {
  Fixture fixture;
  fixture.http.answer(200, {}, "<html>a captive portal</html>");

  auto page = fixture.wait(fixture.store.list({}));

  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().kind == ErrorKind::corrupt);
}

TEST_CASE("tiers are set by name, and what leaves the archive takes its time") {
  Fixture fixture;
  fixture.http.answer(200);
  fixture.http.answer(202);
  fixture.http.answer_error(409, "BlobBeingRehydrated");
  fixture.http.answer_error(400, "AccessTierNotSupportedForBlobType");

  CHECK(*fixture.wait(fixture.store.set_tier({"a b"}, StorageTier::archive)) == TierChange::done);
  CHECK(*fixture.wait(fixture.store.set_tier({"a"}, StorageTier::hot)) == TierChange::started);
  CHECK(*fixture.wait(fixture.store.set_tier({"a"}, StorageTier::hot)) == TierChange::started);
  auto append_blob = fixture.wait(fixture.store.set_tier({"a"}, StorageTier::cool));

  const auto& calls = fixture.http.calls;
  CHECK(calls[0].method == "PUT");
  CHECK(calls[0].url == "https://myacct.blob.core.windows.net/recs/a%20b?comp=tier");
  CHECK(calls[0].headers.get("x-ms-access-tier") == "Archive");
  CHECK_FALSE(calls[0].headers.find("x-ms-rehydrate-priority").has_value());
  CHECK(calls[1].headers.get("x-ms-access-tier") == "Hot");
  CHECK(calls[1].headers.get("x-ms-rehydrate-priority") == "Standard");
  REQUIRE_FALSE(append_blob.has_value());
  CHECK(is_not_supported(append_blob.error()));
}

TEST_CASE("reading what is archived is told apart, and info says that it is on its way back") {
  Fixture fixture;
  fixture.http.answer_error(409, "BlobArchived");
  fixture.http.answer(200, {{"Content-Length", "5"},
                            {"x-ms-access-tier", "Archive"},
                            {"x-ms-archive-status", "rehydrate-pending-to-hot"}});

  auto read = fixture.wait(fixture.store.read({"a"}, 0, 1, ""));
  REQUIRE_FALSE(read.has_value());
  CHECK(is_archived(read.error()));
  CHECK(read.error().kind == ErrorKind::conflict);
  auto info = fixture.wait(fixture.store.info({"a"}));
  REQUIRE(info.has_value());
  CHECK(is_archived(*info));
  CHECK(info->rehydrating_to == StorageTier::hot);
}

TEST_CASE("tags are read and written as XML, and a lack of rights is not a lack of tags") {
  Fixture fixture;
  fixture.http.answer(200, {},
                      "<Tags><TagSet><Tag><Key>hold</Key><Value>no</Value></Tag></TagSet></Tags>");
  fixture.http.answer(204);
  fixture.http.answer_error(403, "AuthorizationPermissionMismatch");
  fixture.http.answer_error(409, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts");

  CHECK(fixture.wait(fixture.store.tags({"a"})).value() == BlobTags{{"hold", "no"}});
  CHECK(fixture.wait(fixture.store.set_tags({"a"}, {{"hold", "yes"}})).has_value());
  auto refused = fixture.wait(fixture.store.set_tags({"a"}, {}));
  auto not_there = fixture.wait(fixture.store.set_tags({"a"}, {}));

  CHECK(fixture.http.calls[0].url == "https://myacct.blob.core.windows.net/recs/a?comp=tags");
  CHECK(fixture.http.calls[1].body ==
        R"(<?xml version="1.0" encoding="utf-8"?><Tags><TagSet><Tag><Key>hold</Key>)"
        R"(<Value>yes</Value></Tag></TagSet></Tags>)");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::refused);
  CHECK_FALSE(is_not_supported(refused.error()));
  REQUIRE_FALSE(not_there.has_value());
  CHECK(is_not_supported(not_there.error()));
}

TEST_CASE("a legal hold that the container does not know is asked for once") {
  Fixture fixture;
  fixture.http.answer(200);
  fixture.http.answer_error(501, "APINotImplemented");

  CHECK(fixture.wait(fixture.store.set_legal_hold({"a"}, true)).has_value());
  auto unknown = fixture.wait(fixture.store.set_legal_hold({"a"}, false));

  CHECK(fixture.http.calls[0].url == "https://myacct.blob.core.windows.net/recs/a?comp=legalhold");
  CHECK(fixture.http.calls[0].headers.get("x-ms-legal-hold") == "true");
  REQUIRE_FALSE(unknown.has_value());
  CHECK(is_not_supported(unknown.error()));
  CHECK(fixture.http.calls.size() == 2);
}
