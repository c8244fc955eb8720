#include "blob/memory_blob_store.hpp"

#include "net/testing/test_runtime.hpp"
#include "tests/contract/blob_store_contract.hpp"

using namespace earshot;

TEST_CASE("the memory store keeps the promises of a blob store") {
  net::TestRuntime runtime;
  blob::MemoryBlobStore store(runtime.clock());

  contract::BlobStoreContract(store, [&](Task<void> task) { runtime.run(std::move(task)); }).all();
}

TEST_CASE("the memory store fails as often as it was told to") {
  net::TestRuntime runtime;
  blob::MemoryBlobStore store(runtime.clock());
  store.fail_next(1, {.kind = ErrorKind::unavailable, .message = "storage is down", .status = 503});

  auto first = runtime.run_for(store.info({"a"}));
  auto second = runtime.run_for(store.info({"a"}));

  REQUIRE_FALSE(first.has_value());
  CHECK(first.error().status == 503);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().kind == ErrorKind::not_found);
  CHECK(store.calls().infos == 2);
}
