#include "recording/discovery_progress.hpp"

#include "recording/chunk_name.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::recording {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

struct Span {
  WallTime from;
  WallTime to;
};

// ACS's word on pauses where there is one, else what we commanded. Both would count them twice.
std::vector<Span> pauses_of(const ProgressInput& input, WallTime end) {
  std::vector<Span> spans;
  spans.reserve(std::max(input.acs_pauses.size(), input.our_pauses.size()));
  for (const auto& pause : input.acs_pauses)
    spans.push_back({pause.start, pause.start + pause.duration});
  if (!spans.empty()) return spans;
  for (const auto& pause : input.our_pauses) spans.push_back({pause.from, pause.to.value_or(end)});
  return spans;
}

Duration paused_within(const std::vector<Span>& pauses, WallTime from, WallTime to) {
  Duration total{};
  for (const auto& pause : pauses) {
    const auto begin = std::max(pause.from, from);
    const auto end = std::min(pause.to, to);
    if (end > begin) total += end - begin;
  }
  return total;
}

// The wall time of the last sample. Paused time is left out of the audio, so it pushes it on.
WallTime last_sample(const ProgressInput& input, const std::vector<Span>& pauses, WallTime end) {
  const auto& last = input.chunks.back();
  if (last.start) return *last.start + length_of(last) + paused_within(pauses, *last.start, end);
  Duration audio{};
  for (const auto& chunk : input.chunks) audio += length_of(chunk);
  return input.start + audio + paused_within(pauses, input.start, end);
}

std::string first_hole(const std::vector<Chunk>& chunks) {
  if (chunks.empty()) return "no chunk was found";
  for (std::uint32_t i = 0; i < chunks.size(); ++i) {
    if (chunks[i].index.value != i) return fmt::format("chunk {} is missing", i);
    if (chunks[i].data_bytes == 0) return fmt::format("chunk {} holds no audio", i);
  }
  return "";
}

}  // namespace

Duration length_of(const Chunk& chunk) {
  if (chunk.format.frame_bytes() > 0) return chunk.audio_duration();
  return chunk.data_bytes > 0 ? chunk.duration.value_or(Duration{}) : Duration{};
}

Progress measure_progress(const ProgressInput& input) {
  Progress progress;
  for (const auto& chunk : input.chunks) progress.audio += length_of(chunk);
  progress.reason = first_hole(input.chunks);
  progress.consecutive = progress.reason.empty();
  if (!input.end) {
    if (progress.consecutive) progress.reason = "the recording's end is not known yet";
    return progress;
  }
  if (input.chunks.empty()) return progress;
  const auto last = last_sample(input, pauses_of(input, *input.end), *input.end);
  progress.missing = std::max(Duration{}, *input.end - last);
  progress.reaches_end = progress.missing <= input.tolerance;
  progress.may_reach_end =
      progress.reaches_end ||
      (input.end_after && last + input.tolerance >= std::min(*input.end_after, *input.end));
  if (progress.consecutive && !progress.reaches_end && progress.may_reach_end)
    progress.reason = fmt::format(
        "the recording ended unseen, up to {:.1f} s after its last sample: more may appear",
        seconds(progress.missing));
  else if (progress.consecutive && !progress.reaches_end)
    progress.reason = fmt::format("the last chunk ends {:.1f} s before the recording did",
                                  seconds(progress.missing));
  return progress;
}

std::vector<ChunkIndex> missing_chunks(const std::vector<Chunk>& chunks) {
  std::vector<ChunkIndex> missing;
  std::uint32_t next = 0;
  const RecordingId* recording = nullptr;
  for (const auto& chunk : chunks) {
    if (recording == nullptr || chunk.recording != *recording) next = 0;
    recording = &chunk.recording;
    for (; next < chunk.index.value && next <= chunk_index_max; ++next) missing.push_back({next});
    if (chunk.data_bytes == 0) missing.push_back(chunk.index);
    next = chunk.index.value + 1;
  }
  return missing;
}

}  // namespace earshot::recording
