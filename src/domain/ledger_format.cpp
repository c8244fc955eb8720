#include "domain/ledger_format.hpp"

#include "base/little_endian.hpp"
#include "domain/sample_hash.hpp"

#include <algorithm>
#include <string_view>

namespace earshot {

namespace {

constexpr std::string_view magic = "EARLEDGR";
constexpr std::uint16_t flag_has_tap = 1;
constexpr std::size_t header_checked_bytes = 56;
constexpr std::size_t record_checked_bytes = 120;
constexpr std::size_t caller_levels_at = 16;
constexpr std::size_t assistant_levels_at = caller_levels_at + ledger_slots_per_second;
constexpr std::size_t record_bytes_max = 4096;  // of a later version; more is nonsense

Result<LedgerHeader> read_header(ByteView bytes, std::size_t& header_bytes,
                                 std::size_t& record_bytes) {
  if (bytes.size() < ledger_header_bytes || as_text(bytes.first(magic.size())) != magic)
    return fail(ErrorKind::corrupt, "this is not a ledger: its first bytes are others");
  if (get_le<std::uint64_t>(bytes, header_checked_bytes) !=
      hash_of(bytes.first(header_checked_bytes)))
    return fail(ErrorKind::corrupt, "the ledger's header does not match its check");
  header_bytes = get_le<std::uint16_t>(bytes, 10);
  record_bytes = get_le<std::uint16_t>(bytes, 12);
  if (get_le<std::uint16_t>(bytes, 8) != ledger_version || header_bytes < ledger_header_bytes ||
      record_bytes != ledger_record_bytes || record_bytes > record_bytes_max)
    return fail(ErrorKind::corrupt, "the ledger is of a version that is not known here");
  LedgerHeader header;
  header.has_tap = (get_le<std::uint16_t>(bytes, 14) & flag_has_tap) != 0;
  header.sample_rate_hz = get_le<std::uint32_t>(bytes, 16);
  header.call_time_zero = from_unix_us(get_le<std::int64_t>(bytes, 24));
  header.run_start = Duration(get_le<std::int64_t>(bytes, 32));
  header.wall_at_start = from_unix_us(get_le<std::int64_t>(bytes, 40));
  return header;
}

LedgerSecond read_record(ByteView record) {
  LedgerSecond second;
  second.second = get_le<std::uint32_t>(record, 0);
  second.caller_frames = get_le<std::uint16_t>(record, 4);
  second.assistant_frames = get_le<std::uint16_t>(record, 6);
  second.hash = get_le<std::uint64_t>(record, 8);
  std::ranges::copy(record.subspan(caller_levels_at, ledger_slots_per_second),
                    second.caller_levels.begin());
  std::ranges::copy(record.subspan(assistant_levels_at, ledger_slots_per_second),
                    second.assistant_levels.begin());
  second.events = get_le<std::uint16_t>(record, 116);
  return second;
}

}  // namespace

void append_ledger_header(const LedgerHeader& header, Bytes& out) {
  const std::size_t start = out.size();
  out.insert(out.end(), magic.begin(), magic.end());
  put_le(ledger_version, out);
  put_le(static_cast<std::uint16_t>(ledger_header_bytes), out);
  put_le(static_cast<std::uint16_t>(ledger_record_bytes), out);
  put_le(header.has_tap ? flag_has_tap : std::uint16_t{0}, out);
  put_le(header.sample_rate_hz, out);
  put_le(std::uint16_t{1000 / ledger_slots_per_second}, out);
  put_le(std::uint16_t{0}, out);
  put_le(std::int64_t{to_unix_us(header.call_time_zero)}, out);
  put_le(std::int64_t{header.run_start.count()}, out);
  put_le(std::int64_t{to_unix_us(header.wall_at_start)}, out);
  put_le(std::uint64_t{0}, out);
  put_le(hash_of(ByteView(out).subspan(start)), out);
}

void append_ledger_second(const LedgerSecond& second, Bytes& out) {
  const std::size_t start = out.size();
  put_le(second.second, out);
  put_le(second.caller_frames, out);
  put_le(second.assistant_frames, out);
  put_le(second.hash, out);
  out.insert(out.end(), second.caller_levels.begin(), second.caller_levels.end());
  out.insert(out.end(), second.assistant_levels.begin(), second.assistant_levels.end());
  put_le(second.events, out);
  put_le(std::uint16_t{0}, out);
  put_le(hash_of(ByteView(out).subspan(start)), out);
}

Result<LedgerContents> read_ledger(ByteView bytes) {
  std::size_t header_bytes = 0;
  std::size_t record_bytes = 0;
  auto header = read_header(bytes, header_bytes, record_bytes);
  if (!header) return Failure(header.error());
  LedgerContents contents{.header = *header};
  ByteView rest = bytes.subspan(std::min(header_bytes, bytes.size()));
  for (; rest.size() >= record_bytes; rest = rest.subspan(record_bytes)) {
    const ByteView record = rest.first(record_bytes);
    if (get_le<std::uint64_t>(record, record_checked_bytes) !=
        hash_of(record.first(record_checked_bytes))) {
      ++contents.records_corrupt;
      continue;
    }
    LedgerSecond second = read_record(record);
    if (!contents.seconds.empty() && second.second <= contents.seconds.back().second) {
      ++contents.records_corrupt;
      continue;
    }
    contents.seconds.push_back(second);
  }
  contents.torn_bytes = rest.size();
  return contents;
}

}  // namespace earshot
