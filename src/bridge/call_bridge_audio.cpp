// The two ways of a call's audio: the caller's to the assistant, and back.

#include "base/base64.hpp"
#include "bridge/detail/call_bridge_impl.hpp"

#include <algorithm>
#include <bit>

namespace earshot::bridge {

namespace {

static_assert(std::endian::native == std::endian::little,
              "samples on the wire are little-endian and are used as they lie");

std::span<const std::int16_t> samples_of(const Bytes& bytes) {
  return {reinterpret_cast<const std::int16_t*>(bytes.data()), bytes.size() / 2};
}

ByteView bytes_of(std::span<const std::int16_t> samples) {
  return {reinterpret_cast<const std::uint8_t*>(samples.data()), samples.size_bytes()};
}

}  // namespace

std::int64_t CallBridgeImpl::position_of(SteadyTime time) const {
  return samples_between(call_zero_, time, rate_hz_);
}

Duration CallBridgeImpl::time_of_position(std::int64_t position) const {
  return std::chrono::duration_cast<Duration>(time_of_samples(position, rate_hz_));
}

void CallBridgeImpl::set_up_resamplers() {
  to_session_.reset();
  to_phone_.reset();
  to_phone_item_ = no_item;
  to_phone_carry_.reset();
  if (!session_) return;
  if (session_->input_rate_hz() != rate_hz_)
    to_session_ = std::make_unique<Resampler>(rate_hz_, session_->input_rate_hz());
  if (session_->output_rate_hz() != rate_hz_)
    to_phone_ = std::make_unique<Resampler>(session_->output_rate_hz(), rate_hz_);
}

// ---- caller to assistant

// A silent frame may come without samples: they are zeros.
bool CallBridgeImpl::decode_frame(const CallerFrame& frame) {
  if (frame.base64.empty()) {
    decoded_caller_.assign(zero_frame_.begin(), zero_frame_.end());
    return !decoded_caller_.empty();
  }
  if (base64::decoded_size(frame.base64) > frame_bytes_max) return false;
  return base64::decode_to(frame.base64, decoded_caller_) && decoded_caller_.size() % 2 == 0 &&
         !decoded_caller_.empty();
}

void CallBridgeImpl::on_caller_frame(const CallerFrame& frame) {
  const SteadyTime now = services_.clock.steady_now();
  last_frame_at_ = now;
  ++tally_.caller_frames;
  if (!decode_frame(frame)) {
    ++tally_.caller_nonsense;
    return;
  }
  if (std::exchange(caller_told_lost_, false)) {
    observer_.caller_audio_back();
    perform(machine_.caller_attached(now), now);
  }
  perform(machine_.caller_frame(now), now);
  const std::span<const std::int16_t> samples = samples_of(decoded_caller_);
  const PlacedFrame placed =
      caller_clock_.place(position_of(now), frame.timestamp,
                          static_cast<std::int64_t>(samples.size()), witness_->settled_until());
  if (placed.place == FramePlace::duplicate) {
    ++tally_.caller_frames_duplicate;
    return;
  }
  if (placed.place == FramePlace::late) ++tally_.caller_frames_late;
  if (placed.place == FramePlace::too_early) ++tally_.caller_frames_early;
  if (placed.place == FramePlace::after_gap) ++tally_.caller_gaps;
  if (placed.place == FramePlace::after_gap || placed.place == FramePlace::reanchored)
    witness_->note_event(placed.position, LedgerSecond::event_caller_reanchored);
  // Judged by its place as well as by its coming: what was stalled comes when the pause is over.
  const Duration call_time = time_of_position(placed.position);
  const bool is_private = machine_.is_private() || machine_.is_private_at(call_time);
  if (is_private) zeros_.assign(decoded_caller_.size(), 0);
  if (placed.in_witness())
    witness_->caller(placed.position, is_private ? samples_of(zeros_) : samples);
  if (is_private && !options_.assistant_hears_pauses) {
    forward(zeros_as_base64(zeros_.size()), samples_of(zeros_), call_time);
  } else {
    const auto base64 =
        frame.base64.empty() ? zeros_as_base64(decoded_caller_.size()) : frame.base64;
    forward(base64, samples, call_time);
  }
  witness_->advance(position_of(now), true);
  if (--frames_to_latency_ == 0) {
    frames_to_latency_ = frames_per_latency_sample;
    const std::chrono::duration<double> took = services_.clock.steady_now() - now;
    metrics_.added_latency_seconds.observe(took.count());
  }
}

std::string_view CallBridgeImpl::zeros_as_base64(std::size_t bytes) {
  if (base64::decoded_size(zero_base64_) != bytes) zero_base64_ = base64::encode(Bytes(bytes, 0));
  return zero_base64_;
}

void CallBridgeImpl::forward(std::string_view base64, std::span<const std::int16_t> samples,
                             Duration call_time) {
  if (session_ && early_.empty()) {
    append(base64, samples, call_time);
    return;
  }
  tally_.early_frames_dropped +=
      early_.push(base64, call_time, time_of_position(static_cast<std::int64_t>(samples.size())));
  if (session_) drain_early();
}

// Two frames for each that came: what waited is given at twice real time at most.
void CallBridgeImpl::drain_early() {
  for (int i = 0; i < 2 && !early_.empty(); ++i) {
    const EarlyFrame& frame = early_.front();
    if (base64::decode_to(frame.base64, decoded_caller_))
      append(frame.base64, samples_of(decoded_caller_), frame.call_time);
    early_.pop();
  }
}

void CallBridgeImpl::append(std::string_view base64, std::span<const std::int16_t> samples,
                            Duration call_time) {
  if (to_session_) {
    resampled_.clear();
    to_session_->process(samples, resampled_);
    resampled_base64_.clear();
    base64::encode_to(bytes_of(resampled_), resampled_base64_);
    base64 = resampled_base64_;
  }
  if (!base64.empty() && !session_->append_audio(base64)) {
    ++tally_.appends_refused;
    return;
  }
  machine_.appended(call_time, time_of_position(static_cast<std::int64_t>(samples.size())));
}

// ---- assistant to caller

void CallBridgeImpl::on_assistant_audio(const AssistantAudio& audio) {
  const SteadyTime now = services_.clock.steady_now();
  ++tally_.assistant_deltas;
  audio_actions_.clear();
  const ItemNumber item =
      machine_.audio_arrived(now, audio.response_id, audio.item_id, audio_actions_);
  if (!audio_actions_.empty()) perform(audio_actions_, now);
  if (item == no_item) {
    ++tally_.assistant_deltas_late;
    return;
  }
  if (to_phone_) {
    if (item != to_phone_item_) to_phone_carry_.reset();
    to_phone_item_ = item;
    offer(now, item, to_phone_rate(audio));
  } else {
    offer(now, item, audio.base64);
  }
  if (machine_.has_complete_item()) perform(machine_.save_complete_items(), now);
  if (!pacer_.empty()) rearm_timer();
}

std::string_view CallBridgeImpl::to_phone_rate(const AssistantAudio& audio) {
  to_phone_base64_.clear();
  if (!base64::decode_to(audio.base64, decoded_assistant_)) {
    ++tally_.assistant_deltas_refused;
    return {};
  }
  if (to_phone_carry_) decoded_assistant_.insert(decoded_assistant_.begin(), *to_phone_carry_);
  to_phone_carry_.reset();
  if (decoded_assistant_.size() % 2 != 0) to_phone_carry_ = decoded_assistant_.back();
  resampled_.clear();
  to_phone_->process(samples_of(decoded_assistant_), resampled_);
  base64::encode_to(bytes_of(resampled_), to_phone_base64_);
  return to_phone_base64_;
}

// The resampler holds an utterance's last samples back until it is told that they are the last.
void CallBridgeImpl::flush_to_phone(const std::string& item_id) {
  if (!to_phone_) return;
  resampled_.clear();
  to_phone_->flush(resampled_);
  to_phone_carry_.reset();
  const SteadyTime now = services_.clock.steady_now();
  audio_actions_.clear();
  const ItemNumber item = machine_.audio_arrived(now, "", item_id, audio_actions_);
  if (item == no_item || item != to_phone_item_ || resampled_.empty()) return;
  to_phone_base64_.clear();
  base64::encode_to(bytes_of(resampled_), to_phone_base64_);
  offer(now, item, to_phone_base64_);
}

void CallBridgeImpl::offer(SteadyTime now, ItemNumber item, std::string_view base64) {
  const PacerOffer offered = pacer_.offer(item, machine_.generated_of(item), base64);
  machine_.generated(item, offered.samples);
  if (!offered.accepted) {
    machine_.lost(item, offered.samples);
    if (offered.samples == 0) ++tally_.assistant_deltas_refused;
    tally_.backlog_samples_dropped += static_cast<std::uint64_t>(offered.samples);
    return;
  }
  pump(now);
  pacer_.keep();
}

void CallBridgeImpl::pump(SteadyTime now) {
  while (const auto piece = pacer_.take(machine_.play_out().queued_samples(now)))
    send_piece(now, *piece);
  if (machine_.has_complete_item()) perform(machine_.save_complete_items(), now);
}

void CallBridgeImpl::send_piece(SteadyTime now, const PacerPiece& piece) {
  const bool is_whole = base64::decode_to(piece.base64, decoded_assistant_) &&
                        decoded_assistant_.size() == static_cast<std::size_t>(piece.samples) * 2;
  if (!is_whole) {
    ++tally_.assistant_deltas_refused;
    machine_.lost(piece.item, piece.samples);
    return;
  }
  if (!caller_ || !caller_->audio().send_audio(piece.base64)) {
    ++tally_.pieces_refused;
    machine_.lost(piece.item, piece.samples);
    return;
  }
  const SteadyTime plays_at = machine_.sent(now, piece.item, piece.first_sample, piece.samples);
  // What is sent in private time and plays after it is lost to the tap: no more than the lead.
  if (machine_.is_private()) std::ranges::fill(decoded_assistant_, std::uint8_t{0});
  witness_->assistant(position_of(plays_at), samples_of(decoded_assistant_));
  ++tally_.pieces_sent;
}

}  // namespace earshot::bridge
