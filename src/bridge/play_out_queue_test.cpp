#include "bridge/play_out_queue.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace earshot;
using namespace earshot::bridge;

namespace {

constexpr std::uint32_t rate = 24000;
const SteadyTime zero = SteadyTime(1h);

SteadyTime at_ms(std::int64_t ms) { return zero + std::chrono::milliseconds(ms); }
std::int64_t ms(std::int64_t milliseconds) { return milliseconds * rate / 1000; }

}  // namespace

TEST_CASE("audio sent to an idle phone side plays at once") {
  PlayOutQueue queue(rate);

  CHECK(queue.send(at_ms(0), 1, 0, ms(100)) == at_ms(0));

  CHECK(queue.is_playing(at_ms(99)));
  CHECK_FALSE(queue.is_playing(at_ms(100)));
  CHECK(queue.queued_samples(at_ms(40)) == ms(60));
  CHECK(queue.drained_at() == at_ms(100));
}

TEST_CASE("audio sent while other audio plays comes after it") {
  PlayOutQueue queue(rate);
  queue.send(at_ms(0), 1, 0, ms(100));

  CHECK(queue.send(at_ms(20), 2, 0, ms(50)) == at_ms(100));

  CHECK(queue.played_samples(1, at_ms(120)) == ms(100));
  CHECK(queue.played_samples(2, at_ms(120)) == ms(20));
  CHECK(queue.start_of(2) == at_ms(100));
  CHECK(queue.end_of(2) == at_ms(150));
}

TEST_CASE("what follows without a break is one run, and an underrun begins another") {
  PlayOutQueue queue(rate);
  queue.send(at_ms(0), 1, 0, ms(100));
  queue.send(at_ms(50), 1, ms(100), ms(100));
  queue.send(at_ms(500), 1, ms(200), ms(100));

  REQUIRE(queue.runs().size() == 2);
  CHECK(queue.runs()[0] == PlayOutRun{1, 0, ms(200), at_ms(0)});
  CHECK(queue.runs()[1] == PlayOutRun{1, ms(200), ms(100), at_ms(500)});
  CHECK(queue.played_samples(1, at_ms(550)) == ms(250));
  CHECK(queue.time_of(1, ms(210)) == at_ms(510));
  CHECK_FALSE(queue.time_of(1, ms(300)).has_value());
}

TEST_CASE("StopAudio ends what plays and forgets what waits") {
  PlayOutQueue queue(rate);
  queue.send(at_ms(0), 1, 0, ms(100));
  queue.send(at_ms(0), 2, 0, ms(100));

  queue.stop(at_ms(60));

  CHECK_FALSE(queue.is_playing(at_ms(60)));
  CHECK(queue.played_samples(1, at_ms(1000)) == ms(60));
  CHECK(queue.played_samples(2, at_ms(1000)) == 0);
  CHECK_FALSE(queue.start_of(2).has_value());
  CHECK(queue.send(at_ms(70), 3, 0, ms(10)) == at_ms(70));
}

TEST_CASE("StopAudio to an idle phone side changes nothing") {
  PlayOutQueue queue(rate);
  queue.send(at_ms(0), 1, 0, ms(100));

  queue.stop(at_ms(300));

  CHECK(queue.played_samples(1, at_ms(1000)) == ms(100));
  CHECK(queue.drained_at() == at_ms(100));
}

TEST_CASE("the oldest runs are forgotten at the bound and counted") {
  PlayOutQueue queue(rate);
  for (std::size_t i = 0; i < PlayOutQueue::runs_max + 10; ++i)
    queue.send(at_ms(static_cast<std::int64_t>(i) * 100), static_cast<ItemNumber>(i + 1), 0,
               ms(10));

  CHECK(queue.runs().size() == PlayOutQueue::runs_max);
  CHECK(queue.runs_forgotten() == 10);
}

TEST_CASE("an hour of odd pieces does not drift by a sample") {
  PlayOutQueue queue(rate);
  std::int64_t sent = 0;
  SteadyTime now = at_ms(0);
  while (sent < std::int64_t{3600} * rate) {
    queue.send(now, 1, sent, 1117);
    sent += 1117;
    now += std::chrono::nanoseconds(46'541'000);
  }

  CHECK(queue.runs().size() == 1);
  CHECK(queue.drained_at() == zero + time_of_samples(sent, rate));
}

TEST_CASE(
    "whatever is sent and stopped, played plus queued is what was sent less what was stopped") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed ", seed);
    std::mt19937_64 random(seed);
    PlayOutQueue queue(rate);
    std::int64_t sent = 0;
    SteadyTime now = at_ms(0);
    for (int step = 0; step < 100; ++step) {
      now += std::chrono::milliseconds(random() % 80);
      if (random() % 10 == 0) {
        const std::int64_t queued = queue.queued_samples(now);
        queue.stop(now);
        sent -= queued;
        CHECK(queue.queued_samples(now) == 0);
      } else {
        const auto samples = static_cast<std::int64_t>(random() % 2400);
        queue.send(now, 1, 0, samples);
        sent += samples;
      }
      // The nearest sample at each reading: half a sample either way for each cut.
      const std::int64_t seen = queue.played_samples(1, now) + queue.queued_samples(now);
      CHECK(std::abs(seen - sent) <= 2 + step / 8);
    }
  }
}
