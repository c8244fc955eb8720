// Where turns stand in the sources, against an account of samples of the test's own.
#include "recording/transcript.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::recording;

namespace {

constexpr std::uint32_t rate = 16'000;
const WallTime zero = *parse_iso8601("2026-03-02T09:15:30Z");

std::uint64_t frames(Duration length) {
  return static_cast<std::uint64_t>(length.count() * std::int64_t{rate} / 1'000'000);
}

// A recorder that the test runs by hand: spans of call time that it holds, in chunks.
struct Recorded {
  TranscriptSubject subject{.call = {"c"}, .call_zero = zero};
  Verdict verdict{.call = {"c"}, .number = 1};
  Duration end{0};
  std::uint64_t in_chunk = 0;

  void chunk_begins() {
    Chunk chunk{.recording = {"r"},
                .index = {static_cast<std::uint32_t>(subject.chunks.size())},
                .format = {.sample_rate_hz = rate, .channels = 1, .bits_per_sample = 16}};
    chunk.start = zero + end;
    subject.chunks.push_back(chunk);
    in_chunk = 0;
  }
  // `drift`: so many parts of a million fewer samples than time.
  void records(Duration length, int drift = 0) {
    auto& chunk = subject.chunks.back();
    const auto count = frames(length - length * drift / 1'000'000);
    verdict.timeline.spans.push_back({.from = end,
                                      .to = end + length,
                                      .kind = SpanKind::recorded,
                                      .source = SpanSource::acs,
                                      .recording = {"r"},
                                      .chunk = chunk.index,
                                      .first_frame = in_chunk,
                                      .frames = count});
    in_chunk += count;
    chunk.data_bytes += 2 * count;
    end += length;
  }
  void passes(Duration length, SpanKind kind) {
    verdict.timeline.spans.push_back({.from = end, .to = end + length, .kind = kind});
    end += length;
  }
  void tap_fills(Duration length) {
    passes(length, SpanKind::repaired);
    verdict.timeline.spans.back().source = SpanSource::tap;
  }
  void maps(Speaker side, ChunkIndex chunk, Duration from, Duration to, Duration shift,
            MappingBasis basis = MappingBasis::levels) {
    verdict.mapping.pieces.push_back({.side = side,
                                      .recording = {"r"},
                                      .chunk = chunk,
                                      .from = from,
                                      .to = to,
                                      .shift = shift,
                                      .uncertainty = 10ms,
                                      .basis = basis});
  }
  void says(Speaker who, Duration start, Duration finish, std::string text = "words") {
    Turn turn{.call = {"c"}, .item_id = fmt::format("i{}", subject.turns.size())};
    turn.speaker = who;
    turn.start = start;
    turn.end = finish;
    turn.text = std::move(text);
    subject.turns.push_back(turn);
  }
  Transcript in(TranscriptSource source) {
    verdict.timeline.to = end;
    subject.verdict = verdict;
    auto made = make_transcript(subject, source);
    REQUIRE(made.has_value());
    return *made;
  }
};

void check_place(const TurnPlace& place, Duration start, Duration finish,
                 Presence presence = Presence::whole) {
  CHECK(std::chrono::abs(place.start - start) <= 1ms);
  CHECK(std::chrono::abs(place.end - finish) <= 1ms);
  CHECK(place.presence == presence);
}

}  // namespace

TEST_CASE("on the repaired clock each side is moved by its own delay, and by nothing else") {
  Recorded call;
  call.chunk_begins();
  call.records(5s);
  call.chunk_begins();
  call.records(5s);
  for (const std::uint32_t chunk : {0U, 1U}) {
    call.maps(Speaker::caller, {chunk}, chunk * 5s, chunk * 5s + 5s, 20ms);
    call.maps(Speaker::assistant, {chunk}, chunk * 5s, chunk * 5s + 5s, 350ms);
  }
  call.says(Speaker::caller, 1s, 2s);
  call.says(Speaker::assistant, 4s, 6s);  // over the chunk's end
  const auto repaired = call.in(TranscriptSource::repaired);
  check_place(repaired.turns[0].place, 1'020ms, 2'020ms);
  check_place(repaired.turns[1].place, 4'350ms, 6'350ms);
  CHECK(repaired.basis == MappingBasis::levels);
  const auto plain = call.in(TranscriptSource::call);
  check_place(plain.turns[1].place, 4s, 6s);
  CHECK_FALSE(plain.basis);
  CHECK(call.in(TranscriptSource::tap).turns[1].place == plain.turns[1].place);
}

TEST_CASE("in what the tap fills a turn stands where the tap's sound was put") {
  Recorded call;
  call.chunk_begins();
  call.records(10s);
  call.tap_fills(12s);  // changes at 16 s, or within 1 s of it
  call.chunk_begins();
  call.records(10s);
  call.maps(Speaker::assistant, {0}, 0s, 10s, 300ms);
  call.maps(Speaker::assistant, {1}, 22s, 32s, 100ms);
  SUBCASE("as the recording before it, and then as the one behind") {
    call.says(Speaker::assistant, 9s, 11s);  // over the seam
    call.says(Speaker::assistant, 13s, 14s);
    call.says(Speaker::assistant, 18s, 19s);
    const auto turns = call.in(TranscriptSource::repaired).turns;
    check_place(turns[0].place, 9'300ms, 11'300ms);
    check_place(turns[1].place, 13'300ms, 14'300ms);
    check_place(turns[2].place, 18'100ms, 19'100ms);
    CHECK(turns[1].uncertainty == Duration(0));
    CHECK(turns[2].uncertainty == Duration(0));
    CHECK(turns[1].basis == MappingBasis::levels);
  }
  SUBCASE("a turn over the middle is whole, and how far off it may be is told") {
    call.says(Speaker::assistant, 15'500ms, 17'500ms);
    const auto turns = call.in(TranscriptSource::repaired).turns;
    check_place(turns[0].place, 15'600ms, 17'600ms);  // the nearest quiet is before it
    CHECK(turns[0].uncertainty == 200ms);
  }
  SUBCASE("who speaks all the time is cut at the middle") {
    call.says(Speaker::assistant, 12s, 20s);
    check_place(call.in(TranscriptSource::repaired).turns[0].place, 12'300ms, 20'100ms);
  }
  SUBCASE("the other side is not moved by it") {
    call.says(Speaker::caller, 13s, 14s);
    check_place(call.in(TranscriptSource::repaired).turns[0].place, 13s, 14s);
  }
  SUBCASE("of a guess beside a piece that is known the mender takes neither more") {
    call.maps(Speaker::assistant, {0}, 8s, 10s, 900ms);
    call.verdict.mapping.pieces.back().uncertainty = 1s;
    call.says(Speaker::assistant, 12s, 13s);
    check_place(call.in(TranscriptSource::repaired).turns[0].place, 12'300ms, 13'300ms);
  }
}

TEST_CASE("a pause that the recorder wrote through is in a chunk's samples once") {
  Recorded call;
  call.chunk_begins();
  call.records(5s);
  call.passes(3s, SpanKind::paused);
  call.in_chunk += frames(3s);
  call.subject.chunks.back().data_bytes += 2 * frames(3s);
  call.records(5s);
  call.tap_fills(5s);
  call.maps(Speaker::caller, {0}, 0s, 13s, 40ms);
  call.says(Speaker::caller, 14s, 15s);
  check_place(call.in(TranscriptSource::repaired).turns[0].place, 14'040ms, 15'040ms);
}

TEST_CASE("in the joined chunks what was paused or lost takes no time") {
  Recorded call;
  call.passes(1s, SpanKind::gap);
  call.chunk_begins();
  call.records(4s);                    // 1 … 5
  call.passes(10s, SpanKind::paused);  // in the middle of the chunk
  call.records(2s);                    // 15 … 17
  call.passes(3s, SpanKind::gap);      // a chunk that was lost
  call.chunk_begins();
  call.records(5s);  // 20 … 25
  for (const auto side : {Speaker::caller, Speaker::assistant}) {
    call.maps(side, {0}, 1s, 17s, 100ms);
    call.maps(side, {1}, 17s, 25s, 100ms);
  }
  call.says(Speaker::caller, 2s, 3s);
  call.says(Speaker::caller, 6s, 8s);    // in the pause
  call.says(Speaker::caller, 15s, 16s);  // behind it
  call.says(Speaker::caller, 16s, 18s);  // into the gap
  call.says(Speaker::assistant, 21s, 22s);
  const auto acs = call.in(TranscriptSource::acs);
  check_place(acs.turns[0].place, 1'100ms, 2'100ms);
  check_place(acs.turns[1].place, 4s, 4s, Presence::none);
  check_place(acs.turns[2].place, 4'100ms, 5'100ms);
  check_place(acs.turns[3].place, 5'100ms, 6s, Presence::part);
  check_place(acs.turns[4].place, 7'100ms, 8'100ms);
  const auto repaired = call.in(TranscriptSource::repaired);
  check_place(repaired.turns[1].place, 6'100ms, 8'100ms, Presence::none);
  check_place(repaired.turns[3].place, 16'100ms, 18'100ms, Presence::part);
  check_place(repaired.turns[4].place, 21'100ms, 22'100ms);
}

TEST_CASE("a recorder that drifts moves nothing on the repaired clock") {
  Recorded call;
  call.chunk_begins();
  call.records(3600s, 200);
  // The nominal clock counts samples: at the end it is 0.72 s behind.
  for (int i = 0; i < 36; ++i)
    call.maps(Speaker::caller, {0}, i * 100s, (i + 1) * 100s,
              Duration(-(2 * i + 1) * 100'000'000LL / 2 * 200 / 1'000'000));
  call.says(Speaker::caller, 3500s, 3501s);
  const auto repaired = call.in(TranscriptSource::repaired);
  CHECK(std::chrono::abs(repaired.turns[0].place.start - 3500s) < 30ms);
  const auto acs = call.in(TranscriptSource::acs);
  CHECK(std::chrono::abs(acs.turns[0].place.start - (3500s - 700ms)) < 30ms);
}

TEST_CASE("metadata that was not believed places nothing") {
  Recorded call;
  call.chunk_begins();
  call.records(10s);
  call.subject.chunks[0].start = zero + 400s;
  call.maps(Speaker::caller, {0}, 0s, 10s, 50ms);
  call.says(Speaker::caller, 2s, 3s);
  check_place(call.in(TranscriptSource::repaired).turns[0].place, 2'050ms, 3'050ms);
}

TEST_CASE("before the verdict the chunks' metadata places turns, and that is told") {
  Recorded call;
  call.end = 2s;
  call.chunk_begins();
  call.records(10s);
  call.says(Speaker::caller, 5s, 6s);
  const auto early = make_transcript(call.subject, TranscriptSource::acs);
  REQUIRE(early.has_value());
  check_place(early->turns[0].place, 3s, 4s);
  CHECK(early->basis == MappingBasis::metadata);
  CHECK_FALSE(early->verdict);
  const auto repaired = make_transcript(call.subject, TranscriptSource::repaired);
  CHECK((!repaired && repaired.error().kind == ErrorKind::conflict));
  call.subject.chunks.clear();
  const auto none = make_transcript(call.subject, TranscriptSource::acs);
  CHECK((!none && none.error().kind == ErrorKind::not_found));
  CHECK(make_transcript(call.subject, TranscriptSource::call).has_value());
}

TEST_CASE("words move with their turn, and a cut stays marked") {
  Recorded call;
  call.chunk_begins();
  call.records(10s);
  call.maps(Speaker::assistant, {0}, 0s, 10s, 300ms);
  call.says(Speaker::assistant, 2s, 4s, "one two");
  auto& turn = call.subject.turns[0];
  turn.interrupted = turn.cut_is_estimated = true;
  turn.words = {{"one", 2s, 2'800ms}, {"two", 3s, 4s}};
  const auto placed = call.in(TranscriptSource::repaired).turns[0];
  CHECK(placed.interrupted);
  CHECK(placed.cut_is_estimated);
  REQUIRE(placed.words.size() == 2);
  CHECK(placed.words[1].start == 3'300ms);
  CHECK(placed.words[1].end == 4'300ms);
}

TEST_CASE("however a recording is cut, a turn stands on the sample that holds it") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    SeededRandom random(seed);
    const auto pick = [&](std::int64_t from_ms, std::int64_t to_ms) {
      return Duration(1000 * (from_ms + static_cast<std::int64_t>(random.next_below(
                                            static_cast<std::uint64_t>(to_ms - from_ms)))));
    };
    Recorded call;
    call.passes(pick(1, 2'000), SpanKind::gap);
    // The test's own account: call time of the recorder's clock for each ms of joined audio.
    std::vector<Duration> joined;
    for (int part = 0; part < 6; ++part) {
      if (part == 0 || random.next_below(2) == 0) {
        if (part > 0 && random.next_below(2) == 0) call.passes(pick(200, 4'000), SpanKind::gap);
        call.chunk_begins();
      } else {
        call.passes(pick(200, 4'000), SpanKind::paused);
      }
      const Duration length = pick(1'000, 9'000);
      for (Duration at{0}; at < length; at += 1ms) joined.push_back(call.end + at);
      call.records(length);
    }
    const Duration shift = pick(-100, 500);
    for (const auto& chunk : call.subject.chunks) {
      const auto from = *chunk.start - zero - shift;
      const auto next = chunk.index.value + 1 < call.subject.chunks.size()
                            ? *call.subject.chunks[chunk.index.value + 1].start - zero - shift
                            : call.end;
      call.maps(Speaker::caller, chunk.index, from, next, shift);
    }
    for (int i = 0; i < 10; ++i) {
      const Duration start = pick(600, 30'000);
      call.says(Speaker::caller, start, start + pick(100, 3'000));
    }
    for (const auto& turn : call.in(TranscriptSource::acs).turns) {
      const auto first = std::ranges::lower_bound(joined, turn.call.start + shift);
      const auto last = std::ranges::lower_bound(joined, turn.call.end + shift);
      CHECK(std::chrono::abs(turn.place.start - (first - joined.begin()) * 1ms) <= 2ms);
      CHECK(std::chrono::abs(turn.place.end - (last - joined.begin()) * 1ms) <= 2ms);
      CHECK((turn.place.presence == Presence::none) == (last - first < 20));
    }
    for (const auto& turn : call.in(TranscriptSource::repaired).turns)
      if (turn.call.end + shift < call.end)
        CHECK(std::chrono::abs(turn.place.start - turn.call.start - shift) <= 2ms);
  }
}
