// The contract of the tap spool, on memory and on files.

#include "tests/contract/tap_spool_contract.hpp"

#include "store/memory_tap_spool.hpp"
#include "store/tap_spool_files.hpp"
#include "tests/contract/temporary_directory.hpp"

#include <doctest/doctest.h>

namespace earshot::contract {
namespace {

constexpr std::size_t bound = 1000;

class MemoryUnderTest : public TapSpoolUnderTest {
 public:
  TapSpool& spool() override { return spool_; }
  std::size_t too_many_bytes() const override { return bound + 1; }

 private:
  store::MemoryTapSpool spool_{bound};
};

class FilesUnderTest : public TapSpoolUnderTest {
 public:
  FilesUnderTest() {
    auto made = store::make_tap_spool_files(
        {.directory = directory_.path() / "tap", .run_bytes_waiting_max = bound}, offload_,
        runtime_.clock(), log_, counters_);
    REQUIRE(made.has_value());
    spool_ = std::move(*made);
  }
  TapSpool& spool() override { return *spool_; }
  std::size_t too_many_bytes() const override { return bound + 1; }

 private:
  TemporaryDirectory directory_;
  InlineOffload offload_;
  NullLog log_;
  Counters counters_;
  std::unique_ptr<TapSpool> spool_;
};

}  // namespace

TEST_CASE("memory tap spool: runs are kept") {
  tap_spool_keeps_runs([] { return std::make_unique<MemoryUnderTest>(); });
}
TEST_CASE("tap spool on files: runs are kept") {
  tap_spool_keeps_runs([] { return std::make_unique<FilesUnderTest>(); });
}

}  // namespace earshot::contract
