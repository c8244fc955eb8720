#include "recording/audio_view.hpp"

#include "recording/testing/recorded_call.hpp"
#include "recording/wav_reader.hpp"

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

constexpr AudioFormat mono{16'000, 1, 16};

AudioPart part(std::string name, std::uint64_t bytes, AudioFormat format = mono) {
  return {.blob = {std::move(name)}, .etag = "", .format = format, .offset = 44, .bytes = bytes};
}

struct ThreeChunks : RecordedCall {
  ThreeChunks() {
    put_blob("0", wav_of(counting_samples(0, 1'000)));
    put_blob("1", riff_of({chunk_of("LIST", Bytes(99)), pcm_fmt(),
                           chunk_of("data", counting_samples(1'000, 777))}));
    put_blob("2", wav_of(counting_samples(1'777, 1)));
    parts = {part("0", 2'000), part("1", 1'554), part("2", 2)};
    parts[1].offset = 12 + 108 + 24 + 8;
  }
  AudioViewReader reader() {
    auto view = make_wav_view(parts);
    REQUIRE(view.has_value());
    return {source, std::move(*view)};
  }
  std::vector<AudioPart> parts;
  ByosChunkSource source{blobs, store, runtime.clock(), counters, log};
};

Bytes all_of(ThreeChunks& chunks, AudioReader& reader, std::uint64_t step) {
  Bytes out;
  while (out.size() < reader.size()) {
    auto bytes = chunks.wait(reader.read(out.size(), step));
    REQUIRE(bytes.has_value());
    REQUIRE_FALSE(bytes->empty());
    out.insert(out.end(), bytes->begin(), bytes->end());
  }
  return out;
}

}  // namespace

TEST_CASE("three chunks read as one WAV with every sample once, in order") {
  ThreeChunks chunks;
  auto reader = chunks.reader();
  const auto expected = wav_of(counting_samples(0, 1'778));

  for (const std::uint64_t step : {1ull, 7ull, 44ull, 45ull, 1'000ull, 1ull << 20}) {
    CAPTURE(step);
    CHECK((all_of(chunks, reader, step) == expected));
  }
  CHECK(reader.size() == expected.size());
  CHECK(reader.content_type() == "audio/wav");
}

TEST_CASE("any range of the view is what stands there in the whole") {
  ThreeChunks chunks;
  auto reader = chunks.reader();
  const auto expected = wav_of(counting_samples(0, 1'778));
  SeededRandom random(3);
  for (int i = 0; i < 300; ++i) {
    const auto offset = random.next_below(expected.size() + 20);
    const auto length = random.next_below(2'500);
    auto bytes = chunks.wait(reader.read(offset, length));
    REQUIRE(bytes.has_value());
    const auto begin = std::min<std::uint64_t>(offset, expected.size());
    const auto end = std::min<std::uint64_t>(begin + length, expected.size());
    CHECK((*bytes == Bytes(expected.begin() + static_cast<std::ptrdiff_t>(begin),
                           expected.begin() + static_cast<std::ptrdiff_t>(end))));
  }
}

TEST_CASE("a read touches only the chunks that it lies in") {
  ThreeChunks chunks;
  auto reader = chunks.reader();
  const auto before = chunks.blobs.calls().reads;

  REQUIRE(chunks.wait(reader.read(0, 44)).has_value());
  CHECK(chunks.blobs.calls().reads == before);
  REQUIRE(chunks.wait(reader.read(44 + 1'990, 20)).has_value());
  CHECK(chunks.blobs.calls().reads == before + 2);
}

TEST_CASE("one chunk is a view like any other") {
  ThreeChunks chunks;
  chunks.parts.resize(1);
  auto reader = chunks.reader();

  CHECK((all_of(chunks, reader, 500) == wav_of(counting_samples(0, 1'000))));
}

TEST_CASE("chunks of different formats cannot be joined, and it is said why") {
  const auto view = make_wav_view({part("0", 10), part("1", 12, {24'000, 2, 16})});

  REQUIRE_FALSE(view.has_value());
  CHECK(view.error().kind == ErrorKind::conflict);
  CHECK(view.error().message.find("part 1 has 24000 Hz, 2 channel(s)") != std::string::npos);
}

TEST_CASE("no parts are no audio") {
  const auto view = make_wav_view({});

  REQUIRE_FALSE(view.has_value());
  CHECK(view.error().kind == ErrorKind::not_found);
}

TEST_CASE("a torn last frame of one chunk does not shift the channels of the next") {
  const auto view = make_wav_view({part("0", 403, {16'000, 2, 16}), part("1", 8, {16'000, 2, 16})});

  REQUIRE(view.has_value());
  CHECK(view->parts()[0].bytes == 400);
  CHECK(view->size() == 44 + 408);
}

TEST_CASE("an odd number of bytes is padded behind the samples") {
  const auto view = make_wav_view({part("0", 3, {8'000, 1, 8})});

  REQUIRE(view.has_value());
  CHECK(view->size() == 48);
  const auto pieces = view->pieces(46, 100);
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].bytes == 1);
  CHECK(pieces[1].literal == Bytes{0});
}

TEST_CASE("a chunk that became shorter is corrupt, and one that changed is a conflict") {
  ThreeChunks chunks;
  chunks.parts[0].etag = chunks.wait(chunks.blobs.info({"0"}))->etag;
  auto reader = chunks.reader();
  chunks.put_blob("0", wav_of(counting_samples(0, 10)));
  auto changed = chunks.wait(reader.read(44, 2'000));
  REQUIRE_FALSE(changed.has_value());
  CHECK(changed.error().kind == ErrorKind::conflict);

  chunks.parts[0].etag.clear();
  auto careless = chunks.reader();
  auto torn = chunks.wait(careless.read(44, 2'000));
  REQUIRE_FALSE(torn.has_value());
  CHECK(torn.error().kind == ErrorKind::corrupt);
}

TEST_CASE("past 4 GiB the header is RF64, and our own reader agrees with it") {
  for (const std::uint64_t bytes :
       {0xFFFF'FFFFull - 36, 0xFFFF'FFFFull - 35, 0x1'0000'0000ull, 20'000'000'000ull}) {
    CAPTURE(bytes);
    const auto whole = bytes - bytes % 2;
    const auto view = make_wav_view(
        {part("0", whole / 2 - whole / 2 % 2), part("1", whole - (whole / 2 - whole / 2 % 2))});
    REQUIRE(view.has_value());
    const bool rf64 = 36 + whole > 0xFFFF'FFFFull;
    const auto header = view->pieces(0, 4'096).front().literal;
    CHECK(header.size() == (rf64 ? 80 : 44));
    CHECK(as_text(header).starts_with(rf64 ? "RF64" : "RIFF"));

    WavReader reader(view->size());
    Bytes head = header;
    head.resize(4'096);
    REQUIRE(reader.feed(head).has_value());
    CHECK(reader.layout().data_offset == header.size());
    CHECK(reader.layout().data_bytes == whole);
  }
}

TEST_CASE("a thousand chunks cost one binary search, and a huge offset nothing") {
  std::vector<AudioPart> parts;
  for (int i = 0; i < 1'000; ++i) parts.push_back(part(std::to_string(i), 1'000));
  const auto view = make_wav_view(std::move(parts));
  REQUIRE(view.has_value());

  const auto pieces = view->pieces(44 + 500'500, 1'000);

  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].part == 500);
  CHECK(pieces[0].offset == 44 + 500);
  CHECK(pieces[1].part == 501);
  CHECK(view->pieces(~0ull, ~0ull).empty());
  CHECK(view->pieces(0, ~0ull).size() == 1'001);
}
