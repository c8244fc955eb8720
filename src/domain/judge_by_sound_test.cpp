// Timeline and verdict where the sound has told how the clocks lie.
#include "domain/judge.hpp"
#include "domain/testing/recorded_evidence.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::testing;

TEST_CASE("the constant delay of the sound to the bridge moves nothing") {
  Recorded call;
  call.map(0, 0s, 20s, 120ms);
  call.map(1, 20s, 40s, 125ms);
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.numbers.start_delay == 400ms);
  CHECK_FALSE(verdict.has(FindingKind::unaligned));
}

TEST_CASE("a match in the wrong place moves nothing that the metadata has right") {
  Recorded call;
  call.map(0, 0s, 20s, 120ms);
  call.map(1, 20s, 30s, 3s);
  call.map(1, 30s, 40s, -3s);
  call.map(2, 43s, 63s, -2900ms);
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.timeline.spans.size() == 4);
  CHECK(verdict.numbers.present == 59600ms);
}

TEST_CASE("samples that are missing from the middle of a chunk are heard, and are a gap") {
  Recorded call;
  // Its metadata knows nothing of it: 15 s of samples, and a duration of 15 s.
  call.chunk(2).chunk.duration = 14600ms;
  call.shorten(2, 14600ms);
  call.map(2, 40400ms, 48s, 100ms);
  call.map(2, 48s, 60s, -4900ms);
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::gapped);
  REQUIRE(verdict.gaps.size() == 2);
  CHECK(verdict.gaps[1].cause == GapCause::between_chunks);
  CHECK(verdict.gaps[1].from == 48100ms);
  CHECK(verdict.gaps[1].to == 53100ms);
  CHECK(verdict.numbers.tail_loss == 0s);
  CHECK(verdict.timeline.spans.back().first_frame == 7700 * rate / 1000);
}

TEST_CASE(
    "a recorder's drift is heard at the end of its only chunk, where no metadata tells of it") {
  Recorded call;
  call.evidence.call.ended_at = at(4h + 400ms);
  call.evidence.recordings[0].recording.ended_at = at(4h + 400ms);
  call.chunks().clear();
  call.mix.assign(slots(4h + 1s), quiet);
  call.evidence.ledger->caller.resize(slots(4h), quiet);
  call.add(0, 400ms, 4h + 400ms);
  call.chunk(0).chunk.data_bytes -= 2880ULL * rate / 1000 * 2;
  call.chunk(0).chunk.duration = *call.chunk(0).chunk.duration - 2880ms;
  CHECK(call.verdict().numbers.tail_loss == 2880ms);
  for (int quarter = 0; quarter < 16; ++quarter)
    call.map(0, 15min * quarter, 15min * (quarter + 1), 100ms - 192ms * quarter);
  const auto verdict = call.verdict();
  CHECK(verdict.numbers.tail_loss < 100ms);
  const auto* finding = find(verdict, FindingKind::clock_drift);
  REQUIRE(finding != nullptr);
  CHECK(finding->detail.find("200 ppm too slow") != std::string::npos);
}

TEST_CASE("our own voice coming back is named, with what was taken off the caller's speech") {
  Recorded call;
  call.evidence.own_voice = OwnVoiceReturned{.delay = 240ms, .gain_db = -12.4, .removed = 3500ms};
  const auto verdict = call.verdict();
  const auto* finding = find(verdict, FindingKind::own_voice_returns);
  REQUIRE(finding != nullptr);
  CHECK(finding->party == Speaker::caller);
  CHECK(finding->detail.find("240 ms later and 12 dB quieter; 3.50 s") != std::string::npos);
}

TEST_CASE("a recording that sounds otherwise than the bridge heard is not confirmed by it") {
  Recorded call;
  call.evidence.recordings[0].contents_differ = {Speaker::caller};
  const auto verdict = call.verdict();
  CHECK(verdict.has(FindingKind::contents_differ));
  CHECK_FALSE(verdict.by_bridge);
  CHECK(verdict.has(FindingKind::uncorroborated));
}
