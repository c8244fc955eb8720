#include "bridge/caller_clock.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace earshot;
using namespace earshot::bridge;

namespace {

constexpr std::uint32_t rate = 24000;
constexpr std::int64_t frame = 480;
const WallTime stamp_zero = *parse_iso8601("2026-03-02T09:15:34Z");

std::int64_t ms(std::int64_t milliseconds) { return milliseconds * rate / 1000; }
WallTime stamp(std::int64_t milliseconds) {
  return stamp_zero + std::chrono::milliseconds(milliseconds);
}

}  // namespace

TEST_CASE("frames follow one another whatever their moment of arrival") {
  CallerClock clock(rate);

  CHECK(clock.place(ms(1020), stamp(0), frame, 0).position == ms(1000));
  CHECK(clock.place(ms(1020), stamp(20), frame, 0).position == ms(1020));
  CHECK(clock.place(ms(1900), stamp(40), frame, 0).position == ms(1040));
}

TEST_CASE("a stall and a burst neither lengthen nor shift the call") {
  CallerClock clock(rate);
  for (std::int64_t i = 0; i < 50; ++i) clock.place(ms(20 * i + 20), stamp(20 * i), frame, 0);

  for (std::int64_t i = 50; i < 150; ++i) {
    const PlacedFrame placed = clock.place(ms(3020), stamp(20 * i), frame, 0);
    CHECK(placed.position == ms(20 * i));
    CHECK(placed.place == FramePlace::counted);
  }
  CHECK(clock.next_position() == ms(3000));
}

TEST_CASE("a gap in the timestamps of more than two frames is a hole in the call") {
  CallerClock clock(rate);
  for (std::int64_t i = 0; i < 10; ++i) clock.place(ms(20 * i + 20), stamp(20 * i), frame, 0);

  const PlacedFrame two = clock.place(ms(260), stamp(200 + 40), frame, 0);
  CHECK(two.place == FramePlace::counted);
  const PlacedFrame after = clock.place(ms(800), stamp(760), frame, 0);

  CHECK(after.place == FramePlace::after_gap);
  CHECK(after.position == ms(760));
  CHECK(clock.place(ms(820), stamp(780), frame, 0).position == ms(780));
}

TEST_CASE("a gap right after the first frame is seen as soon as the stamps prove to be fine") {
  CallerClock clock(rate);
  clock.place(ms(20), stamp(0), frame, 0);
  clock.place(ms(620), stamp(600), frame, 0);

  CHECK(clock.place(ms(640), stamp(620), frame, 0).position == ms(620));
}

TEST_CASE("a timestamp far in the future opens no gap") {
  CallerClock clock(rate);
  for (std::int64_t i = 0; i < 10; ++i) clock.place(ms(20 * i + 20), stamp(20 * i), frame, 0);

  const PlacedFrame placed = clock.place(ms(220), stamp(3'600'000), frame, 0);

  CHECK(placed.place == FramePlace::counted);
  CHECK(placed.position == ms(200));
  CHECK(clock.place(ms(240), stamp(3'600'020), frame, 0).position == ms(220));
}

TEST_CASE("a frame with the timestamp of the one before belongs nowhere") {
  CallerClock clock(rate);
  for (std::int64_t i = 0; i < 10; ++i) clock.place(ms(20 * i + 20), stamp(20 * i), frame, 0);

  CHECK(clock.place(ms(200), stamp(180), frame, 0).place == FramePlace::duplicate);
  CHECK(clock.place(ms(220), stamp(200), frame, 0).position == ms(200));
}

TEST_CASE("timestamps of whole seconds are no duplicates and reveal no gaps") {
  CallerClock clock(rate);
  for (std::int64_t i = 0; i < 500; ++i) {
    // A stall of two seconds on the way.
    const std::int64_t arrival = i >= 200 && i < 300 ? 6020 : 20 * i + 20;
    const PlacedFrame placed =
        clock.place(ms(arrival), stamp((20 * i + 500) / 1000 * 1000), frame, 0);
    CHECK(placed.position == ms(20 * i));
  }
}

TEST_CASE("a clock at the other side that steps back does not lose audio") {
  CallerClock clock(rate);
  for (std::int64_t i = 0; i < 10; ++i) clock.place(ms(20 * i + 20), stamp(20 * i), frame, 0);
  for (std::int64_t i = 10; i < 20; ++i) {
    const PlacedFrame placed = clock.place(ms(20 * i + 20), stamp(20 * i - 5000), frame, 0);
    CHECK(placed.position == ms(20 * i));
  }
}

TEST_CASE("frames without timestamps are counted") {
  CallerClock clock(rate);
  for (std::int64_t i = 0; i < 100; ++i)
    CHECK(clock.place(ms(20 * i + 20 + i % 7), std::nullopt, frame, 0).position == ms(20 * i));
}

TEST_CASE(
    "a frame for a time that is closed is late, and after a second of that the count is anchored "
    "anew") {
  CallerClock clock(rate);
  clock.place(ms(20), std::nullopt, frame, 0);
  std::int64_t closed = ms(9000);

  const PlacedFrame late = clock.place(ms(10000), std::nullopt, frame, closed);
  CHECK(late.place == FramePlace::late);
  CHECK_FALSE(late.in_witness());

  PlacedFrame placed;
  for (std::int64_t i = 1; i <= 50; ++i)
    placed = clock.place(ms(10000 + 20 * i), std::nullopt, frame, closed);
  CHECK(placed.place == FramePlace::reanchored);
  CHECK(placed.position == ms(10980));
}

TEST_CASE("a burst after a stall longer than the hold catches up without moving what follows") {
  CallerClock clock(rate);
  clock.place(ms(20), stamp(0), frame, 0);
  for (std::int64_t i = 1; i < 500; ++i) clock.place(ms(10000), stamp(20 * i), frame, ms(5000));

  CHECK(clock.next_position() == ms(10000));
}

TEST_CASE("a flood that runs ahead of real time is refused") {
  CallerClock clock(rate);
  PlacedFrame placed;
  for (std::int64_t i = 0; i < 1000; ++i) placed = clock.place(ms(1000), std::nullopt, frame, 0);

  CHECK(placed.place == FramePlace::too_early);
  CHECK(clock.next_position() <= ms(3000));
}

TEST_CASE("a new socket goes on where its timestamps say") {
  CallerClock clock(rate);
  for (std::int64_t i = 0; i < 50; ++i) clock.place(ms(20 * i + 20), stamp(20 * i), frame, 0);
  clock.lose_socket();

  // Late by 130 ms on its way: the stamps know better.
  const PlacedFrame placed = clock.place(ms(4150), stamp(4000), frame, 0);

  CHECK(placed.place == FramePlace::first);
  CHECK(placed.position == ms(4000));
}

TEST_CASE(
    "a new socket whose timestamps tell nothing begins at its arrival and never before the old "
    "one's end") {
  CallerClock clock(rate);
  for (std::int64_t i = 0; i < 50; ++i) clock.place(ms(20 * i + 20), stamp(20 * i), frame, 0);
  clock.lose_socket();
  CHECK(clock.place(ms(5020), stamp(90'000'000), frame, 0).position == ms(5000));
  clock.lose_socket();
  CHECK(clock.place(ms(5021), std::nullopt, frame, 0).position == ms(5020));
}

TEST_CASE(
    "under any jitter, stall and loss no frame is placed more than a frame from its own time") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    INFO("seed ", seed);
    std::mt19937_64 random(seed);
    CallerClock clock(rate);
    std::int64_t arrival = 0;
    std::int64_t end = 0;
    for (std::int64_t i = 0; i < 1000; ++i) {
      if (i > 0 && random() % 97 == 0) i += static_cast<int>(3 + random() % 60);  // lost
      std::int64_t delay = static_cast<std::int64_t>(random() % 30);
      if (random() % 151 == 0) delay += 1500;  // stalled: everything behind it waits
      arrival = std::max(arrival, std::int64_t{20} * i + 20 + (i == 0 ? 0 : delay));
      const PlacedFrame placed = clock.place(ms(arrival), stamp(20 * i + 7), frame, 0);
      REQUIRE(placed.in_witness());
      CHECK(std::abs(placed.position - ms(20 * i)) <= 2 * frame);
      CHECK(placed.position >= end);
      end = placed.position + frame;
    }
  }
}
