#include "simulator/blob_service.hpp"

#include "blob/azure_blob_store.hpp"
#include "net/http_server.hpp"
#include "net/testing/memory_network.hpp"
#include "net/testing/test_runtime.hpp"
#include "tests/contract/blob_store_contract.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::simulator;

namespace {

// The service on a port of its own, and the product's store in front of it.
struct Storage {
  static constexpr const char* base_url = "http://127.0.0.1:10000";

  Storage() {
    service.add_routes(router);
    auto started =
        net::start_http_server(network, runtime.executor(), runtime.clock(), log, counters, router,
                               {.address = "127.0.0.1", .port = 10000});
    REQUIRE(started.has_value());
    server = std::move(*started);
    auto account = blob::parse_connection_string(Secret(BlobService::connection_string(base_url)));
    REQUIRE(account.has_value());
    store.emplace(blob::AzureBlobStoreOptions{.account = *account, .container = "recordings"},
                  *http, nullptr, runtime.clock(), random, counters, log);
    REQUIRE(runtime.run_for(store->make_container()).has_value());
  }
  ~Storage() { runtime.run(server->stop(runtime.clock().steady_now() + 1s)); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  BlobPage list(BlobListRequest request) {
    auto page = runtime.run_for(store->list(std::move(request)));
    REQUIRE(page.has_value());
    return std::move(*page);
  }

  net::TestRuntime runtime;
  net::MemoryNetwork network;
  SeededRandom random{3};
  MemoryLog log;
  Counters counters;
  BlobService service{runtime.clock()};
  net::Router router;
  std::unique_ptr<net::HttpClient> http =
      net::make_http_client(network, runtime.executor(), runtime.clock());
  std::unique_ptr<net::HttpServer> server;
  std::optional<blob::AzureBlobStore> store;
};

}  // namespace

TEST_CASE("the simulator's storage keeps the promises of a blob store") {
  Storage storage;
  const auto wait = [&](Task<void> task) { storage.runtime.run(std::move(task)); };
  contract::BlobStoreContract(*storage.store, wait).all();
}

TEST_CASE("a page of the simulator's storage costs what it shows") {
  Storage storage;
  for (int i = 0; i < 200; ++i)
    storage.service.put("recordings", fmt::format("20260302/call-{:03}/0-audiowav.wav", i), "x");
  storage.service.put("recordings", "20260303/call-000/0-audiowav.wav", "y");

  const auto before = storage.service.use();
  const auto one = storage.list({.prefix = "20260302/call-117/"});
  REQUIRE(one.blobs.size() == 1);
  CHECK(one.blobs[0].name.text == "20260302/call-117/0-audiowav.wav");
  CHECK(storage.service.use().names_listed == before.names_listed + 1);

  const auto folders = storage.list({.prefix = "", .by_folder = true});
  CHECK(folders.prefixes == std::vector<std::string>{"20260302/", "20260303/"});
  CHECK(storage.service.use().names_listed == before.names_listed + 3);
}

TEST_CASE(
    "the simulator's storage that is away refuses everybody but who writes into it directly") {
  Storage storage;
  storage.service.set_away(true);
  auto refused = storage.runtime.run_for(storage.store->info({"a"}));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::unavailable);
  auto exports = make_service_chunk_store(storage.service, "recordings");
  REQUIRE(storage.runtime.run_for(exports->put("", "a", "bytes", "")).has_value());

  storage.service.set_away(false);
  auto there = storage.runtime.run_for(storage.store->info({"a"}));
  REQUIRE(there.has_value());
  CHECK(there->bytes == 5);
  CHECK(storage.service.names("recordings") == std::vector<std::string>{"a"});
}
