#include "recording/audio_layouts.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;

namespace {

using enum Voice;

LayoutSource source(std::uint64_t frames, std::vector<Voice> voices = {unknown},
                    std::uint32_t rate = 16'000, std::uint16_t bits = 16) {
  return {.format = {rate, static_cast<std::uint16_t>(voices.size()), bits},
          .frames = frames,
          .voices = std::move(voices)};
}

Span span(SpanKind kind, Duration from, Duration to) {
  Span out;
  out.kind = kind;
  out.from = from;
  out.to = to;
  return out;
}

std::uint64_t whole(const PcmLayout& layout) {
  std::uint64_t frames = 0;
  for (const auto& one : layout.spans()) frames += one.frames;
  CHECK(frames == layout.frames());
  return frames;
}

}  // namespace

TEST_CASE("each voice keeps its channel, whatever its number in the chunk") {
  const auto united = unite_channels(
      {source(1, {caller}), source(1, {assistant, caller}), source(1, {other, caller})});

  CHECK(united.voices == std::vector{caller, assistant, other});
  CHECK(united.maps[0] == ChannelMap{{0}, {}, {}});
  CHECK(united.maps[1] == ChannelMap{{1}, {0}, {}});
  CHECK(united.maps[2] == ChannelMap{{1}, {}, {0}});
}

TEST_CASE("two others in one chunk are two channels") {
  const auto united =
      unite_channels({source(1, {caller, other, other}), source(1, {other, caller})});

  CHECK(united.voices == std::vector{caller, other, other});
  CHECK(united.maps[1] == ChannelMap{{1}, {0}, {}});
}

TEST_CASE("channels of unknown voices go by their numbers") {
  const auto united = unite_channels({source(1, {unknown}), source(1, {unknown, unknown})});

  CHECK(united.voices.size() == 2);
  CHECK(united.maps[0] == ChannelMap{{0}, {}});
  CHECK(united.maps[1] == ChannelMap{{0}, {1}});
}

TEST_CASE("a voice, a number or everything mixed can be chosen") {
  const auto united = unite_channels({source(1, {caller}), source(1, {assistant, caller})});
  const auto chosen = [&](ChannelPick pick, std::uint16_t number = 0) {
    auto maps = choose_channels(united, {.pick = pick, .number = number});
    REQUIRE(maps.has_value());
    return *maps;
  };

  CHECK(chosen(ChannelPick::caller) == std::vector<ChannelMap>{{{0}}, {{1}}});
  CHECK(chosen(ChannelPick::assistant) == std::vector<ChannelMap>{{{}}, {{0}}});
  CHECK(chosen(ChannelPick::numbered, 1) == std::vector<ChannelMap>{{{}}, {{0}}});
  CHECK(chosen(ChannelPick::mixed) == std::vector<ChannelMap>{{{0}}, {{0, 1}}});

  const auto mixed = unite_channels({source(1)});
  auto no_caller = choose_channels(mixed, {.pick = ChannelPick::caller});
  REQUIRE_FALSE(no_caller.has_value());
  CHECK(no_caller.error().kind == ErrorKind::conflict);
  CHECK(no_caller.error().message.find("mixed") != std::string::npos);
  auto no_channel = choose_channels(mixed, {.pick = ChannelPick::numbered, .number = 1});
  REQUIRE_FALSE(no_channel.has_value());
  CHECK(no_channel.error().kind == ErrorKind::not_found);
}

TEST_CASE("joined chunks follow each other, and different sample rates need a merge") {
  const auto layout = joined_layout({source(10), source(0), source(20, {unknown}, 16'000, 24)}, {});
  REQUIRE(layout.has_value());
  CHECK(layout->format() == AudioFormat{16'000, 1, 16});
  CHECK(whole(*layout) == 30);
  CHECK(layout->spans().size() == 2);

  const auto differing = joined_layout({source(10), source(10, {unknown}, 24'000)}, {});
  REQUIRE_FALSE(differing.has_value());
  CHECK(differing.error().kind == ErrorKind::conflict);
  CHECK(differing.error().message.find("part 1 has 24000 Hz") != std::string::npos);
  CHECK(joined_layout({}, {}).error().kind == ErrorKind::not_found);
}

TEST_CASE("a timeline lies on the call's clock, with silence where nothing plays") {
  const Timeline timeline{
      .from = 0s,
      .to = 10s,
      .spans = {span(SpanKind::gap, 0s, 1s), span(SpanKind::recorded, 1s, 5s),
                span(SpanKind::paused, 5s, 6s), span(SpanKind::recorded, 6s, 10s)}};

  const auto layout = timeline_layout(timeline, {{}, {0, 100, 64'000}, {}, {1, 0, 64'000}},
                                      {source(70'000), source(64'000)}, {});

  REQUIRE(layout.has_value());
  CHECK(whole(*layout) == 160'000);
  REQUIRE(layout->spans().size() == 4);
  CHECK(layout->spans()[0].source == pcm_silence);
  CHECK(layout->spans()[0].frames == 16'000);
  CHECK(layout->spans()[1].source_first == 100);
  CHECK(layout->spans()[2].source == pcm_silence);
  CHECK(layout->spans()[3].frames == 64'000);
}

TEST_CASE("a clock that drifts is spread over its span, a larger difference is not") {
  const Timeline timeline{.from = 0s, .to = 100s, .spans = {span(SpanKind::recorded, 0s, 100s)}};

  // 200 ppm fast: 320 samples too many in 100 s.
  const auto drifting = timeline_layout(timeline, {{0, 0, 1'600'320}}, {source(1'600'320)}, {});
  REQUIRE(drifting.has_value());
  REQUIRE(drifting->spans().size() == 1);
  CHECK(drifting->frames() == 1'600'000);
  const auto& fast = drifting->spans()[0];
  CHECK(source_frame(fast, 0) == 0);
  CHECK(source_frame(fast, 1'599'999) == 1'600'318);
  CHECK(source_frame(fast, 800'000) == 800'160);

  const auto torn = timeline_layout(timeline, {{0, 0, 1'600'000}}, {source(800'000)}, {});
  REQUIRE(torn.has_value());
  REQUIRE(torn->spans().size() == 2);
  CHECK(torn->spans()[0].frames == 800'000);
  CHECK(torn->spans()[0].source_frames == 800'000);
  CHECK(torn->spans()[1].source == pcm_silence);
  CHECK(whole(*torn) == 1'600'000);

  const auto longer = timeline_layout(timeline, {{0, 0, 2'000'000}}, {source(2'000'000)}, {});
  REQUIRE(longer.has_value());
  CHECK(longer->spans().size() == 1);
  CHECK(longer->spans()[0].source_frames == 1'600'000);
}
