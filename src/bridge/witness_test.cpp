#include "bridge/witness.hpp"

#include "domain/level_meter.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <map>
#include <random>

using namespace earshot;
using namespace earshot::bridge;

namespace {

constexpr std::uint32_t rate = 24000;

struct MemoryRun : TapRun {
  Bytes tap;
  Bytes ledger;
  bool is_full = false;
  bool append(SpoolKind kind, ByteView bytes) override {
    if (is_full) return false;
    Bytes& to = kind == SpoolKind::tap ? tap : ledger;
    to.insert(to.end(), bytes.begin(), bytes.end());
    return true;
  }
  void finish() override {}
};

std::int64_t ms(std::int64_t milliseconds) { return milliseconds * rate / 1000; }

// A sample that tells its position and side.
std::int16_t caller_sample(std::int64_t position) {
  return static_cast<std::int16_t>(position % 30011 + 1);
}
std::int16_t assistant_sample(std::int64_t position) {
  return static_cast<std::int16_t>(-(position % 29989) - 1);
}

std::vector<std::int16_t> audio(std::int16_t (*sample)(std::int64_t), std::int64_t from,
                                std::int64_t length) {
  std::vector<std::int16_t> samples(static_cast<std::size_t>(length));
  for (std::int64_t i = 0; i < length; ++i) samples[static_cast<std::size_t>(i)] = sample(from + i);
  return samples;
}

using Sides = std::map<std::int64_t, std::pair<std::int16_t, std::int16_t>>;

Sides read_tap(const Bytes& bytes) {
  auto reader = TapReader::open(bytes);
  REQUIRE(reader.has_value());
  Sides sides;
  std::size_t twice = 0;
  while (const auto block = reader->next()) {
    for (std::uint32_t i = 0; i < block->frames; ++i) {
      std::int16_t pair[2];
      std::memcpy(pair, block->samples.data() + std::size_t{i} * 4, 4);
      const std::int64_t position = std::int64_t{block->second} * rate + block->first_frame + i;
      twice += sides.count(position);
      sides[position] = {pair[0], pair[1]};
    }
  }
  CHECK(twice == 0);
  CHECK(reader->bytes_skipped() == 0);
  return sides;
}

LedgerContents read(const MemoryRun& run) {
  auto contents = read_ledger(run.ledger);
  REQUIRE(contents.has_value());
  return *contents;
}

std::uint64_t hash_of_second(const Sides& sides, std::int64_t second) {
  std::vector<std::int16_t> samples;
  for (std::int64_t i = second * rate; i < (second + 1) * rate; ++i) {
    const auto found = sides.find(i);
    samples.push_back(found == sides.end() ? std::int16_t{0} : found->second.first);
    samples.push_back(found == sides.end() ? std::int16_t{0} : found->second.second);
  }
  return hash_of({reinterpret_cast<const std::uint8_t*>(samples.data()), samples.size() * 2});
}

}  // namespace

TEST_CASE("both sides stand in the tap at their positions and in the ledger at their levels") {
  MemoryRun run;
  Witness witness(run, {.rate_hz = rate});
  for (std::int64_t t = 0; t < 2000; t += 20) {
    witness.caller(ms(t), audio(caller_sample, ms(t), ms(20)));
    if (t == 500) witness.assistant(ms(500), audio(assistant_sample, ms(500), ms(300)));
    witness.advance(ms(t + 20), true);
  }
  witness.finish(ms(2000));

  const Sides sides = read_tap(run.tap);
  REQUIRE(sides.size() == static_cast<std::size_t>(ms(2000)));
  std::size_t wrong = 0;
  for (const auto& [position, pair] : sides) {
    const bool is_speaking = position >= ms(500) && position < ms(800);
    const std::int16_t assistant = is_speaking ? assistant_sample(position) : std::int16_t{0};
    wrong += pair.first != caller_sample(position) || pair.second != assistant;
  }
  CHECK(wrong == 0);
  const LedgerContents ledger = read(run);
  REQUIRE(ledger.seconds.size() == 2);
  CHECK(ledger.header.has_tap);
  CHECK(ledger.header.sample_rate_hz == rate);
  CHECK(ledger.seconds[0].caller_frames == 50);
  CHECK(ledger.seconds[0].assistant_frames == 15);
  CHECK(ledger.seconds[1].assistant_frames == 0);
  CHECK(ledger.seconds[0].assistant_levels[24] == level_no_data);
  CHECK(ledger.seconds[0].assistant_levels[25] > level_silence);
  CHECK(ledger.seconds[0].assistant_levels[40] == level_no_data);
  CHECK(ledger.seconds[0].hash == hash_of_second(sides, 0));
  CHECK(ledger.seconds[1].hash == hash_of_second(sides, 1));
}

TEST_CASE("StopAudio takes back what was placed and not played") {
  MemoryRun run;
  Witness witness(run, {.rate_hz = rate});
  witness.assistant(ms(100), audio(assistant_sample, ms(100), ms(400)));
  witness.stop_assistant(ms(250));
  witness.assistant(ms(700), audio(assistant_sample, ms(700), ms(100)));
  witness.finish(ms(1000));

  const LedgerContents ledger = read(run);
  REQUIRE(ledger.seconds.size() == 1);
  CHECK((ledger.seconds[0].events & LedgerSecond::event_stop_audio) != 0);
  CHECK(ledger.seconds[0].assistant_levels[12] > level_silence);
  CHECK(ledger.seconds[0].assistant_levels[13] == level_no_data);
  CHECK(ledger.seconds[0].assistant_levels[34] == level_no_data);
  CHECK(ledger.seconds[0].assistant_levels[35] > level_silence);
  for (const auto& [position, pair] : read_tap(run.tap))
    if (position >= ms(250) && position < ms(700)) REQUIRE(pair.second == 0);
}

TEST_CASE("a lost socket shows as a hole and a stalled one does not") {
  MemoryRun run;
  Witness witness(run, {.rate_hz = rate});
  for (std::int64_t t = 0; t < 1000; t += 20)
    witness.caller(ms(t), audio(caller_sample, ms(t), ms(20)));
  witness.advance(ms(1000), true);
  witness.advance(ms(2900), true);  // nothing came for 1.9 s
  for (std::int64_t t = 1000; t < 3000; t += 20)
    witness.caller(ms(t), audio(caller_sample, ms(t), ms(20)));
  witness.advance(ms(3000), true);
  witness.advance(ms(5000), false);  // the socket is gone
  for (std::int64_t t = 5000; t < 6000; t += 20)
    witness.caller(ms(t), audio(caller_sample, ms(t), ms(20)));
  witness.finish(ms(6000));

  const LedgerContents ledger = read(run);
  REQUIRE(ledger.seconds.size() == 6);
  for (const std::size_t whole : {0U, 1U, 2U, 5U}) {
    CHECK(ledger.seconds[whole].caller_frames == 50);
    for (const std::uint8_t level : ledger.seconds[whole].caller_levels)
      CHECK(level > level_no_data);
  }
  for (const std::size_t hole : {3U, 4U}) {
    CHECK(ledger.seconds[hole].caller_frames == 0);
    for (const std::uint8_t level : ledger.seconds[hole].caller_levels)
      CHECK(level == level_no_data);
  }
  CHECK(read_tap(run.tap).size() == static_cast<std::size_t>(ms(4000)));
}

TEST_CASE("a stall longer than the hold is settled without the caller") {
  MemoryRun run;
  Witness witness(run, {.rate_hz = rate, .hold_max = 2s});
  witness.caller(0, audio(caller_sample, 0, ms(20)));
  witness.advance(ms(5000), true);
  CHECK(witness.settled_until() == ms(3000));
}

TEST_CASE("a run that begins in the middle of a call has whole seconds all the same") {
  MemoryRun run;
  Witness witness(run, {.rate_hz = rate, .run_start = 600'500ms});
  witness.caller(ms(600'500), audio(caller_sample, ms(600'500), ms(100)));
  witness.finish(ms(600'650));

  const Sides sides = read_tap(run.tap);
  const LedgerContents ledger = read(run);
  REQUIRE(ledger.seconds.size() == 1);
  CHECK(ledger.seconds[0].second == 600);
  CHECK(ledger.seconds[0].caller_frames == 1);
  CHECK(ledger.seconds[0].caller_levels[24] == level_no_data);
  CHECK(ledger.seconds[0].caller_levels[25] > level_no_data);
  CHECK(ledger.seconds[0].hash == hash_of_second(sides, 600));
  CHECK(ledger.header.run_start == Duration(600'500ms));
}

TEST_CASE("without a tap there is a ledger and nothing else") {
  MemoryRun run;
  Witness witness(run, {.rate_hz = 16000, .tap = false});
  witness.caller(0, std::vector<std::int16_t>(320, 1000));
  witness.finish(16000);

  CHECK(run.tap.empty());
  const LedgerContents ledger = read(run);
  CHECK_FALSE(ledger.header.has_tap);
  REQUIRE(ledger.seconds.size() == 1);
  CHECK(ledger.seconds[0].hash == 0);
  CHECK(ledger.seconds[0].caller_levels[0] > level_silence);
}

TEST_CASE("a full spool is counted and stops nothing") {
  MemoryRun run;
  Witness witness(run, {.rate_hz = rate});
  run.is_full = true;
  witness.caller(0, audio(caller_sample, 0, ms(1000)));
  witness.advance(ms(1000), true);
  CHECK(witness.appends_refused() == 11);  // ten pieces of tap, one second of ledger
  run.is_full = false;
  witness.caller(ms(1000), audio(caller_sample, ms(1000), ms(1000)));
  witness.finish(ms(2000));

  const LedgerContents ledger = read(run);
  REQUIRE(ledger.seconds.size() == 1);
  CHECK(ledger.seconds[0].second == 1);
}

TEST_CASE("silence is silence and no hole") {
  MemoryRun run;
  Witness witness(run, {.rate_hz = rate});
  witness.caller(0, std::vector<std::int16_t>(static_cast<std::size_t>(ms(1000)), 0));
  witness.finish(ms(1000));
  for (const std::uint8_t level : read(run).seconds.at(0).caller_levels)
    CHECK(level == level_silence);
}

TEST_CASE("whatever the order of arrival and settling, what is put in is what is read") {
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    INFO("seed ", seed);
    std::mt19937_64 random(seed);
    MemoryRun run;
    Witness witness(run, {.rate_hz = rate});
    Sides expected;
    std::int64_t now = 0;
    std::int64_t caller = 0;
    std::int64_t assistant = 0;
    for (int step = 0; step < 200; ++step) {
      now += ms(static_cast<std::int64_t>(random() % 60));
      if (random() % 3 != 0)
        for (; caller + ms(20) <= now; caller += ms(20)) {
          if (random() % 20 == 0) continue;  // lost
          witness.caller(caller, audio(caller_sample, caller, ms(20)));
          for (std::int64_t i = caller; i < caller + ms(20); ++i)
            expected[i].first = caller_sample(i);
        }
      if (random() % 5 == 0) {
        assistant = std::max(assistant, now);
        const auto length = static_cast<std::int64_t>(random() % 5000);
        witness.assistant(assistant, audio(assistant_sample, assistant, length));
        for (std::int64_t i = assistant; i < assistant + length; ++i)
          expected[i].second = assistant_sample(i);
        assistant += length;
      }
      if (random() % 20 == 0) {
        witness.stop_assistant(now);
        for (auto at = expected.lower_bound(now); at != expected.end(); ++at) at->second.second = 0;
        assistant = std::min(assistant, now);
      }
      witness.advance(now, true);
    }
    const std::int64_t end = std::max(now, std::max(caller, assistant));
    witness.finish(end);
    std::size_t wrong = 0;
    const std::pair<std::int16_t, std::int16_t> nothing{};
    for (const auto& [position, pair] : read_tap(run.tap)) {
      const auto found = expected.find(position);
      wrong += pair != (found == expected.end() ? nothing : found->second);
      if (found != expected.end()) expected.erase(found);
    }
    for (const auto& [position, pair] : expected) wrong += pair != nothing;
    CHECK(wrong == 0);
  }
}
