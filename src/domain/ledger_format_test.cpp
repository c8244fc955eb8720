#include "domain/ledger_format.hpp"

#include "domain/sample_hash.hpp"
#include "domain/tap_format.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <vector>

using namespace earshot;

namespace {

LedgerHeader header() {
  return {.sample_rate_hz = 24000,
          .has_tap = true,
          .call_time_zero = *parse_iso8601("2026-03-02T09:15:33.001234Z"),
          .run_start = 1500ms,
          .wall_at_start = *parse_iso8601("2026-03-02T09:15:34.5Z")};
}

LedgerSecond second(std::uint32_t number) {
  LedgerSecond record{
      .second = number, .caller_frames = 50, .hash = 0x1122334455667788ULL + number};
  record.caller_levels.fill(static_cast<std::uint8_t>(number));
  record.assistant_levels[49] = 7;
  record.events = LedgerSecond::event_stop_audio;
  return record;
}

Bytes ledger_of(std::uint32_t seconds) {
  Bytes bytes;
  append_ledger_header(header(), bytes);
  for (std::uint32_t i = 0; i < seconds; ++i) append_ledger_second(second(i), bytes);
  return bytes;
}

}  // namespace

TEST_CASE("a ledger is read as it was written") {
  const Bytes bytes = ledger_of(3);
  CHECK(bytes.size() == ledger_header_bytes + 3 * ledger_record_bytes);

  const auto contents = read_ledger(bytes);

  REQUIRE(contents.has_value());
  CHECK(contents->header == header());
  REQUIRE(contents->seconds.size() == 3);
  CHECK(contents->seconds[2] == second(2));
  CHECK(contents->torn_bytes == 0);
}

TEST_CASE("a ledger torn at any byte gives every whole record") {
  const Bytes bytes = ledger_of(3);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto contents = read_ledger(ByteView(bytes).first(size));
    if (size < ledger_header_bytes) {
      REQUIRE_FALSE(contents.has_value());
      CHECK(contents.error().kind == ErrorKind::corrupt);
    } else {
      REQUIRE(contents.has_value());
      CHECK(contents->seconds.size() == (size - ledger_header_bytes) / ledger_record_bytes);
      CHECK(contents->torn_bytes == (size - ledger_header_bytes) % ledger_record_bytes);
    }
  }
}

TEST_CASE("a flipped bit costs one record and never a wrong value") {
  const Bytes good = ledger_of(3);
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes bytes = good;
    bytes[at] ^= 0x10;
    const auto contents = read_ledger(bytes);
    if (at < ledger_header_bytes) {
      CHECK_FALSE(contents.has_value());
      continue;
    }
    REQUIRE(contents.has_value());
    CHECK(contents->records_corrupt == 1);
    CHECK(contents->seconds.size() == 2);
    for (const LedgerSecond& record : contents->seconds) CHECK(record == second(record.second));
  }
}

TEST_CASE("a record that goes back in time is not believed") {
  Bytes bytes = ledger_of(2);
  append_ledger_second(second(1), bytes);
  append_ledger_second(second(5), bytes);
  const auto contents = read_ledger(bytes);
  REQUIRE(contents.has_value());
  CHECK(contents->seconds.size() == 3);
  CHECK(contents->records_corrupt == 1);
}

TEST_CASE(
    "a tap torn at any byte gives every whole block, and a broken block only itself is lost") {
  Bytes bytes;
  append_tap_header({.sample_rate_hz = 24000, .run_start = 1s}, bytes);
  std::vector<std::size_t> ends;
  SampleHash of_second;
  for (std::uint32_t i = 0; i < 3; ++i) {
    std::vector<std::int16_t> samples(20, static_cast<std::int16_t>(100 + i));
    append_tap_block(7, i * 10, samples, of_second, bytes);
    ends.push_back(bytes.size());
  }
  for (std::size_t size = tap_header_bytes; size <= bytes.size(); ++size) {
    auto reader = TapReader::open(ByteView(bytes).first(size));
    REQUIRE(reader.has_value());
    std::size_t blocks = 0;
    while (reader->next()) ++blocks;
    CHECK(blocks == static_cast<std::size_t>(
                        std::ranges::count_if(ends, [&](std::size_t end) { return end <= size; })));
  }
  for (std::size_t at = tap_header_bytes; at < bytes.size(); ++at) {
    Bytes broken = bytes;
    broken[at] ^= 0x01;
    auto reader = TapReader::open(broken);
    REQUIRE(reader.has_value());
    std::size_t blocks = 0;
    while (reader->next()) ++blocks;
    CHECK(blocks == 2);
  }
}

TEST_CASE("a tap's header says what it is or is refused") {
  Bytes bytes;
  append_tap_header({.sample_rate_hz = 16000, .call_time_zero = from_unix_ms(5), .run_start = 2s},
                    bytes);
  const auto reader = TapReader::open(bytes);
  REQUIRE(reader.has_value());
  CHECK(reader->header() ==
        TapHeader{.sample_rate_hz = 16000, .call_time_zero = from_unix_ms(5), .run_start = 2s});
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes broken = bytes;
    broken[at] ^= 0x80;
    CHECK_FALSE(TapReader::open(broken).has_value());
  }
  CHECK_FALSE(TapReader::open({}).has_value());
}

TEST_CASE("two hashes made in one pass are those made in two") {
  Bytes bytes(1000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 37);
  for (const std::size_t before : std::initializer_list<std::size_t>{0, 3, 8})
    for (const std::size_t size : std::initializer_list<std::size_t>{0, 8, 13, 960}) {
      const ByteView head = ByteView(bytes).first(before);
      const ByteView body = ByteView(bytes).subspan(20, size);
      SampleHash expected;
      expected.add(head);
      expected.add(body);
      SampleHash first;
      SampleHash second;
      first.add(head);
      SampleHash::add_to_both(first, second, body);
      CHECK(first.finish() == expected.finish());
      CHECK(second.finish() == hash_of(body));
    }
}

TEST_CASE("a hash does not depend on how its bytes were handed over") {
  Bytes bytes(1003);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  const std::uint64_t whole = hash_of(bytes);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    SampleHash hash;
    hash.add(ByteView(bytes).first(cut));
    hash.add(ByteView(bytes).subspan(cut));
    CHECK(hash.finish() == whole);
  }
  CHECK(hash_of(ByteView(bytes).first(1002)) != whole);
  CHECK(hash_of({}) != hash_of(Bytes(1)));
}
