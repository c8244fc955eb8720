#include "simulator/phone_line.hpp"

#include <doctest/doctest.h>
#include <numeric>

using namespace earshot;
using namespace earshot::simulator;

namespace {

std::vector<std::int16_t> ramp(std::size_t count, std::int16_t first = 1) {
  std::vector<std::int16_t> out(count);
  std::iota(out.begin(), out.end(), first);
  return out;
}

PhoneLineOptions fixed_delay(Duration delay) {
  return {.rate_hz = 1000, .delay_min = delay, .delay_max = delay};  // one sample a millisecond
}

}  // namespace

TEST_CASE("audio is heard after the network's delay, in real time") {
  SeededRandom random(1);
  PhoneLine line(fixed_delay(200ms), random);

  line.push(ramp(100), 50ms);
  line.play_to(400ms);
  const auto heard = line.take(400);

  CHECK(std::accumulate(heard.begin(), heard.begin() + 250, 0) == 0);
  CHECK(heard[250] == 1);
  CHECK(heard[349] == 100);
  CHECK(std::accumulate(heard.begin() + 350, heard.end(), 0) == 0);
  REQUIRE(line.runs().size() == 1);
  CHECK(line.runs()[0].first_sample == 250);
  CHECK(line.runs()[0].samples == 100);
  CHECK_FALSE(line.runs()[0].flushed);
}

TEST_CASE("a burst plays at the pace of speech, and what follows it without a gap") {
  SeededRandom random(1);
  PhoneLine line(fixed_delay(100ms), random);

  line.push(ramp(500), 0ms);
  line.push(ramp(100, 501), 300ms);
  line.play_to(1s);
  const auto heard = line.take(1000);

  CHECK(heard[99] == 0);
  CHECK(heard[100] == 1);
  CHECK(heard[699] == 600);
  CHECK(heard[700] == 0);
  CHECK(line.runs().size() == 1);
}

TEST_CASE("StopAudio drops exactly what has not been played") {
  SeededRandom random(1);
  PhoneLine line(fixed_delay(200ms), random);

  line.push(ramp(1000), 0ms);
  const auto dropped = line.stop(500ms);
  line.push(ramp(50, 5000), 600ms);
  line.play_to(1s);
  const auto heard = line.take(1000);

  CHECK(dropped == 700);
  CHECK(heard[499] == 300);
  CHECK(heard[500] == 0);
  CHECK(heard[799] == 0);
  CHECK(heard[800] == 5000);
  CHECK(line.samples_played() == 350);
  CHECK(line.samples_flushed() == 700);
  CHECK(line.samples_received() == 1050);
  REQUIRE(line.runs().size() == 2);
  CHECK(line.runs()[0].flushed);
}

TEST_CASE("StopAudio while the audio is still on its way means that nothing was heard") {
  SeededRandom random(1);
  PhoneLine line(fixed_delay(300ms), random);
  line.push(ramp(100), 0ms);
  CHECK(line.stop(299ms) == 100);
  line.play_to(1s);
  const auto heard = line.take(1000);
  CHECK(std::accumulate(heard.begin(), heard.end(), 0) == 0);
}

TEST_CASE("an underrun is silence, and the delay is another one afterwards") {
  SeededRandom random(3);
  PhoneLine line({.rate_hz = 1000, .delay_min = 150ms, .delay_max = 400ms}, random);
  for (int i = 0; i < 20; ++i) line.push(ramp(10), Duration(i * 1s));
  line.play_to(21s);

  REQUIRE(line.runs().size() == 20);
  bool varied = false;
  for (std::size_t i = 0; i < 20; ++i) {
    const auto& run = line.runs()[i];
    const auto delay = run.first_sample - static_cast<std::int64_t>(i) * 1000;
    CHECK(delay >= 150);
    CHECK(delay <= 400);
    varied |= run.delay != line.runs()[0].delay;
  }
  CHECK(varied);
}

TEST_CASE("a sender who never stops is bounded and counted") {
  SeededRandom random(1);
  PhoneLine line({.rate_hz = 1000, .delay_min = 0ms, .delay_max = 0ms, .queue_max = 1s}, random);
  line.push(ramp(900), 0ms);
  line.push(ramp(900), 0ms);
  CHECK(line.samples_queued() == 1000);
  CHECK(line.samples_overflowed() == 800);
}
