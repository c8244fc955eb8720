#include "domain/evidence.hpp"

#include "domain/imported_call.hpp"
#include "domain/level_meter.hpp"

#include <algorithm>

namespace earshot {
namespace {

// A day: a second beyond it is no call's.
constexpr std::uint32_t seconds_max = 24 * 3600;

void lay(const std::array<std::uint8_t, ledger_slots_per_second>& levels, std::uint32_t second,
         std::vector<std::uint8_t>& out) {
  const std::size_t first = std::size_t{second} * ledger_slots_per_second;
  if (out.size() < first + ledger_slots_per_second)
    out.resize(first + ledger_slots_per_second, level_no_data);
  for (std::size_t i = 0; i < ledger_slots_per_second; ++i)
    if (levels[i] != level_no_data) out[first + i] = levels[i];
}

std::uint8_t at(const std::vector<std::uint8_t>& levels, std::size_t slot) {
  return slot < levels.size() ? levels[slot] : level_no_data;
}

}  // namespace

bool BridgeLevels::covers(std::size_t slot) const {
  return at(caller, slot) != level_no_data || at(assistant, slot) != level_no_data;
}

Duration BridgeLevels::covered(Duration from, Duration to) const {
  if (to <= from) return Duration{0};
  const auto first = static_cast<std::size_t>(std::max(Duration{0}, from) / ledger_slot);
  const auto end =
      static_cast<std::size_t>((std::max(Duration{0}, to) + ledger_slot - 1us) / ledger_slot);
  Duration total{0};
  for (std::size_t slot = first; slot < end; ++slot)
    if (covers(slot)) total += ledger_slot;
  return std::min(total, to - from);
}

BridgeLevels join_ledgers(const std::vector<LedgerContents>& runs) {
  BridgeLevels joined;
  for (const auto& run : runs) {
    joined.has_tap = joined.has_tap || run.header.has_tap;
    joined.records_corrupt += run.records_corrupt;
    for (const auto& second : run.seconds) {
      if (second.second >= seconds_max) continue;
      lay(second.caller_levels, second.second, joined.caller);
      lay(second.assistant_levels, second.second, joined.assistant);
    }
  }
  return joined;
}

std::uint64_t frames_of(const Chunk& chunk) {
  if (chunk.data_bytes == 0) return 0;
  if (chunk.format.frame_bytes() > 0) return chunk.data_bytes / chunk.format.frame_bytes();
  const auto length = chunk.duration.value_or(Duration{0}).count();
  return length <= 0 ? 0
                     : static_cast<std::uint64_t>(length) * chunk.format.sample_rate_hz / 1'000'000;
}

Duration length_of_frames(std::uint64_t frames, std::uint32_t rate_hz) {
  if (rate_hz == 0) return Duration{0};
  const std::uint64_t whole = frames / rate_hz;
  const std::uint64_t rest = frames % rate_hz;
  return Duration(static_cast<std::int64_t>(whole * 1'000'000 + rest * 1'000'000 / rate_hz));
}

std::optional<WallTime> call_time_zero(const Call& call) {
  if (is_imported(call)) return call.received_at;
  return call.connected_at ? call.connected_at : call.answered_at;
}

}  // namespace earshot
