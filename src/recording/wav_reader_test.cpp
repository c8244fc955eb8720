#include "recording/wav_reader.hpp"

#include "recording/testing/recorded_call.hpp"

using namespace earshot;
using namespace earshot::recording::testing;
using recording::WavLayout;
using recording::WavReader;

namespace {

// Reads as a store would serve it: ranges of a file; counts them.
Result<WavLayout> read(const Bytes& file, int* ranges = nullptr,
                       std::uint64_t* bytes_read = nullptr) {
  WavReader reader(file.size());
  for (int i = 0; i < 200; ++i) {
    const auto wanted = reader.wanted();
    if (!wanted) return reader.layout();
    REQUIRE(wanted->offset + wanted->length <= file.size());
    const auto begin = file.begin() + static_cast<std::ptrdiff_t>(wanted->offset);
    const Bytes range(begin, begin + static_cast<std::ptrdiff_t>(wanted->length));
    if (ranges) ++*ranges;
    if (bytes_read) *bytes_read += range.size();
    if (auto fed = reader.feed(range); !fed) return Failure(fed.error());
  }
  FAIL("the reader does not come to an end");
  return fail(ErrorKind::corrupt, "");
}

std::string why(const Bytes& file) {
  auto layout = read(file);
  REQUIRE_FALSE(layout.has_value());
  CHECK(layout.error().kind == ErrorKind::corrupt);
  return layout.error().message;
}

bool says(const Bytes& file, std::string_view text) {
  const auto message = why(file);
  CAPTURE(message);
  const bool found = message.find(text) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("a plain WAV as ACS writes it is read from its first kilobytes") {
  const auto file = seconds_of_wav(2);
  int ranges = 0;
  std::uint64_t bytes_read = 0;

  const auto layout = read(file, &ranges, &bytes_read);

  REQUIRE(layout.has_value());
  CHECK(layout->format == AudioFormat{16'000, 1, 16});
  CHECK(layout->data_offset == 44);
  CHECK(layout->data_bytes == 64'000);
  CHECK_FALSE(layout->length_unknown);
  CHECK(layout->bytes_missing == 0);
  CHECK(ranges == 1);
  CHECK(bytes_read <= 4'096);
}

TEST_CASE("extra chunks before the samples are stepped over, odd sizes with their padding") {
  const auto file = riff_of({chunk_of("LIST", Bytes(7, 'x')), pcm_fmt(), chunk_of("fact", Bytes(4)),
                             chunk_of("bext", Bytes(101, 1)), chunk_of("data", Bytes(10)),
                             chunk_of("LIST", Bytes(20))});

  const auto layout = read(file);

  REQUIRE(layout.has_value());
  CHECK(layout->data_offset == 12 + 16 + 24 + 12 + 110 + 8);
  CHECK(layout->data_bytes == 10);
}

TEST_CASE("a large chunk before the samples costs one more small range") {
  for (const std::size_t size : {4'040u, 4'060u, 4'070u, 4'084u, 200'000u}) {
    CAPTURE(size);
    const auto file =
        riff_of({chunk_of("JUNK", Bytes(size)), pcm_fmt(), chunk_of("data", Bytes(32))});
    int ranges = 0;
    std::uint64_t bytes_read = 0;

    const auto layout = read(file, &ranges, &bytes_read);

    REQUIRE(layout.has_value());
    CHECK(layout->data_bytes == 32);
    CHECK(ranges <= 3);
    CHECK(bytes_read < 8'192);
  }
}

TEST_CASE("extensible PCM of 24 bits and several channels is read") {
  Bytes body;
  put16(body, 0xFFFE);
  put16(body, 2);
  put32(body, 48'000);
  put32(body, 48'000 * 6);
  put16(body, 6);
  put16(body, 24);
  put16(body, 22);
  put16(body, 24);
  put32(body, 3);
  put16(body, 1);
  for (const int byte :
       {0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71})
    body.push_back(static_cast<std::uint8_t>(byte));
  const auto layout = read(riff_of({chunk_of("fmt ", body), chunk_of("data", Bytes(60))}));
  REQUIRE(layout.has_value());
  CHECK(layout->format == AudioFormat{48'000, 2, 24});
  CHECK(layout->data_bytes == 60);

  body[30] = 0x55;
  says(riff_of({chunk_of("fmt ", body), chunk_of("data", Bytes(60))}), "no known one");
  body.resize(18);
  says(riff_of({chunk_of("fmt ", body), chunk_of("data", Bytes(60))}), "without its extension");
}

TEST_CASE("a header without a length means that the rest is samples") {
  for (const std::uint64_t size : {0x0ull, 0xFFFFFFFFull}) {
    CAPTURE(size);
    Bytes file;
    put(file, "RIFF");
    put32(file, size);
    put(file, "WAVE");
    const auto format = pcm_fmt();
    file.insert(file.end(), format.begin(), format.end());
    put(file, "data");
    put32(file, size);
    file.resize(file.size() + 101);

    const auto layout = read(file);

    REQUIRE(layout.has_value());
    CHECK(layout->length_unknown);
    CHECK(layout->data_bytes == 100);
    CHECK(layout->bytes_missing == 0);
  }
}

TEST_CASE("an honestly empty file has no samples, whatever stands behind them") {
  const auto layout = read(riff_of({pcm_fmt(), chunk_of("data", {}), chunk_of("LIST", Bytes(20))}));

  REQUIRE(layout.has_value());
  CHECK(layout->data_bytes == 0);
  CHECK_FALSE(layout->length_unknown);
}

TEST_CASE("data cut short counts what is there, in whole frames") {
  auto file = wav_of(Bytes(1'000), 16'000, 2);
  file.resize(44 + 403);

  const auto layout = read(file);

  REQUIRE(layout.has_value());
  CHECK(layout->data_bytes == 400);
  CHECK(layout->bytes_missing == 597);
}

TEST_CASE("RF64 takes its sizes from ds64") {
  Bytes ds64;
  for (const std::uint64_t value : {5'000'000'072ull, 5'000'000'000ull, 2'500'000'000ull}) {
    put32(ds64, value & 0xFFFF'FFFF);
    put32(ds64, value >> 32);
  }
  put32(ds64, 0);
  for (const std::string_view kind : {"RF64", "BW64"}) {
    Bytes head;
    put(head, kind);
    put32(head, 0xFFFF'FFFF);
    put(head, "WAVE");
    for (const auto& chunk : {chunk_of("ds64", ds64), pcm_fmt()})
      head.insert(head.end(), chunk.begin(), chunk.end());
    put(head, "data");
    put32(head, 0xFFFF'FFFF);
    const auto file_bytes = head.size() + 5'000'000'000ull;
    WavReader reader(file_bytes);
    head.resize(reader.wanted()->length);

    REQUIRE(reader.feed(head).has_value());

    CHECK_FALSE(reader.wanted().has_value());
    CHECK(reader.layout().data_bytes == 5'000'000'000ull);
    CHECK(reader.layout().data_offset == 80);
  }
}

TEST_CASE("a bad file is refused with the offset and the reason") {
  says({}, "at byte 0: the file ends within its first 12 bytes");
  says(Bytes{'R', 'I', 'F', 'F'}, "at byte 4");
  says(Bytes(100, 'x'), "at byte 0: 'xxxx' stands where RIFF");
  auto no_wave = seconds_of_wav(1);
  no_wave[8] = 0x01;
  says(no_wave, "at byte 8: '?AVE' stands where WAVE");
  says(riff_of({}), "at byte 12: the file ends before its samples");
  says(riff_of({pcm_fmt()}), "at byte 36: the file ends before its samples");
  says(riff_of({chunk_of("data", Bytes(4)), pcm_fmt()}), "at byte 12: the samples stand before");
  says(riff_of({chunk_of("fmt ", Bytes(8)), chunk_of("data", Bytes(4))}), "of 8 bytes");
  says(riff_of({chunk_of("fmt ", Bytes(5'000)), chunk_of("data", Bytes(4))}), "of 5000 bytes");
  says(riff_of({pcm_fmt(16'000, 1, 16, 7), chunk_of("data", Bytes(4))}), "at byte 20: format 7");
  says(riff_of({pcm_fmt(16'000, 0), chunk_of("data", Bytes(4))}), "at byte 22: 0 channels");
  says(riff_of({pcm_fmt(0), chunk_of("data", Bytes(4))}), "at byte 24");
  says(riff_of({pcm_fmt(4'000'000'000u), chunk_of("data", Bytes(4))}), "4000000000 Hz");
  says(riff_of({pcm_fmt(16'000, 1, 12), chunk_of("data", Bytes(4))}), "12 bits");
  says(riff_of({pcm_fmt(16'000, 1, 64), chunk_of("data", Bytes(4))}), "64 bits");
  auto block = seconds_of_wav(1);
  block[32] = 3;
  says(block, "at byte 32: a block of 3 bytes");
}

TEST_CASE("a chunk size that points past the file or all round does not mislead") {
  for (const std::uint32_t size : {0x7FFF'FFFFu, 0xFFFF'FFFFu, 0xFFFF'FFF0u}) {
    Bytes file = riff_of({pcm_fmt()});
    put(file, "LIST");
    put32(file, size);
    file.resize(file.size() + 64);
    says(file, "the file ends before its samples");
  }
}

TEST_CASE("a file of nothing but small chunks is given up on") {
  std::vector<Bytes> chunks(500, chunk_of("junk", Bytes(2)));
  says(riff_of(chunks), "more than 64 chunks");
}

TEST_CASE("a file that became shorter between two ranges is corrupt, not endless") {
  const auto file =
      riff_of({chunk_of("JUNK", Bytes(9'000)), pcm_fmt(), chunk_of("data", Bytes(32))});
  WavReader reader(file.size());
  REQUIRE(reader.feed(ByteView(file).first(4'096)).has_value());
  REQUIRE(reader.wanted().has_value());

  const auto fed = reader.feed({});

  REQUIRE_FALSE(fed.has_value());
  CHECK(fed.error().kind == ErrorKind::corrupt);
}

TEST_CASE("cutting a good file anywhere gives an answer, never a read past its end") {
  const auto file = riff_of({chunk_of("LIST", Bytes(5)), pcm_fmt(), chunk_of("data", Bytes(20))});
  for (std::size_t size = 0; size <= file.size(); ++size) {
    const auto layout = read(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)));
    if (layout) CHECK(layout->data_offset + layout->data_bytes <= size);
  }
}
