// Over many seeds: whatever the delays, the truth lies within the uncertainty that is claimed, and
// where enough is said, little is claimed.
#include "recording/alignment.hpp"
#include "recording/testing/spoken_call.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

struct Tally {
  std::size_t pieces = 0;  // in which somebody speaks
  std::size_t pieces_true = 0;
  std::size_t instants = 0;  // of speech, ten a second
  std::size_t instants_sharp = 0;
  double worst_sharp_ms = 0;

  void compare(const ClockMapping& mapping, const VoiceScript& script, double sharp_ms) {
    for (const MappingPiece& piece : mapping.pieces) {
      const double uncertainty = static_cast<double>(piece.uncertainty.count()) / 1000;
      double worst = 0;
      bool spoken = false;
      for (const double at : speech_in(piece, script)) {
        const double truth = script.shift_s(piece.side, at) * 1000;
        worst = std::max(worst, std::abs(static_cast<double>(piece.shift.count()) / 1000 - truth));
        spoken = true;
        ++instants;
        if (uncertainty <= sharp_ms) ++instants_sharp;
      }
      if (!spoken) continue;
      ++pieces;
      if (worst <= uncertainty) ++pieces_true;
      if (uncertainty <= sharp_ms) worst_sharp_ms = std::max(worst_sharp_ms, worst);
    }
  }

  static std::vector<double> speech_in(const MappingPiece& piece, const VoiceScript& script) {
    std::vector<double> instants;
    for (const Utterance& one : script.utterances) {
      if (one.side != piece.side) continue;
      for (double at = one.from_s; at < one.to_s; at += 0.1) {
        const Duration time(static_cast<std::int64_t>(at * 1e6));
        if (time >= piece.from && time < piece.to) instants.push_back(at);
      }
    }
    return instants;
  }

  double share_true() const {
    return static_cast<double>(pieces_true) / static_cast<double>(pieces);
  }
  double share_sharp() const {
    return static_cast<double>(instants_sharp) / static_cast<double>(instants);
  }
};

CallPath path_of(std::uint64_t seed) {
  Dice dice(seed * 7 + 3);
  return {.noise_dbfs = -50,
          .mu_law = dice.chance(0.5),
          .gain_wander_db = dice.chance(0.5) ? 6.0 : 0.0,
          .recorder_noise_dbfs = dice.chance(0.3) ? -55.0 : -90.0,
          .bridge_rate_hz = dice.chance(0.5) ? 24'000U : 16'000U,
          .recorder_rate_hz = dice.chance(0.7) ? 16'000U : 24'000U};
}

}  // namespace

// bench/alignment does the same over many more.
TEST_CASE("over dozens of conversations the truth lies within the uncertainty claimed") {
  constexpr std::uint64_t seeds = 80;
  Tally by_levels;
  Tally by_waveform;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    VoiceScript script = make_conversation(seed, 50);
    script.drift_ppm = seed % 4 == 0 ? 200 : 0;
    const SpokenCall call(script, path_of(seed));
    const CallLevels heard = call.levels();
    const Alignment levels = align_by_levels(heard, std::vector{recorded_part(call)});
    by_levels.compare(levels.mapping, script, 10);
    const auto windows = propose_windows(levels, heard);
    by_waveform.compare(refine(levels, fetch_windows(call, windows)).mapping, script, 2);
  }
  CAPTURE(by_levels.pieces);
  CHECK(by_levels.pieces > 280);
  CHECK(by_levels.share_true() >= 0.99);
  CHECK(by_levels.share_sharp() >= 0.9);
  CHECK(by_levels.worst_sharp_ms < 25);
  CHECK(by_waveform.share_true() >= 0.99);
  CHECK(by_waveform.share_sharp() >= 0.9);
  CHECK(by_waveform.worst_sharp_ms < 5);
}

TEST_CASE("recordings of other calls are never taken for this one's") {
  constexpr std::uint64_t seeds = 60;
  std::size_t sides_matched = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const SpokenCall call(make_conversation(seed, 40), path_of(seed));
    const SpokenCall other(make_conversation(seed + 5000, 40), path_of(seed));
    const Alignment alignment = align_by_levels(call.levels(), std::vector{recorded_part(other)});
    for (const Speaker side : {Speaker::caller, Speaker::assistant})
      if (alignment.overall(side).outcome == AlignmentOutcome::aligned) ++sides_matched;
  }
  CHECK(sides_matched <= 1);
}
