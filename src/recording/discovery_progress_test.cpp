#include "recording/discovery_progress.hpp"

#include "recording/testing/recorded_call.hpp"

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

Chunk chunk(std::uint32_t index, double seconds, std::optional<WallTime> start = {}) {
  Chunk out;
  out.index = {index};
  out.format = {16'000, 1, 16};
  out.data_bytes = static_cast<std::uint64_t>(seconds * 32'000);
  out.start = start;
  return out;
}

const WallTime begin = *parse_iso8601("2026-03-02T09:00:00Z");

ProgressInput input(std::vector<Chunk> chunks) {
  return {.start = begin, .end = begin + 60s, .chunks = std::move(chunks), .tolerance = 2s};
}

}  // namespace

TEST_CASE("consecutive chunks that reach the end are complete") {
  CHECK(measure_progress(input({chunk(0, 60)})).complete());
  CHECK(measure_progress(input({chunk(0, 30), chunk(1, 29)})).complete());
  CHECK(measure_progress(input({chunk(0, 30, begin), chunk(1, 28.5, begin + 30s)})).complete());
}

TEST_CASE("the last sample counts by its time where metadata gives one") {
  // 31 s of audio only, but the second chunk is known to begin at 58 s.
  const auto progress = measure_progress(input({chunk(0, 30, begin), chunk(1, 1, begin + 58s)}));
  CHECK(progress.complete());

  const auto early = measure_progress(input({chunk(0, 30, begin), chunk(1, 29, begin + 10s)}));
  CHECK_FALSE(early.reaches_end);
  CHECK(early.missing == Duration(21s));
}

TEST_CASE("a missing index, an empty chunk and no chunk at all each have their reason") {
  CHECK(measure_progress(input({})).reason == "no chunk was found");
  CHECK(measure_progress(input({chunk(1, 60)})).reason == "chunk 0 is missing");
  CHECK(measure_progress(input({chunk(0, 30), chunk(2, 30)})).reason == "chunk 1 is missing");
  CHECK(measure_progress(input({chunk(0, 30), chunk(1, 0), chunk(2, 30)})).reason ==
        "chunk 1 holds no audio");
  CHECK(measure_progress(input({chunk(0, 30)})).reason ==
        "the last chunk ends 30.0 s before the recording did");
}

TEST_CASE("paused time is taken off, once") {
  auto paused = input({chunk(0, 40, begin)});
  CHECK_FALSE(measure_progress(paused).complete());
  paused.our_pauses = {{.from = begin + 10s, .to = begin + 30s}};
  CHECK(measure_progress(paused).complete());
  // ACS names the same pause: it does not count twice.
  paused.chunks = {chunk(0, 30, begin)};
  paused.acs_pauses = {{.start = begin + 10s, .duration = 20s}};
  CHECK_FALSE(measure_progress(paused).complete());
}

TEST_CASE("a pause that was never resumed lasts to the end") {
  auto paused = input({chunk(0, 10)});
  paused.our_pauses = {{.from = begin + 10s, .to = std::nullopt}};
  CHECK(measure_progress(paused).complete());
}

TEST_CASE("without an end nothing is complete") {
  auto open = input({chunk(0, 60)});
  open.end.reset();
  const auto progress = measure_progress(open);
  CHECK(progress.consecutive);
  CHECK_FALSE(progress.complete());
  CHECK(progress.reason == "the recording's end is not known yet");
}

TEST_CASE("compressed audio has the length that was told of it, if it has any bytes") {
  Chunk mp3;
  mp3.format = {16'000, 1, 0};
  mp3.duration = Duration(7s);
  CHECK(length_of(mp3) == Duration{});
  mp3.data_bytes = 100;
  CHECK(length_of(mp3) == Duration(7s));
}

TEST_CASE("an end that was learnt late may be reached wherever it may lie") {
  auto late = input({chunk(0, 40)});
  late.end_after = begin + 41s;
  const auto may = measure_progress(late);
  CHECK(may.may_reach_end);
  CHECK_FALSE(may.complete());
  CHECK(may.reason ==
        "the recording ended unseen, up to 20.0 s after its last sample: more may appear");

  late.end_after = begin + 45s;
  CHECK_FALSE(measure_progress(late).may_reach_end);
  CHECK(measure_progress(late).reason == "the last chunk ends 20.0 s before the recording did");
  // A bound that contradicts the end is none.
  late.end = begin + 40s;
  CHECK(measure_progress(late).complete());
  late.chunks = {chunk(1, 40)};
  CHECK_FALSE(measure_progress(late).consecutive);
}
