// The second step of an alignment: which samples are worth looking at, and what they say.
#include "recording/alignment.hpp"
#include "recording/detail/level_scale.hpp"
#include "recording/detail/mapping_pieces.hpp"
#include "recording/waveform_match.hpp"

#include <algorithm>
#include <cmath>

namespace earshot::recording {

namespace {

// What the levels' estimate may be wrong by beyond its scatter.
constexpr double levels_error_ms = 10;

// A window for about each of these; more would be read for nothing.
constexpr Duration one_window_each = 8s;
// Sum of decibels above the floor over a window's slots: less is hardly a syllable.
constexpr double worth_min = 150;

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

double worth_between(const std::vector<float>& worth, std::int64_t from, std::int64_t to) {
  double sum = 0;
  for (std::int64_t k = from; k < std::min(to, static_cast<std::int64_t>(worth.size())); ++k)
    sum += double{worth[static_cast<std::size_t>(k)]};
  return sum;
}

std::optional<WaveformWindow> window_in(const AlignedWindow& levels, Duration from, Duration to,
                                        const StretchAlignment& stretch,
                                        const std::vector<float>& worth,
                                        const AlignmentOptions& options) {
  const std::int64_t slots = options.window_length / level_slot;
  const std::int64_t start = best_start(worth, from / level_slot, to / level_slot, slots);
  if (worth_between(worth, start, start + slots) < worth_min) return {};
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
  for (const AlignedWindow& levels : alignment.windows) {
    const auto parts = std::max<std::int64_t>(1, (levels.to - levels.from) / one_window_each);
    const Duration step = (levels.to - levels.from) / parts;
    for (std::int64_t i = 0; i < parts; ++i) {
      const auto window = window_in(levels, levels.from + i * step, levels.from + (i + 1) * step,
                                    alignment.stretches[levels.stretch],
                                    worth[levels.side == Speaker::caller ? 0 : 1], options);
      if (window) windows.push_back(*window);
    }
  }
  // When there are too many, evenly spread ones: lines need both their ends.
  const std::size_t count = windows.size();
  if (count <= options.windows_max) return windows;
  std::vector<WaveformWindow> chosen;
  chosen.reserve(options.windows_max);
  for (std::size_t i = 0; i < options.windows_max; ++i)
    chosen.push_back(windows[i * count / options.windows_max]);
  return chosen;
}

namespace {

std::optional<AlignedWindow> match_window(const FetchedWindow& fetched, const AlignedWindow& levels,
                                          const RecordedStretch& stretch) {
  const WaveformWindow& window = fetched.window;
  const auto match = find_waveform(prepare_for_match(fetched.tap, fetched.tap_rate_hz),
                                   prepare_for_match(fetched.recorded, fetched.recorded_rate_hz));
  if (!match) return {};
  const double shift_ms =
      ms_of(stretch.nominal_of(window.first_frame) - window.tap_from) + match->offset_ms;
  // Another syllable that resembles it, rather than a finer place.
  if (std::abs(shift_ms - levels.shift_ms) > 4 * levels.sigma_ms + levels_error_ms) return {};
  AlignedWindow refined = levels;
  refined.from = window.tap_from;
  refined.to = window.tap_from + window.tap_length;
  refined.at = window.tap_from + window.tap_length / 2;
  refined.shift_ms = shift_ms;
  refined.sigma_ms = match->sigma_ms;
  refined.starts_run = false;
  refined.basis = MappingBasis::waveform;
  return refined;
}

// In the place of one window of levels, those of its waveform; ascending.
void replace(const AlignedWindow& levels, std::vector<AlignedWindow> found,
             std::vector<AlignedWindow>& out) {
  if (found.empty()) {
    out.push_back(levels);
    return;
  }
  std::ranges::sort(found, {}, &AlignedWindow::from);
  found.front().starts_run = levels.starts_run;
  found.front().from = std::min(found.front().from, levels.from);
  found.back().to = std::max(found.back().to, levels.to);
  out.insert(out.end(), found.begin(), found.end());
}

}  // namespace

Alignment refine(Alignment alignment, std::span<const FetchedWindow> fetched,
                 const AlignmentOptions& options) {
  std::vector<AlignedWindow> windows;
  for (const AlignedWindow& levels : alignment.windows) {
    StretchAlignment& stretch = alignment.stretches[levels.stretch];
    AlignmentQuality& quality = levels.side == Speaker::caller ? stretch.caller : stretch.assistant;
    std::vector<AlignedWindow> found;
    for (const FetchedWindow& one : fetched) {
      if (one.window.side != levels.side || one.window.stretch != levels.stretch ||
          one.window.tap_from < levels.from || one.window.tap_from >= levels.to)
        continue;
      ++quality.waveform_windows;
      const auto refined = match_window(one, levels, stretch.stretch);
      if (!refined) continue;
      ++quality.waveform_windows_agreeing;
      found.push_back(*refined);
    }
    replace(levels, std::move(found), windows);
  }
  alignment.windows = std::move(windows);
  detail::make_mapping(alignment, options);
  return alignment;
}

}  // namespace earshot::recording
