#include "recording/alignment.hpp"

#include "recording/testing/spoken_call.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

// A recorded part of a call, as the product meets it: metered from its bytes. The metadata claims
// that it began `claimed_late_s` later than it did.
StretchLevels metered(const SpokenCall& call, double start_s, double length_s,
                      double claimed_late_s = 0) {
  const AudioFormat format{16'000, 1, 16};
  const Bytes bytes = call.render(start_s, length_s);
  const RecordedStretch stretch{
      .recording = {"rec"},
      .chunk = {0},
      .frames = bytes.size() / format.frame_bytes(),
      .rate_hz = format.sample_rate_hz,
      .nominal_start = Duration(std::llround((start_s + claimed_late_s) * 1e6))};
  ChunkLevelMeter meter(format, {stretch});
  meter.feed(bytes);
  return meter.finish().at(0);
}

std::vector<FetchedWindow> fetch(const SpokenCall& call, double start_s,
                                 const std::vector<WaveformWindow>& windows) {
  std::vector<FetchedWindow> fetched;
  for (const WaveformWindow& window : windows) {
    const Bytes bytes = call.render(start_s + static_cast<double>(window.first_frame) / 16'000,
                                    static_cast<double>(window.frames) / 16'000);
    fetched.push_back({.window = window,
                       .tap = call.tap(window.side, window.tap_from, window.tap_length),
                       .tap_rate_hz = 24'000,
                       .recorded = decode_pcm(bytes, {16'000, 1, 16}, {}),
                       .recorded_rate_hz = 16'000});
  }
  return fetched;
}

double ms(Duration duration) { return static_cast<double>(duration.count()) / 1000; }

// How far the mapping is from the truth in the middle of the n-th utterance.
double error_ms(const ClockMapping& mapping, const SpokenCall& call, std::size_t utterance,
                double claimed_late_s = 0) {
  const Utterance& one = call.script().utterances.at(utterance);
  const double at = (one.from_s + one.to_s) / 2;
  const MappingPiece* piece =
      piece_at(mapping, one.side, Duration(static_cast<std::int64_t>(at * 1e6)));
  REQUIRE(piece != nullptr);
  return ms(piece->shift) - (call.script().shift_s(one.side, at) + claimed_late_s) * 1000;
}

// The assistant speaks, the caller answers, the assistant speaks again with another delay.
VoiceScript three_turns() {
  return {.utterances = {{Speaker::assistant, 1, 7},
                         {Speaker::caller, 8, 14},
                         {Speaker::assistant, 15.5, 22}},
          .caller = {{0, -60}},
          .assistant = {{0, 180}, {15, 390}},
          .length_s = 24,
          .seed = 7};
}

}  // namespace

TEST_CASE("either side of a mixed file is found at its own delay by levels alone") {
  const SpokenCall call(three_turns(), {.noise_dbfs = -50});

  const Alignment alignment = align_by_levels(call.levels(), std::vector{metered(call, 0.3, 23)});

  CHECK(std::abs(error_ms(alignment.mapping, call, 0)) < 5);
  CHECK(std::abs(error_ms(alignment.mapping, call, 1)) < 5);
  CHECK(std::abs(error_ms(alignment.mapping, call, 2)) < 5);
  CHECK(alignment.overall(Speaker::caller).outcome == AlignmentOutcome::aligned);
  CHECK(alignment.overall(Speaker::assistant).outcome == AlignmentOutcome::aligned);
}

TEST_CASE("the tap's waveform brings a shift to within a millisecond") {
  const SpokenCall call(three_turns(), {.noise_dbfs = -50, .mu_law = true});
  const CallLevels heard = call.levels();
  const Alignment levels = align_by_levels(heard, std::vector{metered(call, 0.3, 23)});

  const Alignment refined = refine(levels, fetch(call, 0.3, propose_windows(levels, heard)));

  CHECK(std::abs(error_ms(refined.mapping, call, 0)) < 0.5);
  CHECK(std::abs(error_ms(refined.mapping, call, 1)) < 0.5);
  CHECK(std::abs(error_ms(refined.mapping, call, 2)) < 0.5);
  CHECK(refined.overall(Speaker::assistant).waveform_windows_agreeing >= 2);
  CHECK(piece_at(refined.mapping, Speaker::assistant, 4s)->basis == MappingBasis::waveform);
  CHECK(piece_at(refined.mapping, Speaker::caller, 11s)->uncertainty < 2ms);
}

TEST_CASE("metadata that is off by twenty seconds is found out and put right") {
  const SpokenCall call(three_turns(), {.noise_dbfs = -50});

  const Alignment alignment =
      align_by_levels(call.levels(), std::vector{metered(call, 0.3, 23, 20.0)});

  CHECK(std::abs(error_ms(alignment.mapping, call, 0, 20)) < 5);
  CHECK(std::abs(error_ms(alignment.mapping, call, 1, 20)) < 5);
}

TEST_CASE("the recording of another call does not match, and is not forced to") {
  const SpokenCall call(three_turns(), {.noise_dbfs = -50});
  VoiceScript other_script = make_conversation(3, 24);
  const SpokenCall other(other_script, {.noise_dbfs = -50});

  const Alignment alignment = align_by_levels(call.levels(), std::vector{metered(other, 0.3, 23)});

  CHECK(alignment.overall(Speaker::caller).outcome == AlignmentOutcome::does_not_match);
  CHECK(alignment.overall(Speaker::assistant).outcome == AlignmentOutcome::does_not_match);
  for (const MappingPiece& piece : alignment.mapping.pieces) {
    CHECK(piece.basis == MappingBasis::metadata);
    CHECK(piece.shift == Duration{0});
  }
}
