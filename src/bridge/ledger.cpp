#include "bridge/ledger.hpp"

namespace earshot::bridge {

Ledger::Ledger(TapRun& run, const LedgerHeader& header) : run_(run) {
  append_ledger_header(header, bytes_);
  if (!run_.append(SpoolKind::ledger, bytes_)) ++records_refused_;
}

Ledger::Ahead& Ledger::ahead(std::int64_t second) {
  Ahead& slot = ahead_[static_cast<std::size_t>(second < 0 ? 0 : second) % seconds_ahead_max];
  if (slot.second != second) slot = Ahead{.second = second};
  return slot;
}

void Ledger::count_caller_frame(std::int64_t second) { ++ahead(second).caller_frames; }

void Ledger::note_event(std::int64_t second, std::uint16_t event) {
  Ahead& slot = ahead(second);
  slot.events = static_cast<std::uint16_t>(slot.events | event);
}

void Ledger::set_slot(std::size_t slot, std::uint8_t caller_level, std::uint8_t assistant_level) {
  gathering_.caller_levels.at(slot) = caller_level;
  gathering_.assistant_levels.at(slot) = assistant_level;
  if (assistant_level != 0) ++gathering_.assistant_frames;
}

void Ledger::write_second(std::int64_t second, std::uint64_t hash) {
  const Ahead& counted = ahead(second);
  gathering_.second = static_cast<std::uint32_t>(second);
  gathering_.caller_frames = counted.caller_frames;
  gathering_.events = counted.events;
  gathering_.hash = hash;
  bytes_.clear();
  append_ledger_second(gathering_, bytes_);
  if (!run_.append(SpoolKind::ledger, bytes_)) ++records_refused_;
  gathering_ = LedgerSecond();
}

}  // namespace earshot::bridge
