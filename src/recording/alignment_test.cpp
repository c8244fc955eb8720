#include "recording/alignment.hpp"

#include "domain/level_meter.hpp"
#include "recording/testing/spoken_call.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

double ms(Duration duration) { return static_cast<double>(duration.count()) / 1000; }
Duration at_s(double seconds) { return Duration(std::llround(seconds * 1e6)); }

const MappingPiece& piece_of(const Alignment& alignment, Speaker side, double call_s) {
  const MappingPiece* piece = piece_at(alignment.mapping, side, at_s(call_s));
  REQUIRE(piece != nullptr);
  return *piece;
}

// How far the mapping is from the truth in the middle of the n-th utterance.
double error_ms(const Alignment& alignment, const SpokenCall& call, std::size_t utterance,
                double claimed_late_s = 0) {
  const Utterance& one = call.script().utterances.at(utterance);
  const double middle = (one.from_s + one.to_s) / 2;
  return std::abs(ms(piece_of(alignment, one.side, middle).shift) -
                  (call.script().shift_s(one.side, middle) + claimed_late_s) * 1000);
}

AlignmentOutcome outcome(const Alignment& alignment, Speaker side) {
  return alignment.overall(side).outcome;
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

const CallPath telephone{.noise_dbfs = -50};

void check_order(const ClockMapping& mapping) {
  for (std::size_t i = 1; i < mapping.pieces.size(); ++i) {
    const MappingPiece& before = mapping.pieces[i - 1];
    const MappingPiece& piece = mapping.pieces[i];
    CHECK(piece.from < piece.to);
    if (before.side == piece.side) CHECK(before.to <= piece.from);
  }
}

}  // namespace

TEST_CASE("either side of a mixed file is found at its own delay by levels alone") {
  const SpokenCall call(three_turns(), telephone);

  const Alignment alignment = align_by_levels(call.levels(), std::vector{recorded_part(call)});

  CHECK(error_ms(alignment, call, 0) < 5);
  CHECK(error_ms(alignment, call, 1) < 5);
  CHECK(error_ms(alignment, call, 2) < 5);
  CHECK(piece_of(alignment, Speaker::assistant, 4).uncertainty <= 10ms);
  CHECK(outcome(alignment, Speaker::caller) == AlignmentOutcome::aligned);
  CHECK(outcome(alignment, Speaker::assistant) == AlignmentOutcome::aligned);
  check_order(alignment.mapping);
}

TEST_CASE("the tap's waveform brings a shift to within a millisecond") {
  const SpokenCall call(three_turns(), {.noise_dbfs = -50, .mu_law = true});
  const CallLevels heard = call.levels();
  const Alignment levels = align_by_levels(heard, std::vector{recorded_part(call)});

  const Alignment refined = refine(levels, fetch_windows(call, propose_windows(levels, heard)));

  CHECK(error_ms(refined, call, 0) < 0.5);
  CHECK(error_ms(refined, call, 1) < 0.5);
  CHECK(error_ms(refined, call, 2) < 0.5);
  CHECK(piece_of(refined, Speaker::assistant, 4).basis == MappingBasis::waveform);
  CHECK(piece_of(refined, Speaker::assistant, 4).uncertainty <= 2ms);
  CHECK(piece_of(refined, Speaker::caller, 11).uncertainty <= 2ms);
  CHECK(refined.overall(Speaker::assistant).waveform_windows_agreeing >= 2);
}

TEST_CASE("windows that could not be fetched, or hold another sound, leave the levels' estimate") {
  const SpokenCall call(three_turns(), telephone);
  const SpokenCall other(make_conversation(9, 24), telephone);
  const CallLevels heard = call.levels();
  const Alignment levels = align_by_levels(heard, std::vector{recorded_part(call)});
  std::vector<FetchedWindow> fetched = fetch_windows(other, propose_windows(levels, heard));
  REQUIRE(fetched.size() >= 3);
  fetched[0].tap.clear();
  fetched[1].recorded.clear();

  const Alignment refined = refine(levels, fetched);

  CHECK(refined.mapping == levels.mapping);
  CHECK(refined.overall(Speaker::assistant).waveform_windows_agreeing == 0);
}

TEST_CASE("metadata that is off by twenty seconds is found out and put right") {
  const SpokenCall call(three_turns(), telephone);

  const Alignment alignment =
      align_by_levels(call.levels(), std::vector{recorded_part(call, {.claimed_late_s = 20})});

  CHECK(error_ms(alignment, call, 0, 20) < 5);
  CHECK(error_ms(alignment, call, 1, 20) < 5);
}

TEST_CASE("the recording of another call does not match, and is not forced to") {
  const SpokenCall call(three_turns(), telephone);
  const SpokenCall other(make_conversation(3, 24), telephone);

  const Alignment alignment = align_by_levels(call.levels(), std::vector{recorded_part(other)});

  CHECK(outcome(alignment, Speaker::caller) == AlignmentOutcome::does_not_match);
  CHECK(outcome(alignment, Speaker::assistant) == AlignmentOutcome::does_not_match);
  CHECK(piece_of(alignment, Speaker::caller, 11).basis == MappingBasis::metadata);
  CHECK(piece_of(alignment, Speaker::caller, 11).shift == Duration{0});
}

TEST_CASE("an assistant who is not in the recording is not heard, while the caller is aligned") {
  VoiceScript script = three_turns();
  script.utterances[0].heard_to_s = 0;
  script.utterances[2].heard_to_s = 0;
  const SpokenCall call(script, telephone);

  const Alignment alignment = align_by_levels(call.levels(), std::vector{recorded_part(call)});

  CHECK(outcome(alignment, Speaker::assistant) == AlignmentOutcome::not_heard);
  CHECK(outcome(alignment, Speaker::caller) == AlignmentOutcome::aligned);
  CHECK(error_ms(alignment, call, 1) < 5);
  // Its times are the caller's, give or take what delays can differ.
  CHECK(piece_of(alignment, Speaker::assistant, 4).uncertainty >= 500ms);
}

TEST_CASE("a silent recording is no match, and says that nobody is heard") {
  const SpokenCall call(three_turns(), telephone);
  StretchLevels recorded = recorded_part(call);
  std::ranges::fill(recorded.channels[0], level_silence);

  const Alignment alignment = align_by_levels(call.levels(), std::vector{recorded});

  CHECK(outcome(alignment, Speaker::caller) == AlignmentOutcome::not_heard);
  CHECK(outcome(alignment, Speaker::assistant) == AlignmentOutcome::not_heard);
  CHECK(piece_of(alignment, Speaker::caller, 11).basis == MappingBasis::metadata);
}

TEST_CASE("a call in which hardly anything is said keeps the metadata's times and says so") {
  VoiceScript script = three_turns();
  script.utterances = {{Speaker::caller, 8, 8.3}};
  const SpokenCall call(script, telephone);

  const Alignment alignment = align_by_levels(call.levels(), std::vector{recorded_part(call)});

  CHECK(outcome(alignment, Speaker::caller) == AlignmentOutcome::too_little_said);
  CHECK(outcome(alignment, Speaker::assistant) == AlignmentOutcome::too_little_said);
  CHECK(piece_of(alignment, Speaker::caller, 8).basis == MappingBasis::metadata);
  CHECK(piece_of(alignment, Speaker::caller, 8).uncertainty ==
        AlignmentOptions{}.metadata_uncertainty);
}

TEST_CASE("a tone without end fits everywhere, so it aligns nothing") {
  const SpokenCall call(three_turns(), telephone);
  CallLevels heard = call.levels();
  std::ranges::fill(heard.caller, std::uint8_t{205});
  std::ranges::fill(heard.assistant, level_no_data);
  StretchLevels recorded = recorded_part(call);
  std::ranges::fill(recorded.channels[0], std::uint8_t{205});

  const Alignment alignment = align_by_levels(heard, std::vector{recorded});

  CHECK(outcome(alignment, Speaker::caller) == AlignmentOutcome::too_little_said);
  CHECK(piece_of(alignment, Speaker::caller, 10).basis == MappingBasis::metadata);
}

TEST_CASE("beeps that repeat each second are ambiguous, never confidently wrong") {
  const SpokenCall call(three_turns(), telephone);
  CallLevels heard = call.levels();
  std::ranges::fill(heard.assistant, level_no_data);
  for (std::size_t k = 0; k < heard.caller.size(); ++k) heard.caller[k] = k % 50 < 20 ? 215 : 120;
  StretchLevels recorded = recorded_part(call, {.start_s = 4, .length_s = 16});
  for (std::size_t k = 0; k < recorded.channels[0].size(); ++k)
    recorded.channels[0][k] = (k + 200) % 50 < 20 ? 215 : 120;

  const Alignment alignment = align_by_levels(heard, std::vector{recorded});

  CHECK(outcome(alignment, Speaker::caller) == AlignmentOutcome::ambiguous);
  CHECK(piece_of(alignment, Speaker::caller, 10).basis == MappingBasis::metadata);
}

TEST_CASE("a phrase said over and over is placed by what differs around it, or not at all") {
  VoiceScript script{.utterances = {}, .caller = {{0, -60}}, .assistant = {{0, 210}}};
  script.length_s = 40;
  for (int i = 0; i < 15; ++i)
    script.utterances.push_back({Speaker::assistant, 1 + i * 2.5, 2.8 + i * 2.5});
  SpokenCall call(script, telephone);
  for (int i = 1; i < 15; ++i) call.voice(Speaker::assistant).repeat(1, 1.8, 1 + i * 2.5);

  const Alignment whole = align_by_levels(call.levels(), std::vector{recorded_part(call)});
  const Alignment middle = align_by_levels(
      call.levels(), std::vector{recorded_part(call, {.start_s = 10, .length_s = 18})});

  for (const Alignment* alignment : {&whole, &middle}) {
    const MappingPiece& piece = piece_of(*alignment, Speaker::assistant, 19);
    CHECK(std::abs(ms(piece.shift) - 210) <= ms(piece.uncertainty));
    CHECK(outcome(*alignment, Speaker::assistant) == AlignmentOutcome::ambiguous);
  }
}

TEST_CASE("clocks that drift apart by 200 ppm are followed along a line") {
  VoiceScript script = make_conversation(12, 600);
  for (auto* steps : {&script.caller, &script.assistant}) steps->resize(1);
  script.drift_ppm = 200;
  const SpokenCall call(script, telephone);

  const Alignment alignment = align_by_levels(call.levels(), std::vector{recorded_part(call)});

  std::size_t within = 0;
  for (std::size_t i = 0; i < script.utterances.size(); ++i)
    if (error_ms(alignment, call, i) <= 8) ++within;
  CHECK(within == script.utterances.size());
  CHECK(piece_of(alignment, Speaker::caller, 590).shift -
            piece_of(alignment, Speaker::caller, 10).shift >
        100ms);
}

TEST_CASE("a caller's clock that was set anew after a stall changes the shift there, not before") {
  VoiceScript script = make_conversation(4, 60);
  script.caller = {{0, -60}, {30, -1260}};
  const SpokenCall call(script, telephone);
  CallLevels heard = call.levels();
  heard.caller_breaks = {0, 1500};

  const Alignment alignment = align_by_levels(heard, std::vector{recorded_part(call)});

  for (std::size_t i = 0; i < script.utterances.size(); ++i) {
    const Utterance& one = script.utterances[i];
    if (one.side != Speaker::caller || (one.from_s < 32 && one.to_s > 29)) continue;
    const double middle = (one.from_s + one.to_s) / 2;
    const MappingPiece& piece = piece_of(alignment, Speaker::caller, middle);
    CHECK(error_ms(alignment, call, i) <= ms(piece.uncertainty));
  }
  CHECK(std::abs(ms(piece_of(alignment, Speaker::caller, 10).shift) + 60) < 10);
  CHECK(std::abs(ms(piece_of(alignment, Speaker::caller, 50).shift) + 1260) < 10);
}

TEST_CASE("a chunk that is missing, and one whose metadata is a second off, disturb no other") {
  const SpokenCall call(make_conversation(21, 90), telephone);
  const std::vector<StretchLevels> recorded{
      recorded_part(call, {.start_s = 0.3, .length_s = 28, .chunk = 0}),
      recorded_part(call, {.start_s = 45, .length_s = 40, .claimed_late_s = -1, .chunk = 2})};

  const Alignment alignment = align_by_levels(call.levels(), recorded);

  for (const Utterance& one : call.script().utterances) {
    const double middle = (one.from_s + one.to_s) / 2;
    if (middle > 27 && middle < 47) continue;
    const double late_s = middle > 40 ? -1 : 0;
    const MappingPiece& piece = piece_of(alignment, one.side, middle);
    CHECK(std::abs(ms(piece.shift) - (call.script().shift_s(one.side, middle) + late_s) * 1000) <=
          ms(piece.uncertainty));
  }
  CHECK(alignment.stretches[0].caller.outcome == AlignmentOutcome::aligned);
  CHECK(alignment.stretches[1].caller.outcome == AlignmentOutcome::aligned);
  check_order(alignment.mapping);
}

TEST_CASE("a chunk whose metadata has no start is found where it belongs") {
  const SpokenCall call(make_conversation(22, 240), telephone);
  StretchLevels recorded =
      recorded_part(call, {.start_s = 150, .length_s = 60, .claimed_late_s = -120});
  recorded.stretch.start_is_known = false;

  const Alignment alignment = align_by_levels(call.levels(), std::vector{recorded});

  for (std::size_t i = 0; i < call.script().utterances.size(); ++i) {
    const Utterance& one = call.script().utterances[i];
    if (one.from_s > 152 && one.to_s < 208) CHECK(error_ms(alignment, call, i, -120) < 500);
  }
  CHECK(std::abs(ms(piece_of(alignment, Speaker::caller, 180).shift) + 120'000 -
                 call.script().caller[0].shift_ms) < 10);
}

TEST_CASE("an unmixed file has a channel for either side, and tells itself which") {
  const SpokenCall call(three_turns(), telephone);
  StretchLevels swapped = recorded_part(call, {.unmixed = true});
  std::swap(swapped.channels[0], swapped.channels[1]);

  const Alignment alignment = align_by_levels(call.levels(), std::vector{swapped},
                                              {.channels = RecordingChannels::unmixed});

  CHECK(alignment.overall(Speaker::caller).channel == 1U);
  CHECK(alignment.overall(Speaker::assistant).channel == 0U);
  CHECK(error_ms(alignment, call, 0) < 5);
  CHECK(error_ms(alignment, call, 1) < 5);
}

TEST_CASE("an unmixed file without the assistant's channel says that it is not heard") {
  const SpokenCall call(three_turns(), telephone);
  StretchLevels recorded = recorded_part(call, {.unmixed = true});
  recorded.channels.resize(1);

  const Alignment alignment = align_by_levels(call.levels(), std::vector{recorded},
                                              {.channels = RecordingChannels::unmixed});

  CHECK(alignment.overall(Speaker::caller).channel == 0U);
  CHECK_FALSE(alignment.overall(Speaker::assistant).channel.has_value());
  CHECK(outcome(alignment, Speaker::assistant) == AlignmentOutcome::not_heard);
}

TEST_CASE("without a ledger, or without audio, there is nothing but the metadata") {
  const SpokenCall call(three_turns(), telephone);

  const Alignment no_ledger = align_by_levels(CallLevels{}, std::vector{recorded_part(call)});
  const Alignment no_audio = align_by_levels(call.levels(), {});

  CHECK(outcome(no_ledger, Speaker::caller) == AlignmentOutcome::too_little_said);
  CHECK(no_ledger.mapping.pieces.size() == 2);
  CHECK(no_audio.mapping.pieces.empty());
  CHECK(propose_windows(no_ledger, CallLevels{}).empty());
}
