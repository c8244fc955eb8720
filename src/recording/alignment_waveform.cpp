// The second step of an alignment: which samples are worth looking at, and what they say.
#include "recording/alignment.hpp"
#include "recording/detail/level_scale.hpp"
#include "recording/detail/mapping_pieces.hpp"
#include "recording/waveform_match.hpp"

#include <algorithm>
#include <cmath>

namespace earshot::recording {

namespace {

double ms_of(Duration duration) { return static_cast<double>(duration.count()) / 1000; }

// What each slot is worth to a waveform window: loudness of the side, nothing while the other one
// can be heard over it.
std::vector<float> worth_of(const CallLevels& call, Speaker side, const AlignmentOptions& options) {
  using namespace detail;
  const Speaker other = side == Speaker::caller ? Speaker::assistant : Speaker::caller;
  std::vector<float> worth = decibels_above_floor(
      call.of(side),
      scale_of(call.of(side), side == Speaker::assistant ? NoData::silence : NoData::unknown));
  if (options.channels == RecordingChannels::unmixed) return worth;
  const LevelScale scale =
      scale_of(call.of(other), other == Speaker::assistant ? NoData::silence : NoData::unknown);
  if (!scale.has_speech) return worth;
  const auto disturbed =
      dilated(at_least(call.of(other), scale.quiet_dbfs), options.guard / level_slot);
  for (std::size_t k = 0; k < worth.size(); ++k)
    if (disturbed[k]) worth[k] = 0;
  return worth;
}

// The slot from which `length` slots within the window are worth most.
std::int64_t best_start(const std::vector<float>& worth, std::int64_t from, std::int64_t to,
                        std::int64_t length) {
  from = std::max<std::int64_t>(from, 0);
  to = std::min(to, static_cast<std::int64_t>(worth.size()));
  double sum = 0;
  double most = -1;
  std::int64_t best = from;
  for (std::int64_t k = from; k < to; ++k) {
    sum += double{worth[static_cast<std::size_t>(k)]};
    if (k - from >= length) sum -= double{worth[static_cast<std::size_t>(k - length)]};
    if (sum <= most) continue;
    most = sum;
    best = std::max(from, k - length + 1);
  }
  return best;
}

std::optional<WaveformWindow> window_in(const AlignedWindow& levels,
                                        const StretchAlignment& stretch,
                                        const std::vector<float>& worth,
                                        const AlignmentOptions& options) {
  const std::int64_t slots = options.window_length / level_slot;
  const std::int64_t start =
      best_start(worth, levels.from / level_slot, levels.to / level_slot, slots);
  const RecordedStretch& recorded = stretch.stretch;
  WaveformWindow window{.side = levels.side,
                        .stretch = levels.stretch,
                        .tap_from = start * level_slot,
                        .tap_length = options.window_length,
                        .chunk = recorded.chunk,
                        .channel = stretch.of(levels.side).channel};
  const Duration nominal = window.tap_from + Duration(std::llround(levels.shift_ms * 1000)) -
                           options.waveform_search - recorded.nominal_start;
  const auto frame_at = [&](Duration time) {
    return static_cast<std::int64_t>(static_cast<double>(time.count()) * 1e-6 * recorded.rate_hz);
  };
  const std::int64_t first = frame_at(nominal);
  const std::int64_t count = frame_at(options.window_length + 2 * options.waveform_search);
  if (first < 0 || first + count > static_cast<std::int64_t>(recorded.frames)) return {};
  window.first_frame = recorded.first_frame + static_cast<std::uint64_t>(first);
  window.frames = static_cast<std::uint64_t>(count);
  return window;
}

}  // namespace

std::vector<WaveformWindow> propose_windows(const Alignment& alignment, const CallLevels& call,
                                            const AlignmentOptions& options) {
  std::vector<WaveformWindow> windows;
  const std::vector<float> worth[2] = {worth_of(call, Speaker::caller, options),
                                       worth_of(call, Speaker::assistant, options)};
  // When there are too many, evenly spread ones: lines need both their ends.
  const std::size_t count = alignment.windows.size();
  const std::size_t wanted = std::min(count, options.windows_max);
  for (std::size_t i = 0; i < wanted; ++i) {
    const AlignedWindow& levels = alignment.windows[i * count / wanted];
    const auto window = window_in(levels, alignment.stretches[levels.stretch],
                                  worth[levels.side == Speaker::caller ? 0 : 1], options);
    if (window) windows.push_back(*window);
  }
  return windows;
}

Alignment refine(Alignment alignment, std::span<const FetchedWindow> fetched,
                 const AlignmentOptions& options) {
  for (const FetchedWindow& one : fetched) {
    const WaveformWindow& window = one.window;
    if (window.stretch >= alignment.stretches.size()) continue;
    StretchAlignment& stretch = alignment.stretches[window.stretch];
    AlignmentQuality& quality = window.side == Speaker::caller ? stretch.caller : stretch.assistant;
    ++quality.waveform_windows;
    const auto match = find_waveform(prepare_for_match(one.tap, one.tap_rate_hz),
                                     prepare_for_match(one.recorded, one.recorded_rate_hz));
    if (!match) continue;
    const double shift_ms =
        ms_of(stretch.stretch.nominal_of(window.first_frame) - window.tap_from) + match->offset_ms;
    for (AlignedWindow& levels : alignment.windows) {
      if (levels.stretch != window.stretch || levels.side != window.side ||
          window.tap_from < levels.from || window.tap_from >= levels.to)
        continue;
      ++quality.waveform_windows_agreeing;
      levels.shift_ms = shift_ms;
      levels.sigma_ms = match->sigma_ms;
      levels.basis = MappingBasis::waveform;
      break;
    }
  }
  detail::make_mapping(alignment, options);
  return alignment;
}

}  // namespace earshot::recording
