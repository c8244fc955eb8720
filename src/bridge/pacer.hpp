#pragma once
// What of the assistant's audio goes to the phone side now, and what waits. Audio within the lead
// goes at once and in the size it came, its base64 untouched; the rest waits here and follows in
// paced pieces, so that an interruption has little to take back. A cut falls on a multiple of 8
// base64 characters (6 bytes, 3 samples), so nothing is decoded for it. Only a sample split between
// two deltas is re-encoded. Pure; one thread.
//
//   pacer.offer(item, samples_before, base64);
//   while (auto piece = pacer.take(play_out.queued_samples(now))) { send it; play_out.send(…); }
//   pacer.keep();   // what is left of `base64` is copied
//   wake at pacer.next_wake(play_out.drained_at())

#include "base/bytes.hpp"
#include "bridge/play_out_queue.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace earshot::bridge {

struct PacerOptions {
  std::uint32_t rate_hz = 24000;
  Duration lead = 200ms;        // the play-out queue is filled up to this
  Duration piece = 100ms;       // a waiting backlog wakes us for no less than this
  Duration piece_min = 20ms;    // nothing smaller is cut off
  Duration backlog_max = 2min;  // more than this waiting: new audio is dropped and counted
};

struct PacerPiece {
  ItemNumber item = no_item;
  std::int64_t first_sample = 0;  // in the item
  std::int64_t samples = 0;
  std::string_view base64;  // of whole samples; valid until the pacer's next member call
};

struct PacerOffer {
  std::int64_t samples = 0;  // whole samples that this delta completed
  bool accepted = true;      // false: over the backlog's bound, or not base64 at all
};

class Pacer {
 public:
  explicit Pacer(PacerOptions options);

  // `base64` must stay valid until keep(). Offer, take until nothing comes, keep. `first_sample` is
  // how many samples of the item were offered before, dropped ones included.
  PacerOffer offer(ItemNumber item, std::int64_t first_sample, std::string_view base64);
  std::optional<PacerPiece> take(std::int64_t queued_samples);
  void keep();
  // Forgets all that waits, except of `kept` (no_item: of nobody).
  void drop(ItemNumber kept = no_item);

  bool empty() const { return backlog_.empty() && direct_.text.empty(); }
  std::int64_t backlog_samples() const { return backlog_samples_; }
  // When the next pieces have room; nullopt when nothing waits.
  std::optional<SteadyTime> next_wake(SteadyTime drained_at) const;

  std::uint64_t samples_dropped() const { return samples_dropped_; }  // by the bound
  std::uint64_t halves_dropped() const { return halves_dropped_; }    // an item ended mid-sample
  std::uint64_t deltas_refused() const { return deltas_refused_; }    // impossible base64 length
  const PacerOptions& options() const { return options_; }

 private:
  struct Waiting {
    ItemNumber item = no_item;
    std::int64_t first_sample = 0;
    std::string owned;
    std::string_view text;  // of direct_ only: somebody else's memory
    std::size_t offset = 0;
    std::string_view rest() const {
      return owned.empty() ? text : std::string_view(owned).substr(offset);
    }
  };

  std::optional<std::string_view> join_split_sample(std::string_view base64);
  PacerPiece cut(Waiting& from, std::int64_t samples);

  PacerOptions options_;
  std::int64_t lead_samples_;
  std::int64_t piece_min_samples_;
  std::int64_t backlog_samples_max_;
  std::deque<Waiting> backlog_;
  Waiting direct_;  // the delta being offered
  std::int64_t backlog_samples_ = 0;
  ItemNumber item_ = no_item;          // the newest offered
  std::optional<std::uint8_t> carry_;  // first byte of a sample whose second has not come
  Bytes joined_bytes_;
  std::string joined_text_;
  std::uint64_t samples_dropped_ = 0;
  std::uint64_t halves_dropped_ = 0;
  std::uint64_t deltas_refused_ = 0;
};

}  // namespace earshot::bridge
