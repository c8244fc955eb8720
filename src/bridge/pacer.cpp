#include "bridge/pacer.hpp"

#include "base/base64.hpp"

#include <algorithm>

namespace earshot::bridge {

namespace {

constexpr std::int64_t samples_per_cut = 3;  // 6 bytes: 8 base64 characters, no padding
constexpr std::size_t characters_per_cut = 8;

std::int64_t samples_of(std::string_view base64) {
  return static_cast<std::int64_t>(base64::decoded_size(base64) / 2);
}

PacerOptions checked(PacerOptions options) {
  options.lead = std::max<Duration>(options.lead, 20ms);
  options.piece = std::clamp<Duration>(options.piece, 10ms, options.lead);
  options.piece_min = std::min(options.piece_min, options.piece);
  return options;
}

}  // namespace

Pacer::Pacer(PacerOptions options)
    : options_(checked(options)),
      lead_samples_(samples_in(options_.lead, options_.rate_hz)),
      piece_min_samples_(
          std::max(samples_in(options_.piece_min, options_.rate_hz), samples_per_cut)),
      backlog_samples_max_(samples_in(options_.backlog_max, options_.rate_hz)) {}

PacerOffer Pacer::offer(ItemNumber item, std::int64_t first_sample, std::string_view base64) {
  if (item != item_) {
    if (carry_) ++halves_dropped_;
    carry_.reset();
    item_ = item;
  }
  if (base64.empty()) return {};
  const std::size_t bytes = base64::decoded_size(base64);
  if (bytes == 0) {
    ++deltas_refused_;
    return {.samples = 0, .accepted = false};
  }
  if (carry_ || bytes % 2 != 0) {
    const auto joined = join_split_sample(base64);
    if (!joined) return {.samples = 0, .accepted = false};
    base64 = *joined;
  }
  const std::int64_t samples = samples_of(base64);
  if (backlog_samples_ + samples > backlog_samples_max_) {
    samples_dropped_ += static_cast<std::uint64_t>(samples);
    return {.samples = samples, .accepted = false};
  }
  direct_ = Waiting{.item = item, .first_sample = first_sample, .text = base64};
  backlog_samples_ += samples;
  return {.samples = samples, .accepted = true};
}

std::optional<std::string_view> Pacer::join_split_sample(std::string_view base64) {
  joined_text_.clear();
  if (!base64::decode_to(base64, joined_bytes_)) {
    ++deltas_refused_;
    return std::nullopt;
  }
  if (carry_) joined_bytes_.insert(joined_bytes_.begin(), *carry_);
  carry_.reset();
  if (joined_bytes_.size() % 2 != 0) {
    carry_ = joined_bytes_.back();
    joined_bytes_.pop_back();
  }
  base64::encode_to(joined_bytes_, joined_text_);
  return std::string_view(joined_text_);
}

std::optional<PacerPiece> Pacer::take(std::int64_t queued_samples) {
  if (!backlog_.empty() && backlog_.front().rest().empty()) backlog_.pop_front();
  Waiting* head = !backlog_.empty() ? &backlog_.front() : &direct_;
  if (head->rest().empty()) return std::nullopt;
  const std::int64_t room = lead_samples_ - queued_samples;
  const std::int64_t whole = samples_of(head->rest());
  if (whole <= room) return cut(*head, whole);
  if (room < piece_min_samples_) return std::nullopt;
  return cut(*head, room - room % samples_per_cut);
}

PacerPiece Pacer::cut(Waiting& from, std::int64_t samples) {
  const std::string_view rest = from.rest();
  const bool whole = samples == samples_of(rest);
  const std::size_t characters =
      whole ? rest.size()
            : static_cast<std::size_t>(samples / samples_per_cut) * characters_per_cut;
  PacerPiece piece{from.item, from.first_sample, samples, rest.substr(0, characters)};
  from.first_sample += samples;
  backlog_samples_ -= samples;
  if (&from == &direct_) {
    from.text.remove_prefix(characters);
  } else {
    from.offset += characters;
  }
  return piece;
}

void Pacer::keep() {
  if (!backlog_.empty() && backlog_.front().rest().empty()) backlog_.pop_front();
  if (direct_.text.empty()) return;
  direct_.owned.assign(direct_.text);
  direct_.text = {};
  backlog_.push_back(std::move(direct_));
  direct_ = {};
}

void Pacer::drop(ItemNumber kept) {
  direct_ = {};
  if (kept == no_item || kept != item_) carry_.reset();
  std::erase_if(backlog_,
                [&](const Waiting& waiting) { return kept == no_item || waiting.item != kept; });
  backlog_samples_ = 0;
  for (const Waiting& waiting : backlog_) backlog_samples_ += samples_of(waiting.rest());
}

std::optional<SteadyTime> Pacer::next_wake(SteadyTime drained_at) const {
  if (backlog_samples_ == 0) return std::nullopt;
  return drained_at - (options_.lead - options_.piece);
}

}  // namespace earshot::bridge
