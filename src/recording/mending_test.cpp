#include "recording/mending.hpp"

#include "recording/nominal_times.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;

namespace {

const RecordingId recording_id{"r"};

Span recorded(Duration from, Duration to, std::uint32_t chunk, std::uint64_t first_frame,
              std::uint64_t frames) {
  Span span;
  span.from = from;
  span.to = to;
  span.kind = SpanKind::recorded;
  span.source = SpanSource::acs;
  span.recording = recording_id;
  span.chunk = {chunk};
  span.first_frame = first_frame;
  span.frames = frames;
  return span;
}

Span without_audio(SpanKind kind, Duration from, Duration to, GapCause cause = GapCause::none) {
  Span span;
  span.from = from;
  span.to = to;
  span.kind = kind;
  span.cause = cause;
  return span;
}

Span repaired(SpanSource source, Duration from, Duration to, GapCause cause) {
  auto span = without_audio(SpanKind::repaired, from, to, cause);
  span.source = source;
  return span;
}

// 0–10 s recorded, 10–12 s paused, 12–20 s lost, 20–30 s recorded.
Timeline gapped() {
  return {.from = 0s,
          .to = 30s,
          .spans = {recorded(0s, 10s, 0, 0, 160'000), without_audio(SpanKind::paused, 10s, 12s),
                    without_audio(SpanKind::gap, 12s, 20s, GapCause::chunk_missing),
                    recorded(20s, 30s, 2, 0, 160'000)}};
}

CopiedStretch copy_of(Duration from, Duration to) {
  return {.recording = recording_id,
          .chunk = {1},
          .stretch = {from, to},
          .first_frame = 100,
          .frames = static_cast<std::uint64_t>((to - from).count()) * 16 / 1000};
}

void check_whole(const Timeline& timeline) {
  REQUIRE_FALSE(timeline.spans.empty());
  CHECK(timeline.spans.front().from == timeline.from);
  CHECK(timeline.spans.back().to == timeline.to);
  for (std::size_t i = 1; i < timeline.spans.size(); ++i)
    CHECK(timeline.spans[i].from == timeline.spans[i - 1].to);
}

}  // namespace

TEST_CASE("a gap that the tap covers is repaired from it, and a pause beside it is not") {
  const auto mended = fill_gaps(gapped(), {.second_copies = {}, .tap = {{0s, 30s}}});

  check_whole(mended);
  REQUIRE(mended.spans.size() == 4);
  CHECK(mended.spans[1] == gapped().spans[1]);
  CHECK(mended.spans[2] == repaired(SpanSource::tap, 12s, 20s, GapCause::chunk_missing));
}

TEST_CASE("the second copy comes first, the tap fills what it lacks") {
  const auto mended =
      fill_gaps(gapped(), {.second_copies = {copy_of(11s, 15s)}, .tap = {{0s, 30s}}});

  check_whole(mended);
  REQUIRE(mended.spans.size() == 5);
  auto copied = repaired(SpanSource::acs_second_copy, 12s, 15s, GapCause::chunk_missing);
  copied.recording = recording_id;
  copied.chunk = {1};
  copied.first_frame = 100 + 16'000;
  copied.frames = 48'000;
  CHECK(mended.spans[2] == copied);
  CHECK(mended.spans[3] == repaired(SpanSource::tap, 15s, 20s, GapCause::chunk_missing));
}

TEST_CASE("what no source holds stays a gap with its cause") {
  const auto mended =
      fill_gaps(gapped(), {.second_copies = {}, .tap = {{13s, 14s}, {16s, 16005ms}}});

  check_whole(mended);
  REQUIRE(mended.spans.size() == 6);
  CHECK(mended.spans[2] == without_audio(SpanKind::gap, 12s, 13s, GapCause::chunk_missing));
  CHECK(mended.spans[3].kind == SpanKind::repaired);
  CHECK(mended.spans[4] == without_audio(SpanKind::gap, 14s, 20s, GapCause::chunk_missing));
}

TEST_CASE("overlapping second copies of one gap fill it once") {
  const auto mended = fill_gaps(
      gapped(), {.second_copies = {copy_of(12s, 16s), copy_of(14s, 20s)}, .tap = {{0s, 30s}}});

  check_whole(mended);
  REQUIRE(mended.spans.size() == 5);
  CHECK(mended.spans[2].to == Duration(16s));
  CHECK(mended.spans[3].source == SpanSource::acs_second_copy);
  CHECK(mended.spans[3].first_frame == 100 + 32'000);
  CHECK(mended.spans[3].frames == 64'000);
}

TEST_CASE("what was repaired before is judged anew") {
  auto timeline = gapped();
  timeline.spans[2] = repaired(SpanSource::tap, 12s, 20s, GapCause::chunk_missing);

  const auto mended = fill_gaps(timeline, {});

  CHECK(mended == gapped());
}

TEST_CASE("a copy without samples or length fills nothing") {
  CopiedStretch nothing = copy_of(12s, 20s);
  nothing.frames = 0;

  CHECK(fill_gaps(gapped(), {.second_copies = {nothing, copy_of(14s, 14s)}, .tap = {}}) ==
        gapped());
}

TEST_CASE("a chunk's samples lie where its metadata says, for as long as they last") {
  const WallTime zero = from_unix_us(1'000'000'000);
  Chunk chunk;
  chunk.format = {16'000, 2, 16};
  chunk.data_bytes = 16'000ull * 4 * 3;
  CHECK_FALSE(nominal_stretch(chunk, zero).has_value());
  chunk.start = zero + 2500ms;

  CHECK(nominal_stretch(chunk, zero) == Stretch{2500ms, 5500ms});

  chunk.format.bits_per_sample = 0;
  CHECK_FALSE(nominal_stretch(chunk, zero).has_value());
}

TEST_CASE("a side's shift is that of the piece that holds the time, else of the nearer one") {
  const auto piece = [](Speaker side, std::uint32_t chunk, Duration from, Duration to,
                        Duration shift) {
    return MappingPiece{.side = side,
                        .recording = recording_id,
                        .chunk = {chunk},
                        .from = from,
                        .to = to,
                        .shift = shift};
  };
  const ClockMapping mapping{
      {piece(Speaker::assistant, 0, 0s, 4s, 300ms), piece(Speaker::assistant, 0, 6s, 10s, 500ms),
       piece(Speaker::assistant, 1, 10s, 20s, 100ms), piece(Speaker::caller, 0, 0s, 20s, -20ms)}};
  const auto shift = [&](Speaker side, std::uint32_t chunk, Duration at) {
    const auto* piece = best_piece_of(mapping, side, recording_id, {chunk}, at);
    REQUIRE(piece != nullptr);
    return piece->shift;
  };

  CHECK(shift(Speaker::assistant, 0, 1s) == Duration(300ms));
  CHECK(shift(Speaker::assistant, 0, 4900ms) == Duration(300ms));
  CHECK(shift(Speaker::assistant, 0, 5100ms) == Duration(500ms));
  // A chunk's metadata errs by itself: its own piece counts, also from afar.
  CHECK(shift(Speaker::assistant, 0, 15s) == Duration(500ms));
  CHECK(shift(Speaker::assistant, 7, 15s) == Duration(100ms));
  CHECK(shift(Speaker::caller, 1, 15s) == Duration(-20ms));
  CHECK(best_piece_of(mapping, Speaker::caller, {"another"}, {0}, 1s) == nullptr);
}

TEST_CASE("each side is displaced by what its shift and the placing of the span leave") {
  const WallTime zero = from_unix_us(0);
  Chunk chunk{.recording = recording_id};
  chunk.start = zero + 1s;
  chunk.format = {16'000, 1, 16};
  const auto piece = [](Speaker side, Duration shift) {
    return MappingPiece{.side = side,
                        .recording = recording_id,
                        .chunk = {0},
                        .from = 0s,
                        .to = 20s,
                        .shift = shift};
  };
  const ClockMapping mapping{{piece(Speaker::caller, 40ms), piece(Speaker::assistant, 290ms)}};
  // Placed by the caller's clock: nominally 1.5 s to 11.5 s, less 40 ms.
  const auto span = recorded(1460ms, 11460ms, 0, 8'000, 160'000);

  const Timeline timeline{.from = 0s, .to = 12s, .spans = {span}};

  CHECK(displacement_of(span, Speaker::caller, chunk, zero, mapping, timeline) ==
        Displacement{0s, 0s});
  CHECK(displacement_of(span, Speaker::assistant, chunk, zero, mapping, timeline) ==
        Displacement{250ms, 250ms});

  // The timeline has it where its neighbours leave it; what the sound says counts from there.
  chunk.start.reset();
  CHECK(displacement_of(span, Speaker::assistant, chunk, zero, mapping, timeline) ==
        Displacement{290ms, 290ms});
  // A start an hour off is as good as none.
  chunk.start = zero + 1h;
  CHECK(displacement_of(span, Speaker::assistant, chunk, zero, mapping, timeline) ==
        Displacement{290ms, 290ms});
}

TEST_CASE("a guess is not believed where something is known") {
  auto piece = MappingPiece{.side = Speaker::assistant, .recording = recording_id, .chunk = {0}};
  piece.to = 8s;
  piece.shift = 300ms;
  piece.uncertainty = 5ms;
  auto guess = piece;
  guess.from = 8s;
  guess.to = 10s;
  guess.shift = 900ms;
  guess.uncertainty = 1s;
  CHECK(best_piece_of({{piece, guess}}, Speaker::assistant, recording_id, {0}, 10s)->shift ==
        Duration(300ms));
  // Nor where it is all that a chunk has, and the chunk before it was measured.
  guess.chunk = {1};
  CHECK(best_piece_of({{piece, guess}}, Speaker::assistant, recording_id, {1}, 10s)->shift ==
        Duration(300ms));
  // But what was measured in the chunk itself is worth more than what was measured next to it.
  guess.uncertainty = 400ms;
  CHECK(best_piece_of({{piece, guess}}, Speaker::assistant, recording_id, {1}, 10s)->shift ==
        Duration(900ms));
}

TEST_CASE("a pause within a chunk displaces nothing that comes after it") {
  const WallTime zero = from_unix_us(0);
  Chunk chunk{.recording = recording_id};
  chunk.start = zero;
  chunk.format = {16'000, 1, 16};
  const ClockMapping mapping{{{.side = Speaker::caller,
                               .recording = recording_id,
                               .chunk = {0},
                               .from = 0s,
                               .to = 30s,
                               .shift = 40ms}}};
  const Timeline timeline{
      .from = 0s,
      .to = 30s,
      .spans = {recorded(0s, 10s, 0, 0, 160'000), without_audio(SpanKind::paused, 10s, 17s),
                recorded(17s, 25s, 0, 160'000, 128'000), without_audio(SpanKind::gap, 25s, 30s)}};

  const auto moved =
      displacement_of(timeline.spans[2], Speaker::caller, chunk, zero, mapping, timeline);

  CHECK(moved == Displacement{40ms, 40ms});
}

TEST_CASE("a pause that the recorder wrote through displaces nothing either") {
  const WallTime zero = from_unix_us(0);
  Chunk chunk{.recording = recording_id};
  chunk.start = zero;
  chunk.format = {16'000, 1, 16};
  const Timeline timeline{
      .from = 0s,
      .to = 30s,
      .spans = {recorded(0s, 10s, 0, 0, 160'000), without_audio(SpanKind::paused, 10s, 17s),
                recorded(17s, 25s, 0, 272'000, 128'000), without_audio(SpanKind::gap, 25s, 30s)}};

  CHECK(displacement_of(timeline.spans[2], Speaker::caller, chunk, zero, {}, timeline) ==
        Displacement{0s, 0s});
}

TEST_CASE("a second copy is placed by its metadata, around the pauses that it leaves out") {
  const WallTime zero = from_unix_us(0);
  Chunk copy;
  copy.recording = recording_id;
  copy.index = {1};
  copy.start = zero + 2s;
  copy.format = {16'000, 1, 16};
  copy.data_bytes = 16'000ull * 2 * 12;

  const auto straight = place_copy(copy, zero, {.from = 0s, .to = 30s, .spans = {}});
  REQUIRE(straight.size() == 1);
  CHECK(straight[0].stretch == Stretch{2s, 14s});
  CHECK(straight[0].frames == 192'000);

  const auto placed = place_copy(copy, zero, gapped());  // paused from 10 s to 12 s
  REQUIRE(placed.size() == 2);
  CHECK(placed[0].stretch == Stretch{2s, 10s});
  CHECK(placed[0].first_frame == 0);
  CHECK(placed[0].frames == 128'000);
  CHECK(placed[1].stretch == Stretch{12s, 16s});
  CHECK(placed[1].first_frame == 128'000);
  CHECK(placed[1].frames == 64'000);
  CHECK(placed[1].chunk == ChunkIndex{1});

  copy.start.reset();
  CHECK(place_copy(copy, zero, gapped()).empty());
}
