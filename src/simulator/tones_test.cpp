#include "simulator/tones.hpp"

#include "simulator/resampler.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::simulator;

namespace {

std::vector<std::int16_t> mixed(const std::vector<std::int16_t>& a,
                                const std::vector<std::int16_t>& b, std::size_t b_offset) {
  std::vector<std::int16_t> out(std::max(a.size(), b.size() + b_offset));
  for (std::size_t i = 0; i < out.size(); ++i) {
    int sum = i < a.size() ? a[i] : 0;
    if (i >= b_offset && i - b_offset < b.size()) sum += b[i - b_offset];
    out[i] = static_cast<std::int16_t>(std::clamp(sum, -32768, 32767));
  }
  return out;
}

}  // namespace

TEST_CASE("every tone of both parties survives mixing and resampling, at its time") {
  const auto caller = make_tones({.party = Party::caller, .first = 0, .count = 40});
  const auto assistant = make_tones({.party = Party::assistant, .first = 4090, .count = 30});
  const std::size_t offset = 24000 * 3 + 777;  // 3.032375 s
  const auto recording = resample_all(mixed(caller, assistant, offset), 24000, 16000);

  const auto heard_caller = decode_tones(recording, 16000, Party::caller);
  REQUIRE(heard_caller.size() == 40);
  for (std::size_t i = 0; i < 40; ++i) {
    CAPTURE(i);
    CHECK(heard_caller[i].number == i);
    CHECK(std::abs(heard_caller[i].start_s - static_cast<double>(i) * 0.5) < 0.003);
    CHECK(std::abs(heard_caller[i].end_s - static_cast<double>(i) * 0.5 - 0.4) < 0.003);
  }
  const auto heard_assistant = decode_tones(recording, 16000, Party::assistant);
  REQUIRE(heard_assistant.size() == 30);
  for (std::size_t i = 0; i < 30; ++i) {
    CHECK(heard_assistant[i].number == (4090 + i) % tone_numbers);
    CHECK(std::abs(heard_assistant[i].start_s - 3.032375 - static_cast<double>(i) * 0.5) < 0.003);
  }
}

TEST_CASE("a frame of 20 ms carries its number, whoever else sounds") {
  for (unsigned number = 0; number < tone_numbers; number += 37) {
    const auto mine = make_tone(Party::caller, number, 20ms, 24000);
    const auto other = make_tone(Party::assistant, number * 7 + 1, 20ms, 24000);
    const auto both = mixed(mine, other, 0);
    CHECK(decode_tone(both, 24000, Party::caller) == number);
    CHECK(decode_tone(both, 24000, Party::assistant) == (number * 7 + 1) % tone_numbers);
  }
}

TEST_CASE("silence and the other party's tones are no tones") {
  CHECK(decode_tones(std::vector<std::int16_t>(16000), 16000, Party::caller).empty());
  const auto assistant = make_tones({.party = Party::assistant, .count = 5, .rate_hz = 16000});
  CHECK(decode_tones(assistant, 16000, Party::caller).empty());
  CHECK(decode_tones({}, 16000, Party::caller).empty());
}

TEST_CASE("a hole in a tone shows as two tones, a missing one as a missing number") {
  auto audio = make_tones({.party = Party::caller, .count = 4, .rate_hz = 16000});
  std::fill(audio.begin() + 16000 / 2 + 2000, audio.begin() + 16000 / 2 + 4000, std::int16_t{0});
  std::fill(audio.begin() + 16000, audio.begin() + 24000, std::int16_t{0});
  const auto heard = decode_tones(audio, 16000, Party::caller);
  REQUIRE(heard.size() == 4);
  CHECK(heard[0].number == 0);
  CHECK(heard[1].number == 1);
  CHECK(heard[2].number == 1);
  CHECK(heard[3].number == 3);
}
