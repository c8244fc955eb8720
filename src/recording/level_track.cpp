#include "recording/level_track.hpp"

#include "domain/level_meter.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace earshot::recording {

namespace {

constexpr std::int64_t slots_per_second = ledger_slots_per_second;

void keep_data(std::uint8_t& kept, std::uint8_t other) {
  if (kept == level_no_data) kept = other;
}

void add_witnessed(std::vector<SlotRange>& ranges, std::int64_t second) {
  const SlotRange range{second * slots_per_second, (second + 1) * slots_per_second};
  if (!ranges.empty() && ranges.back().to == range.from)
    ranges.back().to = range.to;
  else
    ranges.push_back(range);
}

void merge_ranges(std::vector<SlotRange>& ranges) {
  std::ranges::sort(ranges, {}, &SlotRange::from);
  std::vector<SlotRange> merged;
  for (const SlotRange& range : ranges) {
    if (!merged.empty() && range.from <= merged.back().to)
      merged.back().to = std::max(merged.back().to, range.to);
    else
      merged.push_back(range);
  }
  ranges = std::move(merged);
}

void add_second(CallLevels& levels, const LedgerSecond& second) {
  const std::size_t from = std::size_t{second.second} * ledger_slots_per_second;
  const std::size_t to = from + ledger_slots_per_second;
  if (levels.caller.size() < to) {
    levels.caller.resize(to, level_no_data);
    levels.assistant.resize(to, level_no_data);
  }
  for (std::size_t i = 0; i < ledger_slots_per_second; ++i) {
    keep_data(levels.caller[from + i], second.caller_levels[i]);
    keep_data(levels.assistant[from + i], second.assistant_levels[i]);
  }
  add_witnessed(levels.witnessed, second.second);
  const auto slot = static_cast<std::int64_t>(from);
  if (second.events & LedgerSecond::event_stop_audio) levels.assistant_breaks.push_back(slot);
  if (second.events & (LedgerSecond::event_socket_back | LedgerSecond::event_caller_reanchored))
    levels.caller_breaks.push_back(slot);
}

}  // namespace

CallLevels call_levels(std::span<const LedgerContents> runs) {
  CallLevels levels;
  for (const LedgerContents& run : runs) {
    if (!run.seconds.empty() && run.seconds.front().second < call_seconds_max) {
      const auto first = std::int64_t{run.seconds.front().second} * slots_per_second;
      levels.assistant_breaks.push_back(first);
      levels.caller_breaks.push_back(first);
    }
    for (const LedgerSecond& second : run.seconds) {
      if (second.second < call_seconds_max)
        add_second(levels, second);
      else
        ++levels.seconds_refused;
    }
  }
  merge_ranges(levels.witnessed);
  for (auto* breaks : {&levels.assistant_breaks, &levels.caller_breaks}) {
    std::ranges::sort(*breaks);
    breaks->erase(std::unique(breaks->begin(), breaks->end()), breaks->end());
  }
  return levels;
}

// --- layout ---

namespace {

Duration time_of_frames(std::uint64_t frames, std::uint32_t rate_hz) {
  if (rate_hz == 0) return Duration{0};
  const std::uint64_t seconds = frames / rate_hz;
  const std::uint64_t rest = frames % rate_hz;
  return Duration(
      static_cast<std::int64_t>(seconds * 1'000'000 + (rest * 1'000'000 + rate_hz / 2) / rate_hz));
}

std::uint64_t frames_in(Duration duration, std::uint32_t rate_hz) {
  if (duration <= Duration{0}) return 0;
  const auto count = static_cast<std::uint64_t>(duration.count());
  return count / 1'000'000 * rate_hz + (count % 1'000'000 * rate_hz + 500'000) / 1'000'000;
}

struct Pause {
  Duration from;  // call time
  Duration to;
};

std::uint64_t frames_of(const ChunkToLayOut& item) {
  if (item.frames != 0) return item.frames;
  const std::uint32_t frame_bytes = item.chunk.format.frame_bytes();
  return frame_bytes == 0 ? 0 : item.chunk.data_bytes / frame_bytes;
}

Duration audio_length(const ChunkToLayOut& item) {
  return time_of_frames(frames_of(item), item.chunk.format.sample_rate_hz);
}

// The metadata's pauses, and ours where it lists none nearby. Ascending, without overlap.
std::vector<Pause> pauses_of(const ChunkToLayOut& item, std::span<const RecordingPause> commanded,
                             WallTime zero) {
  constexpr Duration same_within = 5s;
  std::vector<Pause> pauses;
  for (const ChunkPause& pause : item.pauses)
    if (pause.duration > Duration{0})
      pauses.push_back({pause.start - zero, pause.start - zero + pause.duration});
  const std::size_t listed = pauses.size();
  for (const RecordingPause& ours : commanded) {
    if (ours.recording != item.chunk.recording || !ours.to || *ours.to <= ours.from) continue;
    const Pause pause{ours.from - zero, *ours.to - zero};
    const bool known = std::any_of(
        pauses.begin(), pauses.begin() + static_cast<long>(listed), [&](const Pause& other) {
          return pause.from < other.to + same_within && other.from < pause.to + same_within;
        });
    if (!known) pauses.push_back(pause);
  }
  std::ranges::sort(pauses, {}, &Pause::from);
  std::vector<Pause> apart;
  for (const Pause& pause : pauses) {
    if (!apart.empty() && pause.from < apart.back().to)
      apart.back().to = std::max(apart.back().to, pause.to);
    else
      apart.push_back(pause);
  }
  return apart;
}

// The chunk's duration covers its pauses, and so do its samples: silence was written.
bool pauses_are_in_the_audio(const ChunkToLayOut& item, const std::vector<Pause>& pauses,
                             Duration start, std::optional<Duration> next_start) {
  constexpr Duration near = 500ms;
  Duration paused{0};
  for (const Pause& pause : pauses) paused += pause.to - pause.from;
  if (paused < 2 * near) return false;
  // Whether `duration` counts pauses is not known; where the next chunk begins tells more.
  if (!next_start) return false;
  const Duration reach = *next_start - start;
  const auto off = [&](Duration length) { return std::chrono::abs(reach - length); };
  return off(audio_length(item)) < near && off(audio_length(item) + paused) > near;
}

void cut_at_pauses(const RecordedStretch& whole, const std::vector<Pause>& pauses,
                   bool silence_written, std::vector<RecordedStretch>& out) {
  const std::uint64_t end = whole.first_frame + whole.frames;
  RecordedStretch stretch = whole;
  for (const Pause& pause : pauses) {
    const Duration until = pause.from - stretch.nominal_start;
    const std::uint64_t frames = frames_in(until, stretch.rate_hz);
    const std::uint64_t left = end - stretch.first_frame;
    // Began before the chunk, or after its last sample: it moves nothing in between.
    if (pause.to <= stretch.nominal_start || frames >= left) continue;
    if (frames > 0) {
      stretch.frames = frames;
      out.push_back(stretch);
    }
    const std::uint64_t skipped =
        silence_written ? std::min(frames_in(pause.to - pause.from, stretch.rate_hz), left - frames)
                        : 0;
    stretch.first_frame += frames + skipped;
    stretch.nominal_start = std::max(pause.to, stretch.nominal_start);
    stretch.frames = end - stretch.first_frame;
  }
  stretch.frames = end - stretch.first_frame;
  if (stretch.frames > 0) out.push_back(stretch);
}

// The end on the nominal clock, pauses counted.
Duration nominal_end(const ChunkToLayOut& item, Duration start, const std::vector<Pause>& pauses) {
  Duration end = start + audio_length(item);
  for (const Pause& pause : pauses)
    if (pause.from >= start && pause.from < end) end += pause.to - pause.from;
  return end;
}

}  // namespace

Duration RecordedStretch::length() const { return time_of_frames(frames, rate_hz); }

Duration RecordedStretch::nominal_of(std::uint64_t frame) const {
  return frame >= first_frame ? nominal_start + time_of_frames(frame - first_frame, rate_hz)
                              : nominal_start - time_of_frames(first_frame - frame, rate_hz);
}

std::vector<RecordedStretch> lay_out(std::span<const ChunkToLayOut> chunks,
                                     std::span<const RecordingPause> commanded,
                                     WallTime call_time_zero, std::optional<WallTime> active_at) {
  // Starts that metadata gives, then those that follow from a neighbour's.
  std::vector<std::optional<Duration>> starts(chunks.size());
  std::vector<std::vector<Pause>> pauses(chunks.size());
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    pauses[i] = pauses_of(chunks[i], commanded, call_time_zero);
    if (chunks[i].chunk.start) starts[i] = *chunks[i].chunk.start - call_time_zero;
  }
  const auto follows = [&](std::size_t i) {
    return i > 0 && chunks[i - 1].chunk.index.value + 1 == chunks[i].chunk.index.value;
  };
  for (std::size_t i = 0; i < chunks.size(); ++i)
    if (!starts[i] && follows(i) && starts[i - 1])
      starts[i] = nominal_end(chunks[i - 1], *starts[i - 1], pauses[i - 1]);
  for (std::size_t i = chunks.size(); i-- > 1;)
    if (!starts[i - 1] && follows(i) && starts[i])
      starts[i - 1] = *starts[i] - audio_length(chunks[i - 1]);

  std::vector<RecordedStretch> out;
  Duration fallback = active_at ? *active_at - call_time_zero : Duration{0};
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const ChunkToLayOut& item = chunks[i];
    const Duration start = starts[i].value_or(fallback);
    const RecordedStretch whole{.recording = item.chunk.recording,
                                .chunk = item.chunk.index,
                                .first_frame = 0,
                                .frames = frames_of(item),
                                .rate_hz = item.chunk.format.sample_rate_hz,
                                .nominal_start = start,
                                .start_is_known = item.chunk.start.has_value()};
    if (whole.rate_hz == 0 || whole.frames == 0) continue;
    const auto next = i + 1 < chunks.size() && follows(i + 1) ? starts[i + 1] : std::nullopt;
    cut_at_pauses(whole, pauses[i], pauses_are_in_the_audio(item, pauses[i], start, next), out);
    fallback = nominal_end(item, start, pauses[i]);
  }
  return out;
}

// --- metering ---

namespace {

std::int16_t sample_at(const std::uint8_t* at, std::uint16_t bits) {
  // The two topmost bytes: more than a level needs.
  switch (bits) {
    case 8:
      return static_cast<std::int16_t>((int{at[0]} - 128) * 256);
    case 16:
      return static_cast<std::int16_t>(at[0] | at[1] << 8);
    case 24:
      return static_cast<std::int16_t>(at[1] | at[2] << 8);
    case 32:
      return static_cast<std::int16_t>(at[2] | at[3] << 8);
    default:
      return 0;
  }
}

std::uint64_t frame_of_slot(std::uint64_t slot, std::uint32_t rate_hz) {
  return slot * rate_hz / ledger_slots_per_second;
}

}  // namespace

ChunkLevelMeter::ChunkLevelMeter(AudioFormat format, std::vector<RecordedStretch> stretches)
    : format_(format), samples_(format.channels) {
  for (RecordedStretch& stretch : stretches) {
    StretchLevels levels{.stretch = std::move(stretch), .channels = {}};
    levels.channels.resize(format.channels);
    levels_.push_back(std::move(levels));
  }
  if (format_.frame_bytes() == 0 || format_.sample_rate_hz < ledger_slots_per_second)
    at_ = levels_.size();
  open_slot();
}

void ChunkLevelMeter::open_slot() {
  while (at_ < levels_.size()) {
    const RecordedStretch& stretch = levels_[at_].stretch;
    const std::uint64_t slot = levels_[at_].channels[0].size();
    const std::uint64_t begin = stretch.first_frame + frame_of_slot(slot, format_.sample_rate_hz);
    slot_end_ = std::min(stretch.first_frame + frame_of_slot(slot + 1, format_.sample_rate_hz),
                         stretch.first_frame + stretch.frames);
    if (begin < stretch.first_frame + stretch.frames) return;
    ++at_;
  }
}

void ChunkLevelMeter::end_slot() {
  // A slot of less than a half would be louder or quieter than its neighbours by chance.
  const bool enough = samples_[0].size() * 2 >= format_.sample_rate_hz / ledger_slots_per_second;
  for (std::size_t channel = 0; channel < samples_.size(); ++channel) {
    levels_[at_].channels[channel].push_back(enough ? level_of(samples_[channel]) : level_no_data);
    samples_[channel].clear();
  }
}

void ChunkLevelMeter::take_frame(const std::uint8_t* frame) {
  if (at_ < levels_.size() && frame_ >= levels_[at_].stretch.first_frame) {
    const std::size_t sample_bytes = format_.bits_per_sample / 8;
    for (std::size_t channel = 0; channel < samples_.size(); ++channel)
      samples_[channel].push_back(
          sample_at(frame + channel * sample_bytes, format_.bits_per_sample));
    if (frame_ + 1 == slot_end_) {
      end_slot();
      open_slot();
    }
  }
  ++frame_;
}

void ChunkLevelMeter::feed(ByteView bytes) {
  const std::size_t frame_bytes = format_.frame_bytes();
  if (frame_bytes == 0) return;
  if (!partial_.empty()) {
    const std::size_t taken = std::min(frame_bytes - partial_.size(), bytes.size());
    partial_.insert(partial_.end(), bytes.begin(), bytes.begin() + static_cast<long>(taken));
    bytes = bytes.subspan(taken);
    if (partial_.size() < frame_bytes) return;
    take_frame(partial_.data());
    partial_.clear();
  }
  const std::size_t whole = bytes.size() / frame_bytes * frame_bytes;
  for (std::size_t at = 0; at < whole; at += frame_bytes) take_frame(bytes.data() + at);
  partial_.assign(bytes.begin() + static_cast<long>(whole), bytes.end());
}

std::vector<StretchLevels> ChunkLevelMeter::finish() {
  if (at_ < levels_.size() && !samples_.empty() && !samples_[0].empty()) end_slot();
  for (StretchLevels& levels : levels_) {
    RecordedStretch& stretch = levels.stretch;
    const std::uint64_t there = frame_ > stretch.first_frame ? frame_ - stretch.first_frame : 0;
    stretch.frames = std::min(stretch.frames, there);
  }
  std::erase_if(levels_, [](const StretchLevels& levels) { return levels.stretch.frames == 0; });
  return std::move(levels_);
}

std::vector<std::int16_t> decode_pcm(ByteView bytes, const AudioFormat& format,
                                     std::optional<std::uint32_t> channel) {
  std::vector<std::int16_t> out;
  const std::size_t frame_bytes = format.frame_bytes();
  const std::size_t sample_bytes = format.bits_per_sample / 8;
  if (frame_bytes == 0 || (channel && *channel >= format.channels)) return out;
  out.reserve(bytes.size() / frame_bytes);
  for (std::size_t at = 0; at + frame_bytes <= bytes.size(); at += frame_bytes) {
    const std::uint8_t* frame = bytes.data() + at;
    if (channel) {
      out.push_back(sample_at(frame + *channel * sample_bytes, format.bits_per_sample));
      continue;
    }
    int sum = 0;
    for (std::size_t i = 0; i < format.channels; ++i)
      sum += sample_at(frame + i * sample_bytes, format.bits_per_sample);
    out.push_back(static_cast<std::int16_t>(sum / format.channels));
  }
  return out;
}

}  // namespace earshot::recording
