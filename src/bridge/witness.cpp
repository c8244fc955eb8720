#include "bridge/witness.hpp"

#include "base/invariant.hpp"
#include "domain/level_meter.hpp"

#include <algorithm>

namespace earshot::bridge {

namespace {

constexpr std::int64_t pieces_per_second = 10;
// Sample buffers grow and shrink by parts, not by doubling: there are two for each call.
constexpr std::size_t samples_grown_by = 2048;
constexpr std::size_t samples_spare_max = 8192;

LedgerHeader ledger_header(const WitnessOptions& options) {
  return {.sample_rate_hz = options.rate_hz,
          .has_tap = options.tap,
          .call_time_zero = options.call_time_zero,
          .run_start = options.run_start,
          .wall_at_start = options.wall_at_start};
}

std::int64_t position_of(Duration call_time, std::int64_t rate) {
  return std::max<std::int64_t>(0, call_time.count()) * rate / 1'000'000;
}

}  // namespace

void WitnessSide::put(std::int64_t position, std::span<const std::int16_t> samples) {
  if (position < base_) {
    const auto before = static_cast<std::size_t>(
        std::min(base_ - position, static_cast<std::int64_t>(samples.size())));
    samples = samples.subspan(before);
    position = base_;
  }
  const auto length = static_cast<std::int64_t>(samples.size());
  if (length == 0) return;
  if (position + length - base_ > samples_max) {
    samples_refused_ += static_cast<std::uint64_t>(length);
    return;
  }
  reserve(std::max(samples_.size(), static_cast<std::size_t>(position + length - base_)));
  if (position == end()) {
    samples_.insert(samples_.end(), samples.begin(), samples.end());
  } else {
    samples_.resize(static_cast<std::size_t>(std::max(end(), position + length) - base_));
    std::ranges::copy(samples, samples_.begin() + (position - base_));
  }
  if (!there_.empty() && there_.back().from <= position && position <= there_.back().to) {
    there_.back().to = std::max(there_.back().to, position + length);
  } else {
    there_.push_back({position, position + length});
  }
}

void WitnessSide::reserve(std::size_t samples) {
  if (samples <= samples_.capacity()) return;
  samples_.reserve(samples + std::max(samples_grown_by, samples / 4));
}

void WitnessSide::cut_from(std::int64_t position) {
  if (position >= end()) return;
  position = std::max(position, base_);
  samples_.resize(static_cast<std::size_t>(position - base_));
  for (Stretch& stretch : there_) stretch.to = std::min(stretch.to, position);
  std::erase_if(there_, [](const Stretch& stretch) { return stretch.from >= stretch.to; });
}

void WitnessSide::silence_from(std::int64_t position) {
  if (position >= end()) return;
  std::fill(samples_.begin() + (std::max(position, base_) - base_), samples_.end(),
            std::int16_t{0});
}

void WitnessSide::forget_until(std::int64_t position) {
  const std::int64_t gone = std::min(position - base_, static_cast<std::int64_t>(samples_.size()));
  if (gone > 0) samples_.erase(samples_.begin(), samples_.begin() + gone);
  if (samples_.capacity() > samples_.size() * 2 + samples_spare_max) samples_.shrink_to_fit();
  base_ = std::max(base_, position);
  std::erase_if(there_, [&](const Stretch& stretch) { return stretch.to <= base_; });
}

bool WitnessSide::has_any(std::int64_t from, std::int64_t to) const {
  return std::ranges::any_of(
      there_, [&](const Stretch& stretch) { return stretch.from < to && from < stretch.to; });
}

std::uint8_t WitnessSide::level(std::int64_t from, std::int64_t to) const {
  std::int64_t first = to;
  std::int64_t last = from;
  for (const Stretch& stretch : there_) {
    const std::int64_t a = std::max(from, stretch.from);
    const std::int64_t b = std::min(to, stretch.to);
    if (a >= b) continue;
    first = std::min(first, a);
    last = std::max(last, b);
  }
  if (first >= last) return level_no_data;
  return level_of(std::span(samples_).subspan(static_cast<std::size_t>(first - base_),
                                              static_cast<std::size_t>(last - first)));
}

void WitnessSide::copy_to(std::int64_t from, std::int64_t to, std::int16_t* out,
                          std::size_t stride) const {
  CHECK_INVARIANT(from >= base_, "settled samples are gone");
  const std::int64_t there_until = std::clamp(end(), from, to);
  auto in = static_cast<std::size_t>(from - base_);
  for (std::int64_t i = from; i < there_until; ++i, out += stride) *out = samples_[in++];
  for (std::int64_t i = there_until; i < to; ++i, out += stride) *out = 0;
}

Witness::Witness(TapRun& run, const WitnessOptions& options)
    : options_(options),
      slot_(static_cast<std::int64_t>(options.rate_hz / ledger_slots_per_second)),
      piece_(options.rate_hz / pieces_per_second),
      rate_(options.rate_hz),
      hold_(position_of(options.hold_max, rate_)),
      settled_(position_of(options.run_start, rate_) / piece_ * piece_),
      ledger_(run, ledger_header(options)) {
  CHECK_INVARIANT(options.rate_hz % ledger_slots_per_second == 0, "a slot is whole samples");
  if (options.tap)
    tap_.emplace(run, TapHeader{.sample_rate_hz = options.rate_hz,
                                .call_time_zero = options.call_time_zero,
                                .run_start = options.run_start});
  caller_.start_at(settled_);
  assistant_.start_at(settled_);
  if (tap_) tap_->skip(settled_ % rate_);  // a hash is always of a whole second
}

void Witness::caller(std::int64_t position, std::span<const std::int16_t> samples) {
  caller_.put(position, samples);
  ledger_.count_caller_frame(position / rate_);
}

void Witness::assistant(std::int64_t position, std::span<const std::int16_t> samples) {
  assistant_.put(position, samples);
}

void Witness::stop_assistant(std::int64_t position) {
  assistant_.cut_from(position);
  note_event(position, LedgerSecond::event_stop_audio);
}

void Witness::silence_from(std::int64_t position) {
  caller_.silence_from(position);
  assistant_.silence_from(position);
}

void Witness::note_event(std::int64_t position, std::uint16_t event) {
  ledger_.note_event(std::max(position, settled_) / rate_, event);
}

void Witness::advance(std::int64_t now, bool caller_has_socket) {
  std::int64_t until = now;
  if (caller_has_socket) until = std::min(now, std::max(caller_.end(), now - hold_));
  while (settled_ + piece_ <= until) settle_piece(settled_ + piece_);
}

void Witness::finish(std::int64_t now) {
  advance(now, false);
  if (settled_ < now) settle_piece(now);
  if (!second_is_open_) return;
  if (tap_) tap_->skip(rate_ - settled_ % rate_);
  end_second_at(settled_);
}

void Witness::settle_piece(std::int64_t to) {
  const std::int64_t from = settled_;
  second_is_open_ = true;
  for (std::int64_t at = from; at < to; at += slot_)
    ledger_.set_slot(static_cast<std::size_t>(at % rate_ / slot_),
                     caller_.level(at, std::min(at + slot_, to)),
                     assistant_.level(at, std::min(at + slot_, to)));
  if (tap_ && (caller_.has_any(from, to) || assistant_.has_any(from, to))) {
    // The thread's: a piece is made and handed on within this call.
    thread_local std::vector<std::int16_t> interleaved;
    interleaved.resize(static_cast<std::size_t>(to - from) * 2);
    caller_.copy_to(from, to, interleaved.data(), 2);
    assistant_.copy_to(from, to, interleaved.data() + 1, 2);
    tap_->write(from, interleaved);
  } else if (tap_) {
    tap_->skip(to - from);
  }
  caller_.forget_until(to);
  assistant_.forget_until(to);
  settled_ = to;
  if (to % rate_ == 0) end_second_at(to);
}

void Witness::end_second_at(std::int64_t position) {
  ledger_.write_second((position - 1) / rate_, tap_ ? tap_->finish_second() : 0);
  second_is_open_ = false;
}

std::uint64_t Witness::appends_refused() const {
  return ledger_.records_refused() + (tap_ ? tap_->blocks_refused() : 0);
}

}  // namespace earshot::bridge
