// Regular sounds fit in many places: beeps, ringing, a metronome, a phrase said over and over. Over
// many seeds the truth lies within the uncertainty that is claimed, and speech is placed tightly
// all the same.
#include "recording/alignment.hpp"
#include "recording/testing/patterned_call.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <vector>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

double seconds(Duration duration) { return static_cast<double>(duration.count()) * 1e-6; }

// One chunk: its first sample's call time, and how much later its metadata claim that was.
struct Cut {
  double from_s = 0;
  double length_s = 0;
  double claimed_late_s = 0;
};

struct Case {
  PatternedCall call;
  std::vector<Cut> cuts;
};

PatternedVoice any_voice(Dice& dice, double length_s) {
  PatternedVoice voice{.pattern = static_cast<Pattern>(dice.next() % patterns)};
  voice.from_s = dice.between(0, 8);
  voice.to_s = dice.chance(0.5) ? length_s + 1 : dice.between(12, length_s);
  voice.in_one_run = dice.chance(0.5);
  switch (voice.pattern) {
    case Pattern::metronome:
      voice.period_s = dice.between(0.4, 1.2);
      voice.sound_s = 0.06;
      break;
    case Pattern::ring:
      voice.period_s = dice.between(3, 6);
      voice.sound_s = dice.between(1, 2);
      break;
    case Pattern::double_ring:
      voice.period_s = dice.between(2.5, 3.5);
      voice.sound_s = 1;
      break;
    case Pattern::phrase:
      voice.period_s = dice.between(1.5, 6);
      voice.sound_s = voice.period_s * dice.between(0.4, 0.9);
      break;
    default:
      voice.period_s = dice.between(0.4, 5);
      voice.sound_s = voice.period_s * dice.between(0.1, 0.6);
  }
  return voice;
}

// One of them silent, in turns, or both at once.
void take_roles(PatternedCall& call, std::uint64_t roles) {
  if (roles == 0) call.caller.to_s = call.caller.from_s;
  if (roles == 1) call.assistant.to_s = call.assistant.from_s;
  if (roles != 2) return;
  call.caller.to_s = std::min(call.caller.to_s, call.length_s / 2 - 1);
  call.assistant.from_s = call.length_s / 2;
  call.assistant.to_s = call.length_s;
}

// One chunk, of all of the call or a part; or two with something lost between them.
std::vector<Cut> any_cuts(Dice& dice, double length_s) {
  const double off_s = dice.chance(0.5) ? dice.between(-1.5, 1.5) : dice.between(-0.1, 0.1);
  if (dice.chance(0.3)) {
    const double end = length_s * dice.between(0.3, 0.5);
    const double next = end + dice.between(0, 8);
    return {{0.3, end - 0.3, off_s},
            {next, length_s - 0.5 - next, off_s + dice.between(-0.3, 0.3)}};
  }
  const double from = dice.chance(0.5) ? 0.3 : dice.between(0.3, length_s / 2);
  return {{from, (length_s - from) * (dice.chance(0.5) ? 1.0 : dice.between(0.4, 1)), off_s}};
}

Case any_case(std::uint64_t seed) {
  Dice dice(seed);
  Case one;
  PatternedCall& call = one.call;
  call.seed = seed;
  call.length_s = dice.between(25, 70);
  call.caller = any_voice(dice, call.length_s);
  call.assistant = any_voice(dice, call.length_s);
  take_roles(call, dice.next() % 4);
  call.unmixed = dice.chance(0.3);
  call.caller_late_s = dice.between(-0.1, -0.02);
  call.assistant_late_s = dice.between(0.15, 0.38);
  call.drift_ppm = dice.chance(0.3) ? 200 : dice.chance(0.3) ? -200 : 0;
  call.scatter_db = dice.between(0, 1.5);
  call.noise_dbfs = dice.between(-70, -45);
  one.cuts = any_cuts(dice, call.length_s);
  return one;
}

Alignment align(const Case& one, const PatternedSound& sound) {
  std::vector<StretchLevels> recorded;
  recorded.reserve(one.cuts.size());
  for (std::size_t i = 0; i < one.cuts.size(); ++i)
    recorded.push_back(sound.recorded(one.cuts[i].from_s, one.cuts[i].length_s,
                                      one.cuts[i].claimed_late_s, static_cast<std::uint32_t>(i)));
  return align_by_levels(
      sound.ledger(), recorded,
      {.channels = one.call.unmixed ? RecordingChannels::unmixed : RecordingChannels::mixed});
}

// Of one side, where it makes a sound that is in a chunk.
struct Judged {
  std::size_t instants = 0;        // ten a second
  std::size_t instants_false = 0;  // the truth lies outside of what is claimed
  std::size_t instants_sharp = 0;  // within 15 ms, as is claimed
};

void judge(const Case& one, const PatternedSound& sound, const MappingPiece& piece,
           Judged& judged) {
  const Cut& cut = one.cuts.at(piece.chunk.value);
  for (double at = std::max(0.0, seconds(piece.from)); at < seconds(piece.to); at += 0.1) {
    const double late = one.call.late_s(piece.side, at);
    if (!sound.sounds(piece.side, at) || at + late < cut.from_s ||
        at + late > cut.from_s + cut.length_s)
      continue;
    const double off = std::abs(seconds(piece.shift) - late - cut.claimed_late_s);
    ++judged.instants;
    if (off > seconds(piece.uncertainty)) ++judged.instants_false;
    if (piece.uncertainty <= 15ms) ++judged.instants_sharp;
  }
}

Judged judge(const Case& one, const PatternedSound& sound, const Alignment& alignment,
             Speaker side) {
  Judged judged;
  for (const MappingPiece& piece : alignment.mapping.pieces)
    if (piece.side == side) judge(one, sound, piece, judged);
  return judged;
}

}  // namespace

TEST_CASE("of all that repeats itself the truth lies within the uncertainty claimed") {
  constexpr std::uint64_t seeds = 300;
  Judged speech;
  std::size_t sides = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    CAPTURE(seed);
    const Case one = any_case(seed);
    const PatternedSound sound(one.call);
    const Alignment alignment = align(one, sound);
    for (const Speaker side : {Speaker::caller, Speaker::assistant}) {
      const Judged judged = judge(one, sound, alignment, side);
      CHECK(judged.instants_false == 0);
      if (judged.instants > 0) ++sides;
      const PatternedVoice& voice = side == Speaker::caller ? one.call.caller : one.call.assistant;
      if (voice.pattern != Pattern::speech) continue;
      speech.instants += judged.instants;
      speech.instants_sharp += judged.instants_sharp;
    }
  }
  CHECK(sides > seeds);
  CHECK(static_cast<double>(speech.instants_sharp) / static_cast<double>(speech.instants) > 0.8);
}

// Found among 20,000: they were placed up to 18 s off, with 13 ms claimed, because one place had a
// little more of a sound that is all over the call.
TEST_CASE("a chunk in which nothing fits is not looked for among repetitions") {
  for (const std::uint64_t seed : {9653U, 11449U, 12896U, 19555U, 19831U}) {
    CAPTURE(seed);
    const Case one = any_case(seed);
    const PatternedSound sound(one.call);
    const Alignment alignment = align(one, sound);
    for (const Speaker side : {Speaker::caller, Speaker::assistant})
      CHECK(judge(one, sound, alignment, side).instants_false == 0);
  }
}

// It was: by 3.16 s, with 5 ms claimed.
TEST_CASE("a chunk out of a phrase that is said over and over is not placed a period off") {
  const Case one{.call = {.caller = {.pattern = Pattern::phrase,
                                     .from_s = 6.2,
                                     .to_s = 40,
                                     .period_s = 3.16,
                                     .sound_s = 2.1},
                          .length_s = 53},
                 .cuts = {{9, 12, -0.5}}};
  const PatternedSound sound(one.call);

  const Alignment alignment = align(one, sound);

  const MappingPiece* piece = piece_at(alignment.mapping, Speaker::caller, 15s);
  REQUIRE(piece != nullptr);
  CHECK(std::abs(seconds(piece->shift) - one.call.late_s(Speaker::caller, 15) + 0.5) <=
        seconds(piece->uncertainty));
}

TEST_CASE("ringing is placed by the one lag that the metadata's times leave") {
  const Case one{.call = {.assistant = {.pattern = Pattern::ring,
                                        .from_s = 3,
                                        .to_s = 59,
                                        .period_s = 5,
                                        .sound_s = 1.3,
                                        .in_one_run = true}},
                 .cuts = {{0.3, 59, 0.6}}};
  const PatternedSound sound(one.call);

  const Alignment alignment = align(one, sound);

  const MappingPiece* piece = piece_at(alignment.mapping, Speaker::assistant, 30s);
  REQUIRE(piece != nullptr);
  CHECK(piece->basis == MappingBasis::levels);
  CHECK(piece->uncertainty < 30ms);
  CHECK(std::abs(seconds(piece->shift) - one.call.late_s(Speaker::assistant, 30) - 0.6) <=
        seconds(piece->uncertainty));
}

TEST_CASE("beeps that several lags explain keep the metadata's times") {
  const Case one{.call = {.caller = {.pattern = Pattern::beeps,
                                     .from_s = 0.4,
                                     .to_s = 60,
                                     .period_s = 0.83,
                                     .sound_s = 0.3}},
                 .cuts = {{10, 30, 1.2}}};
  const PatternedSound sound(one.call);

  const Alignment alignment = align(one, sound);

  const MappingPiece* piece = piece_at(alignment.mapping, Speaker::caller, 30s);
  REQUIRE(piece != nullptr);
  CHECK(piece->basis == MappingBasis::metadata);
  CHECK(piece->uncertainty >= 1300ms);
  CHECK(alignment.overall(Speaker::caller).outcome == AlignmentOutcome::ambiguous);
}
