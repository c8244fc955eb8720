#include "simulator/blob_chunk_store.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "net/http_server.hpp"
#include "net/router.hpp"
#include "net/testing/memory_network.hpp"
#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::simulator;

namespace {

const BlobAccount emulator{.account = "devstoreaccount1", .key_base64 = "a2V5LWtleS1rZXk="};

// A stand-in for the storage: keeps what it is sent, answers what it is told.
struct Storage {
  net::TestRuntime runtime;
  net::MemoryNetwork network;
  MemoryLog log;
  Counters counters;
  net::Router router;
  std::unique_ptr<net::HttpClient> http =
      net::make_http_client(network, runtime.executor(), runtime.clock());
  std::unique_ptr<net::HttpServer> server;
  std::vector<net::HttpRequest> requests;
  std::vector<int> answers;  // then 201

  Storage() {
    router.set_fallback([this](net::HttpRequest request) { return take(std::move(request)); });
    net::HttpServerOptions options{.address = "127.0.0.1", .port = 10000};
    auto started = net::start_http_server(network, runtime.executor(), runtime.clock(), log,
                                          counters, router, options);
    server = std::move(*started);
  }
  ~Storage() { runtime.run(server->stop(runtime.clock().steady_now() + 1s)); }

  Task<net::HttpResponse> take(net::HttpRequest request) {
    const std::size_t index = requests.size();
    requests.push_back(std::move(request));
    co_return net::HttpResponse{.status = index < answers.size() ? answers[index] : 201};
  }
  Result<void> put(BlobAccount account) {
    const auto store = make_blob_chunk_store(*http, runtime.clock(), std::move(account));
    return runtime.run_for(store->put("http://127.0.0.1:10000/devstoreaccount1/recs",
                                      "20260302/a b==/0-audiowav.wav", "bytes", "audio/wav"));
  }
};

}  // namespace

TEST_CASE("the string to sign is the one that the storage makes") {
  const std::string text =
      "PUT\n\n\n43\n\naudio/wav\n\n\n\n\n\n\n"
      "x-ms-blob-type:BlockBlob\n"
      "x-ms-date:Sun, 22 Nov 2026 06:34:05 GMT\n"
      "x-ms-version:2025-11-05\n"
      "/devstoreaccount1/devstoreaccount1/recs/mixed.wav\ncomp:x";
  const BlobRequestToSign request{.method = "PUT",
                                  .path = "/devstoreaccount1/recs/mixed.wav",
                                  .query = {{"comp", "x"}},
                                  .ms_headers = {{"x-ms-version", "2025-11-05"},
                                                 {"x-ms-blob-type", "BlockBlob"},
                                                 {"x-ms-date", "Sun, 22 Nov 2026 06:34:05 GMT"}},
                                  .content_length = "43",
                                  .content_type = "audio/wav"};
  const auto signature = crypto::hmac_sha256(as_bytes("key-key-key"), as_bytes(text));
  CHECK(shared_key_authorization(emulator, request) ==
        "SharedKey devstoreaccount1:" + base64::encode(signature));
}

TEST_CASE("a chunk is put as a block blob, its name percent-encoded") {
  Storage storage;
  REQUIRE(storage.put(emulator).has_value());
  REQUIRE(storage.requests.size() == 1);
  const auto& request = storage.requests[0];
  CHECK(request.method == "PUT");
  CHECK(request.target == "/devstoreaccount1/recs/20260302/a%20b%3D%3D/0-audiowav.wav");
  CHECK(request.body == "bytes");
  CHECK(request.headers.get("x-ms-blob-type") == "BlockBlob");
  CHECK(request.headers.get("Authorization").starts_with("SharedKey devstoreaccount1:"));
}

TEST_CASE("a storage that is busy is asked again, one that refuses is not") {
  Storage storage;
  storage.answers = {503, 500};
  CHECK(storage.put(emulator).has_value());
  CHECK(storage.requests.size() == 3);
  storage.answers = {0, 0, 0, 403};
  auto refused = storage.put(emulator);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().status == 403);
  CHECK(storage.requests.size() == 4);
}

TEST_CASE("a container is made once, and it may be there already") {
  Storage storage;
  storage.answers = {409};
  BlobAccount account = emulator;
  account.create_container = true;
  CHECK(storage.put(account).has_value());
  REQUIRE(storage.requests.size() == 2);
  CHECK(storage.requests[0].target == "/devstoreaccount1/recs?restype=container");
}
