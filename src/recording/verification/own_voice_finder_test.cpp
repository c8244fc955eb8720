#include "recording/verification/own_voice_finder.hpp"

#include "blob/memory_blob_store.hpp"
#include "domain/sample_hash.hpp"
#include "domain/tap_format.hpp"
#include "net/testing/test_runtime.hpp"
#include "recording/testing/spoken_call.hpp"
#include "store/memory_tap_spool.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

Bytes tap_of(const SpokenCall& call) {
  const std::uint32_t rate = call.path().bridge_rate_hz;
  const auto seconds = static_cast<std::uint32_t>(call.script().length_s);
  const auto caller = call.tap(Speaker::caller, 0s, seconds * 1s);
  const auto assistant = call.tap(Speaker::assistant, 0s, seconds * 1s);
  Bytes out;
  append_tap_header({.sample_rate_hz = rate}, out);
  for (std::uint32_t second = 0; second < seconds; ++second) {
    std::vector<std::int16_t> samples;
    samples.reserve(std::size_t{2} * rate);
    for (std::size_t i = std::size_t{second} * rate; i < (std::size_t{second} + 1) * rate; ++i) {
      samples.push_back(caller[i]);
      samples.push_back(assistant[i]);
    }
    SampleHash unused;
    append_tap_block(second, 0, samples, unused, out);
  }
  return out;
}

struct Bench {
  explicit Bench(const SpokenCall& call) {
    evidence->call.call.id = {"11111111-2222-4333-8444-555555555555"};
    evidence->bridge = call.levels();
    evidence->call.ledger = BridgeLevels{.caller = evidence->bridge.caller,
                                         .assistant = evidence->bridge.assistant,
                                         .has_tap = true};
    evidence->call.tap_present = true;
    run = spool.start_run({"11111111-2222-4333-8444-555555555555"});
    REQUIRE(run->append(SpoolKind::tap, tap_of(call)));
  }
  void find() {
    OwnVoiceFinder finder(blobs, spool, offload, thresholds);
    REQUIRE(runtime.run_for(finder.find(evidence)).has_value());
  }

  net::TestRuntime runtime;
  blob::MemoryBlobStore blobs{runtime.clock()};
  store::MemoryTapSpool spool;
  InlineOffload offload;
  VerdictThresholds thresholds;
  std::shared_ptr<GatheredEvidence> evidence = std::make_shared<GatheredEvidence>();
  std::unique_ptr<TapRun> run;
};

// Nobody but the assistant speaks.
VoiceScript monologue() {
  return {.utterances = {{Speaker::assistant, 1, 5.5}, {Speaker::assistant, 7, 13}},
          .caller = {{0, 0}},
          .assistant = {{0, 200}},
          .length_s = 16,
          .seed = 3};
}

}  // namespace

TEST_CASE("our own voice is taken off the ledger's caller, and named in the evidence") {
  Bench bench(SpokenCall(
      monologue(),
      {.noise_dbfs = -65, .bridge_rate_hz = 8000, .line_echo = 0.3, .line_echo_s = 0.24}));
  const auto spoke = [&] {
    return std::ranges::count_if(bench.evidence->call.ledger->caller, [](std::uint8_t level) {
      return level >= level_lowest && level_dbfs(level) >= -45;
    });
  };
  CHECK(spoke() > 200);

  bench.find();

  REQUIRE(bench.evidence->call.own_voice.has_value());
  const auto& own = *bench.evidence->call.own_voice;
  CHECK(std::chrono::abs(own.delay - 240ms) < 2ms);
  CHECK(std::abs(own.gain_db + 10.5) < 1);
  CHECK(own.removed > 4s);
  CHECK(spoke() < 10);
  CHECK(bench.evidence->bridge.caller == bench.evidence->call.ledger->caller);
}

TEST_CASE("a call without an echo, and one without a tap, stays as it is") {
  Bench clean(SpokenCall(make_conversation(5, 30), {.noise_dbfs = -55, .bridge_rate_hz = 8000}));
  const auto before = clean.evidence->call.ledger->caller;
  clean.find();
  CHECK_FALSE(clean.evidence->call.own_voice.has_value());
  CHECK(clean.evidence->call.ledger->caller == before);

  Bench blind(
      SpokenCall(monologue(), {.noise_dbfs = -65, .bridge_rate_hz = 8000, .line_echo = 0.3}));
  blind.evidence->call.tap_present = false;
  blind.find();
  CHECK_FALSE(blind.evidence->call.own_voice.has_value());
}
