#include "recording/wav_audio.hpp"

#include "recording/audio_layouts.hpp"
#include "recording/testing/recorded_call.hpp"
#include "recording/wav_reader.hpp"

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

struct Part {
  std::string blob;
  std::uint64_t offset = 44;
  std::uint64_t frames = 0;
  AudioFormat format{16'000, 1, 16};
  std::string etag{};
};

struct Joined : RecordedCall {
  WavAudio open(const std::vector<Part>& parts, ChannelChoice choice = {}) {
    std::vector<LayoutSource> layouts;
    std::vector<std::unique_ptr<SampleSource>> sources;
    for (const auto& part : parts) {
      layouts.push_back({.format = part.format,
                         .frames = part.frames,
                         .voices = std::vector<Voice>(part.format.channels, Voice::unknown)});
      sources.push_back(std::make_unique<StoredSamples>(
          std::make_unique<BlobBytes>(blobs, BlobName{part.blob}, part.etag), part.blob,
          part.format, part.offset, part.frames));
    }
    auto layout = joined_layout(layouts, choice);
    REQUIRE(layout.has_value());
    return {std::move(*layout), std::move(sources)};
  }
  Bytes all_of(AudioReader& reader, std::uint64_t step) {
    Bytes out;
    while (out.size() < reader.size()) {
      auto bytes = wait(reader.read(out.size(), step));
      REQUIRE(bytes.has_value());
      REQUIRE_FALSE(bytes->empty());
      out.insert(out.end(), bytes->begin(), bytes->end());
    }
    return out;
  }
};

struct ThreeChunks : Joined {
  ThreeChunks() {
    put_blob("0", wav_of(counting_samples(0, 1'000)));
    put_blob("1", riff_of({chunk_of("LIST", Bytes(99)), pcm_fmt(),
                           chunk_of("data", counting_samples(1'000, 777))}));
    put_blob("2", wav_of(counting_samples(1'777, 1)));
  }
  std::vector<Part> parts = {{"0", 44, 1'000}, {"1", 12 + 108 + 24 + 8, 777}, {"2", 44, 1}};
};

Bytes slice(const Bytes& bytes, std::uint64_t from, std::uint64_t to) {
  return {bytes.begin() + static_cast<std::ptrdiff_t>(from),
          bytes.begin() + static_cast<std::ptrdiff_t>(to)};
}

}  // namespace

TEST_CASE("three chunks read as one WAV with every sample once, in order") {
  ThreeChunks chunks;
  auto audio = chunks.open(chunks.parts);
  const auto expected = wav_of(counting_samples(0, 1'778));

  for (const std::uint64_t step : {1ull, 7ull, 44ull, 45ull, 1'000ull, 1ull << 20}) {
    CAPTURE(step);
    CHECK((chunks.all_of(audio, step) == expected));
  }
  CHECK(audio.size() == expected.size());
  CHECK(audio.content_type() == "audio/wav");
}

TEST_CASE("any range is what stands there in the whole") {
  ThreeChunks chunks;
  auto audio = chunks.open(chunks.parts);
  const auto expected = wav_of(counting_samples(0, 1'778));
  SeededRandom random(3);
  for (int i = 0; i < 300; ++i) {
    const auto offset = random.next_below(expected.size() + 20);
    const auto length = random.next_below(2'500);
    auto bytes = chunks.wait(audio.read(offset, length));
    REQUIRE(bytes.has_value());
    const auto begin = std::min<std::uint64_t>(offset, expected.size());
    const auto end = std::min<std::uint64_t>(begin + length, expected.size());
    CHECK((*bytes == slice(expected, begin, end)));
  }
  auto nothing = chunks.wait(audio.read(~0ull, ~0ull));
  REQUIRE(nothing.has_value());
  CHECK(nothing->empty());
}

TEST_CASE("a read touches only the chunks that it lies in") {
  ThreeChunks chunks;
  auto audio = chunks.open(chunks.parts);
  const auto before = chunks.blobs.calls().reads;

  REQUIRE(chunks.wait(audio.read(0, 44)).has_value());
  CHECK(chunks.blobs.calls().reads == before);
  REQUIRE(chunks.wait(audio.read(44 + 1'990, 20)).has_value());
  CHECK(chunks.blobs.calls().reads == before + 2);
}

TEST_CASE("a chunk of 24 bits, one of 8 and one of 16 play as one, in any range") {
  Joined call;
  Bytes deep;
  Bytes shallow;
  Bytes expected;
  for (std::uint32_t i = 0; i < 500; ++i) {
    deep.push_back(0);
    put16(deep, i * 100);
    put16(expected, i * 100);
  }
  for (std::uint32_t i = 0; i < 301; ++i) {
    shallow.push_back(static_cast<std::uint8_t>(i));
    put16(expected, static_cast<std::uint32_t>((static_cast<int>(i % 256) - 128) * 256));
  }
  const auto plain = counting_samples(7, 90);
  expected.insert(expected.end(), plain.begin(), plain.end());
  call.put_blob("24", riff_of({pcm_fmt(16'000, 1, 24), chunk_of("data", deep)}));
  call.put_blob("8", riff_of({pcm_fmt(16'000, 1, 8), chunk_of("data", shallow)}));
  call.put_blob("16", wav_of(plain));
  auto audio =
      call.open({{"24", 44, 500, {16'000, 1, 24}}, {"8", 44, 301, {16'000, 1, 8}}, {"16", 44, 90}});
  const auto whole = wav_of(expected);

  CHECK((call.all_of(audio, 1'000'000) == whole));
  CHECK((call.all_of(audio, 13) == whole));
}

TEST_CASE(
    "a chunk with one channel joins one with two, by their numbers where nobody knows better") {
  Joined call;
  Bytes expected;
  for (std::uint32_t i = 0; i < 10; ++i) {
    put16(expected, i);
    put16(expected, 0);
  }
  const auto stereo = counting_samples(100, 20);
  expected.insert(expected.end(), stereo.begin(), stereo.end());
  call.put_blob("1", wav_of(counting_samples(0, 10)));
  call.put_blob("2", wav_of(stereo, 16'000, 2));
  const std::vector<Part> parts = {{"1", 44, 10}, {"2", 44, 10, {16'000, 2, 16}}};

  auto both = call.open(parts);
  CHECK((call.all_of(both, 17) == wav_of(expected, 16'000, 2)));

  auto second = call.open(parts, {.pick = ChannelPick::numbered, .number = 1});
  Bytes of_second(20);
  for (std::uint32_t i = 0; i < 10; ++i) put16(of_second, 101 + 2 * i);
  CHECK((call.all_of(second, 9) == wav_of(of_second)));
}

TEST_CASE("a span that is spread keeps its order and its ends, whatever the range") {
  Joined call;
  call.put_blob("0", wav_of(counting_samples(0, 1'003)));
  std::vector<std::unique_ptr<SampleSource>> sources;
  sources.push_back(
      std::make_unique<StoredSamples>(std::make_unique<BlobBytes>(call.blobs, BlobName{"0"}, ""),
                                      "0", AudioFormat{16'000, 1, 16}, 44, 1'003));
  std::vector<PcmSpan> spans = {{.frames = 1'000,
                                 .source = 0,
                                 .source_first = 0,
                                 .source_frames = 1'003,
                                 .channels = same_channels(1)}};
  WavAudio audio(PcmLayout({16'000, 1, 16}, std::move(spans)), std::move(sources));

  const auto whole = call.all_of(audio, 1 << 20);
  REQUIRE(whole.size() == 44 + 2'000);
  CHECK((call.all_of(audio, 11) == whole));
  int left_out = 0;
  for (std::size_t i = 1; i < 1'000; ++i) {
    const auto at = [&](std::size_t n) { return whole[44 + 2 * n] | whole[45 + 2 * n] << 8; };
    const int step = at(i) - at(i - 1);
    CHECK((step == 1 || step == 2));
    left_out += step - 1;
  }
  CHECK((left_out == 2 || left_out == 3));
}

TEST_CASE("an odd number of bytes is padded behind the samples") {
  Joined call;
  // 16 bits are never odd, so the header alone is asked.
  CHECK(wav_header({8'000, 1, 8}, 3).size() == 44);
  CHECK(wav_header({8'000, 1, 8}, 3)[4] == 40);
}

TEST_CASE("a chunk that became shorter is corrupt, and one that changed is a conflict") {
  ThreeChunks chunks;
  chunks.parts[0].etag = chunks.wait(chunks.blobs.info({"0"}))->etag;
  auto audio = chunks.open(chunks.parts);
  chunks.put_blob("0", wav_of(counting_samples(0, 10)));
  auto changed = chunks.wait(audio.read(44, 2'000));
  REQUIRE_FALSE(changed.has_value());
  CHECK(changed.error().kind == ErrorKind::conflict);

  chunks.parts[0].etag.clear();
  auto careless = chunks.open(chunks.parts);
  auto torn = chunks.wait(careless.read(44, 2'000));
  REQUIRE_FALSE(torn.has_value());
  CHECK(torn.error().kind == ErrorKind::corrupt);
}

TEST_CASE("past 4 GiB the header is RF64, and our own reader agrees with it") {
  for (const std::uint64_t bytes :
       {0xFFFF'FFFFull - 37, 0xFFFF'FFFFull - 35, 0x1'0000'0000ull, 20'000'000'000ull}) {
    CAPTURE(bytes);
    Joined call;
    const auto first = bytes / 4;
    auto audio = call.open({{"0", 44, first}, {"1", 44, bytes / 2 - first}});
    const bool rf64 = 36 + bytes > 0xFFFF'FFFFull;
    auto header = call.wait(audio.read(0, rf64 ? 80 : 44));
    REQUIRE(header.has_value());
    CHECK(as_text(*header).starts_with(rf64 ? "RF64" : "RIFF"));
    CHECK(audio.size() == header->size() + bytes);

    WavReader reader(audio.size());
    Bytes head = *header;
    head.resize(4'096);
    REQUIRE(reader.feed(head).has_value());
    CHECK(reader.layout().data_offset == header->size());
    CHECK(reader.layout().data_bytes == bytes);
  }
}

TEST_CASE("a thousand chunks cost one binary search, and a huge offset nothing") {
  std::vector<PcmSpan> spans;
  spans.reserve(1'000);
  for (std::size_t i = 0; i < 1'000; ++i)
    spans.push_back({.frames = 500,
                     .source = i,
                     .source_first = 0,
                     .source_frames = 500,
                     .channels = same_channels(1)});
  const PcmLayout layout({16'000, 1, 16}, std::move(spans));

  const auto pieces = layout.pieces(250'250, 500);

  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].span == 500);
  CHECK(pieces[0].first == 250);
  CHECK(pieces[1].span == 501);
  CHECK(layout.pieces(~0ull, ~0ull).empty());
  CHECK(layout.pieces(0, ~0ull).size() == 1'000);
}
