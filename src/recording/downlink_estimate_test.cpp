#include "recording/downlink_estimate.hpp"

#include "net/testing/test_runtime.hpp"
#include "store/memory_store.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;

namespace {

struct Bench {
  void measured(const std::string& call, Duration delay) {
    Changes changes;
    changes.calls.push_back({.id = {call}});
    changes.downlinks.push_back({.call = {call}, .delay = delay, .uncertainty = 30ms, .cuts = 1});
    REQUIRE(runtime.run_for(store.commit(std::move(changes))).has_value());
  }
  Duration estimate(DownlinkOptions options) {
    DownlinkEstimate downlink(store, runtime.clock(), counters, log, options);
    runtime.run(downlink.refresh());
    return downlink.current();
  }

  net::TestRuntime runtime;
  SeededRandom random{1};
  store::MemoryStore store{random};
  Counters counters;
  NullLog log;
};

}  // namespace

TEST_CASE("the estimate is what was measured, and until then the usual one") {
  Bench bench;
  CHECK(bench.estimate({}) == 250ms);

  bench.measured("c1", 380ms);

  CHECK(bench.estimate({}) == 380ms);
}

TEST_CASE("an estimate that is set by hand stays") {
  Bench bench;
  bench.measured("c1", 380ms);

  CHECK(bench.estimate({.fixed = 120ms}) == 120ms);
}
