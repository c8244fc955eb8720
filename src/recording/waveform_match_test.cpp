#include "recording/waveform_match.hpp"

#include "recording/testing/spoken_call.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

SpokenCall monologue() {
  return {{.utterances = {{Speaker::caller, 0.2, 9.5}},
           .caller = {{0, 0}},
           .assistant = {{0, 0}},
           .length_s = 10},
          {.noise_dbfs = -50}};
}

std::vector<std::int16_t> sine(std::size_t samples) {
  std::vector<std::int16_t> out(samples);
  for (std::size_t i = 0; i < samples; ++i)
    out[i] = to_sample(0.3 * std::sin(static_cast<double>(i) * 0.2));
  return out;
}

}  // namespace

TEST_CASE("a sound is found across sample rates to a tenth of a millisecond") {
  const SpokenCall call = monologue();
  const auto sound = prepare_for_match(call.tap(Speaker::caller, 3s, 1s), 24'000);
  const Bytes bytes = call.render(2.9413, 1.2);
  const auto within = prepare_for_match(decode_pcm(bytes, {16'000, 1, 16}, {}), 16'000);

  const auto match = find_waveform(sound, within);

  REQUIRE(match.has_value());
  CHECK(std::abs(match->offset_ms - 58.7) < 0.1);
  CHECK(match->correlation > 0.85);
  CHECK(correlation_at_offset(sound, within, 58.7) > 0.8);
  CHECK(correlation_at_offset(sound, within, 30) < 0.5);
}

TEST_CASE("a pure tone is there many times, so it is found nowhere") {
  const auto tone = prepare_for_match(sine(20'000), 16'000);

  CHECK_FALSE(find_waveform(std::span(tone).first(8000), tone).has_value());
}

TEST_CASE("silence, too little, and rates that are none, match nothing") {
  const SpokenCall call = monologue();
  const auto speech = prepare_for_match(call.tap(Speaker::caller, 3s, 1s), 24'000);
  const auto silence = prepare_for_match(std::vector<std::int16_t>(16'000), std::uint32_t{16'000});

  CHECK_FALSE(find_waveform(speech, silence).has_value());
  CHECK_FALSE(find_waveform(silence, speech).has_value());
  CHECK_FALSE(find_waveform(std::span(speech).first(100), speech).has_value());
  CHECK_FALSE(find_waveform(speech, {}).has_value());
  CHECK(prepare_for_match(sine(100), 0).empty());
  CHECK(prepare_for_match({}, 16'000).empty());
  CHECK(correlation_at_offset(speech, silence, 0) == 0);
  CHECK(correlation_at_offset(speech, speech, 1e6) == 0);
}
