#include "recording/play_out_delay.hpp"

#include "recording/testing/spoken_call.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

Duration at_s(double seconds) { return Duration(std::llround(seconds * 1e6)); }
double ms(Duration duration) { return static_cast<double>(duration.count()) / 1000; }

struct CutCount {
  int cuts = 0;
  int by_levels = 0;
  int by_levels_true = 0;
  int by_waveform = 0;
  int by_waveform_true = 0;
  int by_waveform_sharp = 0;  // claimed to within 60 ms
};

// Every interrupted turn of a conversation loses its last 50 to 500 ms at StopAudio.
VoiceScript with_cuts(std::uint64_t seed) {
  VoiceScript script = make_conversation(seed, 60);
  Dice dice(seed * 31);
  for (std::size_t i = 0; i + 1 < script.utterances.size(); ++i) {
    Utterance& one = script.utterances[i];
    const Utterance& next = script.utterances[i + 1];
    if (one.side == Speaker::assistant && next.side == Speaker::caller && next.from_s < one.to_s)
      one.heard_to_s = std::max(one.from_s + 0.3, one.to_s - dice.between(0.05, 0.5));
  }
  return script;
}

void count(const SpokenCall& call, CutCount& counts) {
  const CallLevels heard = call.levels();
  const std::vector<StretchLevels> recorded{recorded_part(call)};
  const Alignment alignment = align_by_levels(heard, recorded);
  for (const Utterance& one : call.script().utterances) {
    if (one.heard_to_s >= one.to_s) continue;
    ++counts.cuts;
    const CutTurn turn{at_s(one.from_s), at_s(one.to_s)};
    const auto is_true = [&](const HeardUntil& found) {
      return std::abs(ms(found.at) - one.heard_to_s * 1000) <= ms(found.uncertainty);
    };
    if (const auto found = heard_until(alignment, heard, recorded, turn)) {
      ++counts.by_levels;
      if (is_true(*found)) ++counts.by_levels_true;
    }
    const auto window = propose_cut_window(alignment, turn);
    if (!window) continue;
    if (const auto found = heard_until(alignment, fetch_window(call, *window), turn)) {
      ++counts.by_waveform;
      if (is_true(*found)) ++counts.by_waveform_true;
      if (found->uncertainty <= 60ms) ++counts.by_waveform_sharp;
    }
  }
}

}  // namespace

TEST_CASE("each play-out run's round trip is measured, whatever the clocks say") {
  const VoiceScript script{.utterances = {{Speaker::assistant, 1, 7},
                                          {Speaker::caller, 8, 14},
                                          {Speaker::assistant, 15.5, 22}},
                           .caller = {{0, -60}},
                           .assistant = {{0, 180}, {15, 390}},
                           .length_s = 24,
                           .seed = 7};
  const SpokenCall call(script, {.noise_dbfs = -50});

  // The recorder's clock is 700 ms ahead.
  const auto delays = measure_play_out(
      align_by_levels(call.levels(), std::vector{recorded_part(call, {.claimed_late_s = 0.7})}));

  REQUIRE(delays.size() == 2);
  CHECK(std::abs(ms(delays[0].round_trip) - 240) < 8);
  CHECK(std::abs(ms(delays[1].round_trip) - 450) < 8);
  CHECK(std::abs(ms(delays[1].shift) - 1090) < 8);
}

TEST_CASE("where an interrupted utterance truly ended is found, or said to be uncertain") {
  CutCount counts;
  for (std::uint64_t seed = 1; seed <= 40; ++seed)
    count(SpokenCall(with_cuts(seed), {.noise_dbfs = -50, .mu_law = true}), counts);

  CAPTURE(counts.cuts);
  CHECK(counts.by_levels >= counts.cuts / 2);
  CHECK(counts.by_levels_true * 100 >= counts.by_levels * 95);
  CHECK(counts.by_waveform >= counts.cuts / 2);
  CHECK(counts.by_waveform_true * 100 >= counts.by_waveform * 95);
  CHECK(counts.by_waveform_sharp * 2 >= counts.by_waveform);
}

TEST_CASE("of a turn in a recording that is not aligned nothing is said") {
  const Alignment alignment;

  CHECK_FALSE(heard_until(alignment, CallLevels{}, {}, {1s, 4s}).has_value());
  CHECK_FALSE(propose_cut_window(alignment, {1s, 4s}).has_value());
  CHECK_FALSE(heard_until(alignment, FetchedWindow{}, {1s, 4s}).has_value());
  CHECK(measure_play_out(alignment).empty());
}
