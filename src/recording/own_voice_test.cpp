#include "recording/own_voice.hpp"

#include "recording/testing/spoken_call.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

constexpr std::uint8_t audible = 165;  // -36 dBFS

std::size_t audible_slots(const std::vector<std::uint8_t>& levels) {
  return static_cast<std::size_t>(
      std::ranges::count_if(levels, [](std::uint8_t level) { return level > audible; }));
}

// Slots that are audible in both.
std::size_t kept_slots(const std::vector<std::uint8_t>& before,
                       const std::vector<std::uint8_t>& after) {
  std::size_t kept = 0;
  for (std::size_t k = 0; k < before.size(); ++k)
    if (before[k] > audible && after[k] > audible) ++kept;
  return kept;
}

}  // namespace

TEST_CASE("a caller who merely answers is no echo") {
  const SpokenCall call(make_conversation(1, 60), {.noise_dbfs = -50});

  const OwnVoice own = find_own_voice(call.levels());

  CHECK_FALSE(own.present);
  CHECK(own.slots.empty());
}

TEST_CASE("a mix that brings our own voice back is recognised, and what the caller says is kept") {
  const VoiceScript script = make_conversation(3, 60);
  const SpokenCall clean(script, {.noise_dbfs = -50});
  const SpokenCall looped(script, {.noise_dbfs = -50, .line_echo = 1, .line_echo_s = 0.35});
  const CallLevels heard = looped.levels();

  const OwnVoice own = find_own_voice(heard);
  const CallLevels rest = without_own_voice(heard, own);

  REQUIRE(own.present);
  CHECK(own.delay >= 320ms);
  CHECK(own.delay <= 380ms);
  CHECK(std::abs(own.gain_db) < 1);
  const CallLevels truth = clean.levels();
  const std::size_t spoken = audible_slots(truth.caller);
  CHECK(kept_slots(truth.caller, rest.caller) * 10 >= spoken * 9);
  CHECK(audible_slots(rest.caller) <= spoken + spoken / 20);
}

TEST_CASE("a faint echo of a line is recognised with its loss") {
  const SpokenCall call(make_conversation(2, 60),
                        {.noise_dbfs = -55, .line_echo = 0.1, .line_echo_s = 0.2});

  const OwnVoice own = find_own_voice(call.levels());

  REQUIRE(own.present);
  CHECK(own.gain_db < -15);
  CHECK(own.gain_db > -23);
}

TEST_CASE("an empty call has no echo") { CHECK_FALSE(find_own_voice(CallLevels{}).present); }
