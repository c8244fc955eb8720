#include "recording/mender.hpp"

#include "domain/sample_hash.hpp"
#include "domain/tap_format.hpp"
#include "recording/audio_opener.hpp"
#include "recording/repair_format.hpp"
#include "recording/tap_uploader.hpp"
#include "recording/testing/fake_mp3.hpp"
#include "recording/testing/recorded_call.hpp"

#include <cmath>
#include <numbers>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

constexpr std::uint32_t recorded_rate = 16'000;
constexpr std::uint32_t tap_rate = 24'000;

// Both speak in turns of two seconds, with half a second of silence: two notes each, so that a
// shift of some milliseconds shows.
double voice(double t, double low, double high, double first) {
  const double in_turn = std::fmod(t + 20 - first, 4.0);
  if (t < 0 || in_turn > 1.5) return 0;
  const double swell = std::sin(std::numbers::pi * in_turn / 1.5);
  return swell *
         (std::sin(2 * std::numbers::pi * low * t) + std::sin(2 * std::numbers::pi * high * t)) *
         2'500;
}
double caller(double t) { return voice(t, 310, 523, 0); }
double assistant(double t) { return voice(t, 407, 701, 2); }

// What reached ACS's mix: the caller at half the level of the tap, the assistant at one and a half
// times and a quarter of a second later.
double caller_recorded(double t) { return 0.5 * caller(t); }
double assistant_recorded(double t) { return 1.5 * assistant(t - 0.25); }

Bytes recorded_wav(double from, double to, bool unmixed) {
  Bytes samples;
  for (auto i = static_cast<int>(from * recorded_rate); i < static_cast<int>(to * recorded_rate);
       ++i) {
    const double t = static_cast<double>(i) / recorded_rate;
    const auto add = [&](double sample) {
      put16(samples, static_cast<std::uint16_t>(static_cast<std::int16_t>(std::lround(sample))));
    };
    if (!unmixed) add(caller_recorded(t) + assistant_recorded(t));
    if (unmixed) add(caller_recorded(t));
    if (unmixed) add(assistant_recorded(t));
  }
  return wav_of(samples, recorded_rate, unmixed ? 2 : 1);
}

Bytes tap_bytes(const std::vector<std::pair<int, int>>& seconds) {
  Bytes out;
  append_tap_header({.sample_rate_hz = tap_rate}, out);
  for (const auto& [from, to] : seconds)
    for (int second = from; second < to; ++second) {
      std::vector<std::int16_t> samples;
      for (std::uint32_t i = 0; i < tap_rate; ++i) {
        const double t = second + static_cast<double>(i) / tap_rate;
        samples.push_back(static_cast<std::int16_t>(std::lround(caller(t))));
        samples.push_back(static_cast<std::int16_t>(std::lround(assistant(t))));
      }
      SampleHash unused;
      append_tap_block(static_cast<std::uint32_t>(second), 0, samples, unused, out);
    }
  return out;
}

Span span(SpanKind kind, Duration from, Duration to) {
  Span out;
  out.kind = kind;
  out.from = from;
  out.to = to;
  if (kind == SpanKind::gap) out.cause = GapCause::chunk_missing;
  return out;
}

// 0–8 s in chunk 0, 8–16 s lost with chunk 1, 16–18 s paused, 18–26 s in chunk 2.
struct Gapped : RecordedCall {
  explicit Gapped(bool unmixed_in = false) : unmixed(unmixed_in) {
    call.connected_at = at("2026-03-02T09:15:00Z");
    recording.channels = unmixed ? RecordingChannels::unmixed : RecordingChannels::mixed;
    store_call();
    request.call = call;
    add_chunk(0, 0, 8);
    add_chunk(2, 18, 26);
    request.timeline = {.from = 0s,
                        .to = 26s,
                        .spans = {recorded(0, 0s, 8s), span(SpanKind::gap, 8s, 16s),
                                  span(SpanKind::paused, 16s, 18s), recorded(2, 18s, 26s)}};
    for (const std::uint32_t chunk : {0u, 2u})
      for (const auto side : {Speaker::caller, Speaker::assistant})
        request.mapping.pieces.push_back({.side = side,
                                          .recording = recording.id,
                                          .chunk = {chunk},
                                          .from = 0s,
                                          .to = 26s,
                                          .shift = side == Speaker::caller ? 40ms : 290ms,
                                          .basis = MappingBasis::waveform});
  }
  void add_chunk(std::uint32_t index, double from, double to) {
    Chunk chunk;
    chunk.recording = recording.id;
    chunk.index = {index};
    chunk.audio = {"folder/" + std::to_string(index) + "-audiowav.wav"};
    const auto bytes = recorded_wav(from, to, unmixed);
    chunk.bytes = bytes.size();
    chunk.format = {recorded_rate, static_cast<std::uint16_t>(unmixed ? 2 : 1), 16};
    chunk.data_offset = 44;
    chunk.data_bytes = bytes.size() - 44;
    // The metadata's clock is 40 ms ahead.
    chunk.start = *call.connected_at + 40ms + Duration(static_cast<std::int64_t>(from * 1e6));
    put_blob(chunk.audio.text, bytes);
    chunk.etag = wait(blobs.info(chunk.audio))->etag;
    request.chunks.push_back(chunk);
  }
  Span recorded(std::uint32_t chunk, Duration from, Duration to) {
    auto out = span(SpanKind::recorded, from, to);
    out.source = SpanSource::acs;
    out.recording = recording.id;
    out.chunk = {chunk};
    out.frames = static_cast<std::uint64_t>((to - from).count()) * 16 / 1'000;
    return out;
  }
  void keep_tap(const Bytes& bytes) {
    put_blob(witness_blob(call.received_at, call.id, 0, SpoolKind::tap).text, bytes);
  }
  Mended mend() {
    auto mended = wait(mender.mend(request));
    REQUIRE(mended.has_value());
    return *mended;
  }
  std::vector<std::int16_t> play(const Timeline& timeline, ChannelChoice choice = {}) {
    AudioOpener opener({store, source, blobs, spool, plays_decoded ? &conversion : nullptr});
    AudioSubject subject{.call = call,
                         .recordings = {recording},
                         .chunks = request.chunks,
                         .timeline = timeline,
                         .verdict = 1};
    auto audio = wait(
        opener.open_wav(std::move(subject), {.source = AudioSource::repaired, .channels = choice}));
    if (!audio) MESSAGE(audio.error().message);
    REQUIRE(audio.has_value());
    CHECK((*audio)->layout().format().sample_rate_hz == recorded_rate);
    auto bytes = wait((*audio)->read_frames(0, ~0ull));
    REQUIRE(bytes.has_value());
    std::vector<std::int16_t> out;
    for (std::size_t i = 0; i < bytes->size(); i += 2)
      out.push_back(static_cast<std::int16_t>((*bytes)[i] | (*bytes)[i + 1] << 8));
    return out;
  }

  bool unmixed;
  InlineOffload offload;
  ByosChunkSource source{blobs, store, runtime.clock(), inline_offload, counters, log};
  FakeDecoders decoders;
  AudioConversion conversion{decoders, offload};
  Mender mender{{store, blobs, spool, source, offload, log, &conversion}};
  bool plays_decoded = false;
  MendingRequest request;
};

double as_recorded(double t) { return caller_recorded(t) + assistant_recorded(t); }

// The same in mp3: 0–36 s in chunk 0, 36–45 s lost with chunk 1, 45–54 s in chunk 2. Frames are
// counted through the call.
struct GappedMp3 : Gapped {
  GappedMp3() {
    request.chunks.clear();
    add_mp3(0, 0, 1'000);
    add_mp3(2, 1'250, 250);
    request.timeline = {
        .from = 0s,
        .to = 54s,
        .spans = {recorded(0, 0s, 36s), span(SpanKind::gap, 36s, 45s), recorded(2, 45s, 54s)}};
    for (auto& piece : request.mapping.pieces) piece.to = 54s;
    decoders.sound = [](std::uint16_t frame, std::size_t sample) {
      const auto at = static_cast<double>(std::size_t{frame} * mp3_frame_samples + sample);
      return static_cast<std::int16_t>(std::lround(as_recorded(at / recorded_rate)));
    };
    keep_tap(tap_bytes({{30, 54}}));
  }
  void add_mp3(std::uint32_t index, std::uint16_t first, std::uint16_t frames) {
    Chunk chunk;
    chunk.recording = recording.id;
    chunk.index = {index};
    chunk.audio = {"folder/" + std::to_string(index) + "-audiomp3.mp3"};
    const auto bytes = mp3_stream(frames, first);
    chunk.bytes = bytes.size();
    chunk.format = {recorded_rate, 1, 0};
    chunk.data_bytes = bytes.size();
    chunk.duration = frames * 36ms;
    chunk.start = *call.connected_at + 40ms + first * 36ms;
    put_blob(chunk.audio.text, bytes);
    chunk.etag = wait(blobs.info(chunk.audio))->etag;
    request.chunks.push_back(chunk);
  }
};

// How much of `expected` the difference is, in [from, to) seconds.
template <class Expected>
double error_share(const std::vector<std::int16_t>& out, double from, double to,
                   const Expected& expected) {
  double difference = 0;
  double whole = 1;
  for (auto i = static_cast<std::size_t>(from * recorded_rate);
       static_cast<double>(i) < to * recorded_rate; ++i) {
    const double want = expected(static_cast<double>(i) / recorded_rate);
    difference += (out[i] - want) * (out[i] - want);
    whole += want * want;
  }
  return std::sqrt(difference / whole);
}

}  // namespace

TEST_CASE("a lost chunk is mended so that it sounds as ACS would have recorded it") {
  Gapped gapped;
  gapped.keep_tap(tap_bytes({{0, 30}}));

  const auto mended = gapped.mend();

  REQUIRE(mended.timeline.spans.size() == 4);
  const auto& filled = mended.timeline.spans[1];
  CHECK(filled.kind == SpanKind::repaired);
  CHECK(filled.source == SpanSource::tap);
  CHECK(filled.cause == GapCause::chunk_missing);
  CHECK(filled.frames == 8 * recorded_rate);
  CHECK(mended.rendered.text ==
        "20260302/earshot/11111111-0000-4000-8000-000000000001/repair-1.pcm");

  const auto out = gapped.play(mended.timeline);
  REQUIRE(out.size() == 26 * recorded_rate);
  CHECK(error_share(out, 0, 8, as_recorded) < 0.001);
  CHECK(error_share(out, 8.01, 15.99, as_recorded) < 0.03);
  CHECK(error_share(out, 18, 26, as_recorded) < 0.001);
  // The pause stays silent, although the tap holds it.
  const auto second = std::ptrdiff_t{recorded_rate};
  CHECK(std::all_of(out.begin() + 16 * second, out.begin() + 18 * second,
                    [](std::int16_t sample) { return sample == 0; }));
  // No click where the mended part begins.
  const auto seam = std::size_t{8} * recorded_rate;
  for (auto i = seam - 2; i < seam + 200; ++i) CHECK(std::abs(out[i + 1] - out[i]) < 2'000);
}

TEST_CASE("unmixed channels are mended each with its own voice") {
  Gapped gapped(true);
  gapped.keep_tap(tap_bytes({{0, 30}}));

  const auto mended = gapped.mend();

  const auto caller_alone = gapped.play(mended.timeline, {.pick = ChannelPick::caller});
  const auto assistant_alone = gapped.play(mended.timeline, {.pick = ChannelPick::assistant});
  CHECK(error_share(caller_alone, 8.01, 15.99, caller_recorded) < 0.03);
  CHECK(error_share(assistant_alone, 8.01, 15.99, assistant_recorded) < 0.03);
  CHECK(gapped.play(mended.timeline).size() == 2 * caller_alone.size());
}

TEST_CASE("what the tap lacks stays a gap") {
  Gapped gapped;
  gapped.keep_tap(tap_bytes({{0, 10}, {12, 30}}));

  const auto mended = gapped.mend();

  REQUIRE(mended.timeline.spans.size() == 6);
  CHECK(mended.timeline.spans[2].kind == SpanKind::gap);
  CHECK(mended.timeline.spans[2].from == Duration(10s));
  CHECK(mended.timeline.spans[2].to == Duration(12s));
  const auto out = gapped.play(mended.timeline);
  CHECK(error_share(out, 8.01, 9.5, as_recorded) < 0.03);
  CHECK(error_share(out, 12.5, 15.99, as_recorded) < 0.03);
}

TEST_CASE("mending again writes the same bytes and gives the same timeline") {
  Gapped gapped;
  gapped.keep_tap(tap_bytes({{0, 30}}));
  const auto first = gapped.mend();
  const auto bytes = gapped.wait(gapped.blobs.read(first.rendered, 0, 4 << 20, ""));
  REQUIRE(bytes.has_value());

  const auto second = gapped.mend();

  CHECK(second.timeline == first.timeline);
  const auto again = gapped.wait(gapped.blobs.read(first.rendered, 0, 4 << 20, ""));
  REQUIRE(again.has_value());
  CHECK((*again == *bytes));
  // What was repaired before is no obstacle.
  gapped.request.timeline = first.timeline;
  CHECK(gapped.mend().timeline == first.timeline);
}

TEST_CASE("without a tap nothing is mended, and nothing is written") {
  Gapped gapped;
  const auto puts = gapped.blobs.calls().puts;

  const auto mended = gapped.mend();

  CHECK(mended.timeline == gapped.request.timeline);
  CHECK(mended.rendered.empty());
  CHECK(gapped.blobs.calls().puts == puts);
  CHECK(gapped.play(mended.timeline).size() == 26 * recorded_rate);
}

TEST_CASE("a store that is away is a reason to come back, not to go without") {
  Gapped gapped;
  gapped.keep_tap(tap_bytes({{0, 30}}));
  gapped.blobs.fail_next(1, {.kind = ErrorKind::unavailable, .message = "away"});

  const auto failed = gapped.wait(gapped.mender.mend(gapped.request));

  REQUIRE_FALSE(failed.has_value());
  CHECK(worth_retrying(failed.error()));
}

TEST_CASE("a second copy at ACS comes before the tap") {
  Gapped gapped;
  gapped.keep_tap(tap_bytes({{0, 30}}));
  gapped.add_chunk(1, 8, 14);
  gapped.request.second_copies = {gapped.request.chunks.back()};
  gapped.request.chunks.pop_back();
  // It stands where its metadata says, as its neighbours do. Their clock mapping, which says when
  // the bridge had the same sound, would move it into one of them.
  gapped.request.second_copies[0].start = *gapped.call.connected_at + 8s;

  const auto mended = gapped.mend();

  REQUIRE(mended.timeline.spans.size() == 5);
  CHECK(mended.timeline.spans[1].source == SpanSource::acs_second_copy);
  CHECK(mended.timeline.spans[1].to == Duration(14s));
  CHECK(mended.timeline.spans[1].frames == 6 * recorded_rate);
  CHECK(mended.timeline.spans[2].source == SpanSource::tap);
  CHECK(mended.timeline.spans[2].first_frame == 0);
}

TEST_CASE("of a call that was never recorded the tap is all there is, in two channels") {
  Gapped gapped;
  gapped.keep_tap(tap_bytes({{0, 3}}));
  gapped.request.chunks.clear();
  gapped.request.timeline = {.from = 0s, .to = 4s, .spans = {span(SpanKind::gap, 0s, 4s)}};

  const auto mended = gapped.mend();

  REQUIRE(mended.timeline.spans.size() == 2);
  CHECK(mended.timeline.spans[0].to == Duration(3s));
  auto head = gapped.wait(gapped.blobs.read(mended.rendered, 0, repair_header_bytes, ""));
  REQUIRE(head.has_value());
  auto header = read_repair_header(*head);
  REQUIRE(header.has_value());
  CHECK(header->format == AudioFormat{tap_rate, 2, 16});
  CHECK(header->frames == 3 * tap_rate);
}

TEST_CASE("a gap in an mp3 recording is mended at the level of what was decoded beside it") {
  GappedMp3 gapped;

  const auto mended = gapped.mend();

  REQUIRE(mended.timeline.spans.size() == 3);
  CHECK(mended.timeline.spans[1].source == SpanSource::tap);
  CHECK(mended.timeline.spans[1].frames == 9 * recorded_rate);
  gapped.plays_decoded = true;
  const auto out = gapped.play(mended.timeline);
  REQUIRE(out.size() == 54 * recorded_rate);
  CHECK(error_share(out, 30, 36, as_recorded) < 0.001);
  CHECK(error_share(out, 36.01, 44.99, as_recorded) < 0.03);
  CHECK(error_share(out, 45, 50, as_recorded) < 0.001);
}

TEST_CASE("of a long mp3 beside a gap, little more than the last seconds are decoded") {
  GappedMp3 gapped;

  gapped.mend();

  // The last five seconds of chunk 0 (139 frames), from an anchor before them, and what one window
  // holds; of chunk 2 all.
  CHECK(gapped.decoders.opened == 2);
  CHECK(gapped.decoders.decoded <= 139 + 2 * 64 + 304 + 250);
}

TEST_CASE("an mp3 that cannot be decoded teaches nothing, and the gap beside it is mended") {
  GappedMp3 gapped;
  gapped.decoders.bad = [](std::uint16_t) { return true; };

  const auto mended = gapped.mend();

  CHECK(mended.timeline.spans[1].source == SpanSource::tap);
  CHECK(mended.timeline.spans[1].frames == 9 * recorded_rate);
}

TEST_CASE("without a decoder a gap in an mp3 recording is mended from the tap as it is") {
  GappedMp3 gapped;
  Mender mender(
      {gapped.store, gapped.blobs, gapped.spool, gapped.source, gapped.offload, gapped.log});

  const auto mended = gapped.wait(mender.mend(gapped.request));

  REQUIRE(mended.has_value());
  auto head = gapped.wait(gapped.blobs.read(mended->rendered, 0, repair_header_bytes, ""));
  REQUIRE(head.has_value());
  CHECK(read_repair_header(*head)->format == AudioFormat{tap_rate, 2, 16});
}
