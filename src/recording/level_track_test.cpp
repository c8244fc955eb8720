#include "recording/level_track.hpp"

#include "domain/level_meter.hpp"
#include "recording/testing/recorded_call.hpp"

using namespace earshot;
using namespace earshot::recording;
using earshot::recording::testing::put16;

namespace {

const WallTime zero = from_unix_ms(1'700'000'000'000);

ChunkToLayOut chunk(std::uint32_t index, std::optional<Duration> start, double seconds,
                    std::vector<ChunkPause> pauses = {}) {
  ChunkToLayOut item{.chunk = {.recording = {"rec"}, .index = {index}},
                     .pauses = std::move(pauses)};
  item.chunk.format = {16'000, 1, 16};
  item.chunk.data_bytes = static_cast<std::uint64_t>(seconds * 32'000);
  if (start) item.chunk.start = zero + *start;
  return item;
}

// Whole slots of a square wave, each channel with its amplitude.
Bytes square(std::size_t frames, const std::vector<int>& amplitudes) {
  Bytes out;
  for (std::size_t i = 0; i < frames; ++i)
    for (const int amplitude : amplitudes)
      put16(out, static_cast<std::uint32_t>(i % 2 == 0 ? amplitude : -amplitude) & 0xFFFF);
  return out;
}

LedgerSecond second_of(std::uint32_t second, std::uint8_t caller, std::uint8_t assistant) {
  LedgerSecond record{.second = second};
  record.caller_levels.fill(caller);
  record.assistant_levels.fill(assistant);
  return record;
}

}  // namespace

TEST_CASE("a chunk is one stretch from its metadata's start") {
  const auto stretches = lay_out(std::vector{chunk(0, 1500ms, 10)}, {}, zero);

  REQUIRE(stretches.size() == 1);
  CHECK(stretches[0].nominal_start == 1500ms);
  CHECK(stretches[0].nominal_end() == 11'500ms);
  CHECK(stretches[0].nominal_of(8000) == 2s);
  CHECK(stretches[0].start_is_known);
}

TEST_CASE("nominal time jumps over a pause, which is not in the audio") {
  const auto stretches =
      lay_out(std::vector{chunk(0, 1s, 10, {{zero + 5s, 30s}, {zero + 37s, 2s}})}, {}, zero);

  REQUIRE(stretches.size() == 3);
  CHECK(stretches[0].frames == 4 * 16'000);
  CHECK(stretches[1].first_frame == 4 * 16'000);
  CHECK(stretches[1].nominal_start == 35s);
  CHECK(stretches[1].frames == 2 * 16'000);
  CHECK(stretches[2].nominal_start == 39s);
  CHECK(stretches[2].first_frame + stretches[2].frames == 10 * 16'000);
}

TEST_CASE("a pause that we commanded counts where no metadata lists it, and once where one does") {
  const RecordingPause ours{.recording = {"rec"}, .from = zero + 5s, .to = zero + 15s};
  const RecordingPause others{.recording = {"another"}, .from = zero + 3s, .to = zero + 4s};
  const std::vector<RecordingPause> commanded{ours, others};

  const auto unlisted = lay_out(std::vector{chunk(0, 1s, 10)}, commanded, zero);
  const auto listed =
      lay_out(std::vector{chunk(0, 1s, 10, {{zero + 5200ms, 10s}})}, commanded, zero);

  REQUIRE(unlisted.size() == 2);
  CHECK(unlisted[1].nominal_start == 15s);
  REQUIRE(listed.size() == 2);
  CHECK(listed[1].nominal_start == 15'200ms);
}

TEST_CASE("where the next chunk shows that a pause was written as silence, it is left out") {
  const std::vector chunks{chunk(0, 1s, 40, {{zero + 5s, 30s}}), chunk(1, 41s, 5)};

  const auto stretches = lay_out(chunks, {}, zero);

  REQUIRE(stretches.size() == 3);
  CHECK(stretches[1].nominal_start == 35s);
  CHECK(stretches[1].first_frame == 34 * 16'000);
  CHECK(stretches[1].nominal_end() == 41s);
}

TEST_CASE("a chunk without a start stands beside its neighbours, else where recording began") {
  const auto after = lay_out(std::vector{chunk(0, 1s, 10), chunk(1, {}, 5)}, {}, zero);
  const auto before = lay_out(std::vector{chunk(0, {}, 10), chunk(1, 20s, 5)}, {}, zero);
  const auto alone = lay_out(std::vector{chunk(3, {}, 10)}, {}, zero, zero + 700ms);

  CHECK(after[1].nominal_start == 11s);
  CHECK_FALSE(after[1].start_is_known);
  CHECK(before[0].nominal_start == 10s);
  CHECK(alone[0].nominal_start == 700ms);
}

TEST_CASE("chunks without samples or without a rate have no stretch") {
  ChunkToLayOut no_rate = chunk(1, 2s, 5);
  no_rate.chunk.format = {};

  CHECK(lay_out(std::vector{chunk(0, 1s, 0), no_rate}, {}, zero).empty());
}

TEST_CASE("a stream is metered by channel and slot, wherever it is cut") {
  const Bytes bytes = square(960, {16'384, 0});
  const RecordedStretch stretch{.frames = 960, .rate_hz = 16'000};
  ChunkLevelMeter meter({16'000, 2, 16}, {stretch});

  for (std::size_t at = 0; at < bytes.size(); at += 7)
    meter.feed(ByteView(bytes).subspan(at, std::min<std::size_t>(7, bytes.size() - at)));
  const auto levels = meter.finish();

  REQUIRE(levels.size() == 1);
  REQUIRE(levels[0].channels.size() == 2);
  CHECK(levels[0].channels[0] == std::vector<std::uint8_t>(3, 240));  // -6 dBFS
  CHECK(levels[0].channels[1] == std::vector<std::uint8_t>(3, level_silence));
}

TEST_CASE("every depth and rate gives the same level for the same sound") {
  const auto level_at = [](std::uint32_t rate, std::uint16_t bits) {
    Bytes bytes;
    for (std::uint32_t i = 0; i < rate; ++i) {
      const int sample = i % 2 == 0 ? 16'384 : -16'384;
      if (bits == 8) {
        bytes.push_back(static_cast<std::uint8_t>(sample / 256 + 128));
        continue;
      }
      for (int pad = 16; pad < bits; pad += 8) bytes.push_back(0);
      put16(bytes, static_cast<std::uint32_t>(sample) & 0xFFFF);
    }
    ChunkLevelMeter meter({rate, 1, bits}, {{.frames = rate, .rate_hz = rate}});
    meter.feed(bytes);
    return meter.finish().at(0).channels.at(0);
  };

  const std::vector<std::uint8_t> expected(50, 240);
  CHECK(level_at(8'000, 8) == expected);
  CHECK(level_at(16'000, 16) == expected);
  CHECK(level_at(44'100, 24) == expected);
  CHECK(level_at(11'025, 16) == expected);
  CHECK(level_at(48'000, 32) == expected);
}

TEST_CASE("stretches of a chunk are metered each from its own first frame") {
  Bytes bytes = square(1000, {16'384});
  const Bytes quiet = square(1000, {1638});
  bytes.insert(bytes.end(), quiet.begin(), quiet.end());
  const std::vector<RecordedStretch> stretches{
      {.first_frame = 0, .frames = 1000, .rate_hz = 16'000},
      {.first_frame = 1000, .frames = 5000, .rate_hz = 16'000}};
  ChunkLevelMeter meter({16'000, 1, 16}, stretches);
  meter.feed(bytes);

  const auto levels = meter.finish();

  REQUIRE(levels.size() == 2);
  // 40 frames are too few for a slot of their own.
  CHECK(levels[0].channels[0] == std::vector<std::uint8_t>{240, 240, 240, 0});
  CHECK(levels[1].stretch.frames == 1000);
  CHECK(levels[1].channels[0][0] == 190);
}

TEST_CASE("formats that are none are metered as nothing") {
  ChunkLevelMeter no_channels({16'000, 0, 16}, {{.frames = 10, .rate_hz = 16'000}});
  no_channels.feed(Bytes(100));

  CHECK(no_channels.finish().empty());
  CHECK(decode_pcm(Bytes(8), {16'000, 0, 16}, {}).empty());
  CHECK(decode_pcm(Bytes(8), {16'000, 1, 16}, 1).empty());
}

TEST_CASE("samples are decoded by channel, or as the mean of all") {
  const Bytes bytes = square(2, {1000, 3000});

  CHECK(decode_pcm(bytes, {16'000, 2, 16}, 1) == std::vector<std::int16_t>{3000, -3000});
  CHECK(decode_pcm(bytes, {16'000, 2, 16}, {}) == std::vector<std::int16_t>{2000, -2000});
}

TEST_CASE("the runs of a ledger are laid side by side, and holes between them stay unknown") {
  LedgerContents first{.seconds = {second_of(0, 200, 0), second_of(1, 200, 180)}};
  first.seconds[1].events = LedgerSecond::event_stop_audio;
  LedgerContents second{.seconds = {second_of(4, 190, 0)}};
  second.seconds[0].events = LedgerSecond::event_socket_back;

  const CallLevels levels = call_levels(std::vector{second, first});

  CHECK(levels.slots() == 250);
  CHECK(levels.caller[60] == 200);
  CHECK(levels.assistant[60] == 180);
  CHECK(levels.caller[150] == level_no_data);
  CHECK(levels.witnessed == std::vector<SlotRange>{{0, 100}, {200, 250}});
  CHECK(levels.assistant_breaks == std::vector<std::int64_t>{0, 50, 200});
  CHECK(levels.caller_breaks == std::vector<std::int64_t>{0, 200});
}

TEST_CASE("a ledger that claims a second of next year costs no memory") {
  const LedgerContents damaged{.seconds = {second_of(2, 200, 0), second_of(40'000'000, 200, 0)}};

  const CallLevels levels = call_levels(std::vector{damaged});

  CHECK(levels.slots() == 150);
  CHECK(levels.seconds_refused == 1);
}
