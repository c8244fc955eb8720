#include "recording/own_voice.hpp"

#include "recording/detail/fast_correlation.hpp"
#include "recording/testing/spoken_call.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

constexpr double audible_dbfs = -45;

std::optional<OwnVoice> own_voice_of(const SpokenCall& call) {
  const CallLevels levels = call.levels();
  const auto probes = propose_echo_probes(levels);
  std::vector<EchoSighting> sightings;
  for (const EchoProbe& probe : probes) {
    const HeardProbe heard{.probe = probe,
                           .played = call.tap(Speaker::assistant, probe.from, probe.length),
                           .came_in = call.tap(Speaker::caller, probe.from, probe.echo_length()),
                           .rate_hz = call.path().bridge_rate_hz};
    if (const auto found = find_echo(heard)) sightings.push_back(*found);
  }
  return judge_echoes(levels, probes.size(), sightings);
}

bool is_audible(std::uint8_t level) {
  return level >= level_lowest && level_dbfs(level) >= audible_dbfs;
}

double spoken_s(const std::vector<std::uint8_t>& levels) {
  return 0.02 * static_cast<double>(std::ranges::count_if(levels, is_audible));
}

// Of what is audible in `truth`, what is in `levels` too.
double kept_share(const std::vector<std::uint8_t>& truth, const std::vector<std::uint8_t>& levels) {
  int spoken = 0;
  int kept = 0;
  for (std::size_t k = 0; k < truth.size(); ++k) {
    if (!is_audible(truth[k])) continue;
    ++spoken;
    kept += is_audible(levels[k]) ? 1 : 0;
  }
  return spoken == 0 ? 1 : static_cast<double>(kept) / spoken;
}

double gain(double db) { return std::pow(10, db / 20); }

// Both say the same rhythm: half a second on, half a second off, each in the other's pauses.
VoiceScript two_rhythmic_speakers(double caller_later_s) {
  VoiceScript script{.caller = {{0, -60}}, .assistant = {{0, 200}}, .length_s = 40, .seed = 5};
  for (int i = 0; i < 36; ++i) {
    script.utterances.push_back({Speaker::assistant, 1.0 + i, 1.5 + i});
    script.utterances.push_back(
        {Speaker::caller, 1.0 + caller_later_s + i, 1.5 + caller_later_s + i});
  }
  return script;
}

}  // namespace

TEST_CASE("a caller who merely answers, or talks over the assistant, is no echo") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    CHECK_FALSE(own_voice_of(SpokenCall(make_conversation(seed, 40), {.noise_dbfs = -50})));
  }
  const VoiceScript both{.utterances = {{Speaker::assistant, 1, 18},
                                        {Speaker::caller, 1.2, 18.4},
                                        {Speaker::assistant, 19, 28},
                                        {Speaker::caller, 19.1, 28}},
                         .caller = {{0, 0}},
                         .assistant = {{0, 200}},
                         .length_s = 30,
                         .seed = 9};
  CHECK_FALSE(own_voice_of(SpokenCall(both, {.noise_dbfs = -50})));
}

TEST_CASE("two speakers of one rhythm are not mistaken for an echo, at whatever distance") {
  for (const double later_s : {0.1, 0.25, 0.5, 0.7}) {
    CAPTURE(later_s);
    CHECK_FALSE(own_voice_of(SpokenCall(two_rhythmic_speakers(later_s), {.noise_dbfs = -50})));
  }
}

TEST_CASE("an echo of -6 to -30 dB, 40 to 600 ms late, is recognised with its delay and loss") {
  struct Case {
    double loss_db;
    double late_s;
  };
  for (const Case one : {Case{-6, 0.6}, Case{-12, 0.35}, Case{-20, 0.12}, Case{-30, 0.04}}) {
    CAPTURE(one.loss_db);
    const SpokenCall call(
        make_conversation(3, 40),
        {.noise_dbfs = -60, .line_echo = gain(one.loss_db), .line_echo_s = one.late_s});
    const auto own = own_voice_of(call);
    REQUIRE(own.has_value());
    CHECK(std::abs(own->gain_db - one.loss_db) < 1.5);
    CHECK(std::chrono::abs(own->delay - Duration(std::llround(one.late_s * 1e6))) < 2ms);
  }
}

TEST_CASE("what is taken off the caller is the echo, and what the caller says over it stays") {
  VoiceScript script = make_conversation(4, 40);
  script.utterances.push_back({Speaker::caller, 12, 15});
  const SpokenCall clean(script, {.noise_dbfs = -60});
  for (const double loss_db : {-9.0, -20.0}) {
    CAPTURE(loss_db);
    const SpokenCall looped(script,
                            {.noise_dbfs = -60, .line_echo = gain(loss_db), .line_echo_s = 0.3});
    const auto own = own_voice_of(looped);
    REQUIRE(own.has_value());
    auto caller = looped.levels().caller;
    const double before_s = spoken_s(caller);
    const Duration removed = remove_own_voice(caller, *own, audible_dbfs);

    const auto truth = clean.levels().caller;
    CHECK(kept_share(truth, caller) > 0.85);
    CHECK(spoken_s(caller) < spoken_s(truth) * 1.08);
    CHECK(std::abs(before_s - spoken_s(caller) - static_cast<double>(removed.count()) / 1e6) <
          0.001);
  }
}

TEST_CASE("a mix that brings our own voice back as loud as it was is recognised") {
  const VoiceScript script = make_conversation(3, 40);
  const SpokenCall looped(script, {.noise_dbfs = -50, .line_echo = 1, .line_echo_s = 0.35});
  const auto own = own_voice_of(looped);
  REQUIRE(own.has_value());
  auto caller = looped.levels().caller;
  remove_own_voice(caller, *own, audible_dbfs);
  const auto truth = SpokenCall(script, {.noise_dbfs = -50}).levels().caller;
  CHECK(spoken_s(caller) < spoken_s(truth) * 1.08);
}

TEST_CASE("an empty call has no echo") {
  CHECK(propose_echo_probes(CallLevels{}).empty());
  CHECK_FALSE(find_echo(HeardProbe{}).has_value());
  CHECK_FALSE(judge_echoes(CallLevels{}, 0, {}).has_value());
}

TEST_CASE("products by Fourier transform are the plain sums") {
  Dice dice(7);
  std::vector<float> sound(37);
  std::vector<float> within(150);
  for (float& one : sound) one = static_cast<float>(dice.noise());
  for (float& one : within) one = static_cast<float>(dice.noise());

  const auto found = detail::dot_products(sound, within);

  REQUIRE(found.size() == within.size() - sound.size() + 1);
  for (std::size_t k = 0; k < found.size(); ++k) {
    double sum = 0;
    for (std::size_t i = 0; i < sound.size(); ++i) sum += double{sound[i]} * double{within[k + i]};
    CHECK(std::abs(found[k] - sum) < 1e-5);
  }
}
