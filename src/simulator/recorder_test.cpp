#include "simulator/recorder.hpp"

#include "simulator/tones.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::simulator;

namespace {

const WallTime began = *parse_iso8601("2026-03-02T09:15:33Z");

struct Feed {
  Recorder recorder;
  std::vector<std::int16_t> caller;
  std::vector<std::int16_t> played;
  WallTime now = began;
  std::size_t at = 0;
  std::vector<FinishedChunk> chunks;

  void run(Duration length) {
    const std::size_t frame = 480;
    for (Duration done{}; done < length; done += 20ms) {
      std::vector<std::int16_t> up(frame);
      std::vector<std::int16_t> down(frame);
      for (std::size_t i = 0; i < frame; ++i, ++at) {
        if (at < caller.size()) up[i] = caller[at];
        if (at < played.size()) down[i] = played[at];
      }
      for (auto& chunk : recorder.add(up, down, now)) chunks.push_back(std::move(chunk));
      now += 20ms;
    }
  }
  void finish() {
    for (auto& chunk : recorder.finish(now)) chunks.push_back(std::move(chunk));
  }
};

}  // namespace

TEST_CASE("chunks are cut at their length, follow each other without a seam, and lose nothing") {
  Feed feed{.recorder = Recorder({.input_rate_hz = 24000, .chunk_length = 2s}),
            .caller = make_tones({.count = 11})};
  feed.recorder.start(began);
  feed.run(5500ms);
  feed.finish();

  REQUIRE(feed.chunks.size() == 3);
  std::vector<std::int16_t> whole;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(feed.chunks[i].index == static_cast<int>(i));
    CHECK(feed.chunks[i].start == began + 2s * i);
    whole.insert(whole.end(), feed.chunks[i].samples.begin(), feed.chunks[i].samples.end());
  }
  CHECK(feed.chunks[0].length == 2s);
  CHECK(feed.chunks[2].length == 1500ms);
  CHECK(feed.chunks[1].end_reason == "ChunkMaximumSizeExceeded");
  CHECK(feed.chunks[2].end_reason == "SessionEnded");
  CHECK(whole.size() == 88'000);
  const auto heard = decode_tones(whole, 16000, Party::caller);
  REQUIRE(heard.size() == 11);
  for (std::size_t i = 0; i < 11; ++i)
    CHECK(std::abs(heard[i].start_s - static_cast<double>(i) * 0.5) < 0.003);
}

TEST_CASE("a pause leaves its audio out, is listed, and moves the next chunk's start") {
  Feed feed{.recorder = Recorder({.input_rate_hz = 24000, .chunk_length = 2s}),
            .caller = make_tones({.count = 20})};
  feed.recorder.start(began);
  feed.run(1s);
  feed.recorder.pause(feed.now);
  feed.run(3s);
  feed.recorder.resume(feed.now);
  feed.run(2s);
  feed.finish();

  REQUIRE(feed.chunks.size() == 2);
  REQUIRE(feed.chunks[0].pauses.size() == 1);
  CHECK(feed.chunks[0].pauses[0].start == began + 1s);
  CHECK(feed.chunks[0].pauses[0].length == 3s);
  CHECK(feed.chunks[0].length == 2s);
  CHECK(feed.chunks[1].start == began + 5s);
  CHECK(feed.chunks[1].length == 1s);
  CHECK(feed.chunks[1].pauses.empty());
  const auto heard = decode_tones(feed.chunks[0].samples, 16000, Party::caller);
  REQUIRE(heard.size() == 4);
  CHECK(heard[1].number == 1);
  CHECK(heard[2].number == 8);
}

TEST_CASE("unmixed channels go to whoever is heard first, or where they are pinned") {
  const auto silence = std::vector<std::int16_t>(24000);
  auto late_caller = silence;
  const auto caller = make_tones({.count = 2});
  late_caller.insert(late_caller.end(), caller.begin(), caller.end());
  const RecorderOptions options{.input_rate_hz = 24000,
                                .unmixed = true,
                                .caller_raw_id = "4:+15550100",
                                .bot_raw_id = "8:acs:x"};
  Feed feed{.recorder = Recorder(options),
            .caller = late_caller,
            .played = make_tones({.party = Party::assistant, .count = 2})};
  feed.recorder.start(began);
  feed.run(2s);
  feed.finish();
  REQUIRE(feed.chunks.size() == 1);
  CHECK(feed.chunks[0].channels == 2);
  CHECK(feed.chunks[0].participants[0].channel == 1);
  CHECK(feed.chunks[0].participants[1].channel == 0);

  RecorderOptions pinned = options;
  pinned.caller_channel = 3;
  Feed other{.recorder = Recorder(pinned), .caller = caller};
  other.recorder.start(began);
  other.run(1s);
  other.finish();
  CHECK(other.chunks[0].channels == 4);
  CHECK(other.chunks[0].participants[0].channel == 3);
  CHECK(other.chunks[0].samples.size() == 64'000);
  std::vector<std::int16_t> fourth;
  for (std::size_t i = 3; i < other.chunks[0].samples.size(); i += 4)
    fourth.push_back(other.chunks[0].samples[i]);
  CHECK(decode_tones(fourth, 16000, Party::caller).size() == 2);
}

TEST_CASE("a recording that never heard anything still leaves one empty chunk") {
  Recorder recorder({.input_rate_hz = 16000});
  recorder.start(began);
  const auto chunks = recorder.finish(began);
  REQUIRE(chunks.size() == 1);
  CHECK(chunks[0].samples.empty());
  CHECK(chunks[0].length == Duration::zero());
}

TEST_CASE(
    "a recorder that misses audio while it changes the file says when the next chunk begins") {
  Feed feed{
      .recorder = Recorder({.input_rate_hz = 24000, .chunk_length = 2s, .lost_at_change = 600ms}),
      .caller = make_tones({.count = 11})};
  feed.recorder.start(began);
  feed.run(5500ms);
  feed.finish();

  REQUIRE(feed.chunks.size() == 3);
  CHECK(feed.chunks[0].length == 2s);
  CHECK(feed.chunks[1].start == began + 2600ms);
  CHECK(feed.chunks[1].length == 2s);
  CHECK(feed.chunks[2].start == began + 5200ms);
  CHECK(feed.chunks[2].length == 300ms);
}
