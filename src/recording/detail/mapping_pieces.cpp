#include "recording/detail/mapping_pieces.hpp"

#include "recording/detail/shift_fit.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace earshot::recording::detail {

namespace {

constexpr double sigmas = 3;
constexpr double usual_drift_ms_per_s = 0.1;
// The drift of the clocks is known once it is known this well.
constexpr double slope_known_ms_per_s = 0.03;
// What single estimates scatter by beyond their own error.
constexpr double levels_scatter_ms = 0.7;
constexpr double waveform_scatter_ms = 0.15;
// What an estimate may be wrong by beyond its scatter.
constexpr double levels_error_ms = 3;
constexpr double waveform_error_ms = 0.5;
// Pieces have constant shifts: a line is cut so that none strays further than this from it.
constexpr double levels_stray_ms = 2;
constexpr double waveform_stray_ms = 0.5;
constexpr std::size_t cuts_max = 4000;
// Further than this from any estimate, drift that nobody saw is allowed for.
constexpr Duration far_from_evidence = 30s;

double seconds(Duration duration) { return static_cast<double>(duration.count()) * 1e-6; }
Duration from_ms(double ms) { return Duration(std::llround(ms * 1000)); }

// Call time in which one line holds, with where its evidence begins and ends.
struct Tile {
  Duration from{0};
  Duration to{0};
  Duration evidence_from{0};
  Duration evidence_to{0};
  std::size_t line = 0;
  MappingBasis basis = MappingBasis::levels;
  bool seen = true;  // false: a run of which nothing was found
};

class SideMapper {
 public:
  SideMapper(const RecordedStretch& stretch, Speaker side, const AlignmentOptions& options,
             std::vector<MappingPiece>& out)
      : stretch_(stretch), side_(side), options_(options), out_(out) {}

  // First of all, and again once both sides' slopes are known.
  void fit(std::span<const AlignedWindow> windows, Slope common);
  std::span<const ShiftPiece> lines() const { return lines_; }
  void cover(std::span<const AlignedWindow> windows, std::span<const DelayRun> runs,
             AlignmentQuality& quality);

 private:
  void tile_run(const DelayRun& run, std::span<const AlignedWindow> windows);
  void add(Tile tile);
  void emit(const Tile& tile);
  void emit_cuts(const Tile& tile, Duration from, Duration to);
  void emit_far(const Tile& tile, Duration from, Duration to);
  void emit_unseen(const Tile& tile);
  void push(Duration from, Duration to, double shift_ms, double uncertainty_ms, MappingBasis basis);
  double uncertainty_ms(const Tile& tile, Duration from, Duration to) const;
  const ShiftPiece& line_of(const Tile& tile) const { return lines_[tile.line]; }

  const RecordedStretch& stretch_;
  Speaker side_;
  const AlignmentOptions& options_;
  std::vector<MappingPiece>& out_;
  std::vector<ShiftPiece> lines_;
  std::vector<std::size_t> line_of_window_;
  std::size_t next_window_ = 0;  // not in a run yet
  std::vector<Tile> tiles_;
};

void SideMapper::fit(std::span<const AlignedWindow> windows, Slope common) {
  std::vector<ShiftPoint> points;
  for (const AlignedWindow& window : windows)
    points.push_back({.at_s = seconds(window.at),
                      .shift_ms = window.shift_ms,
                      .sigma_ms = std::hypot(window.sigma_ms, window.basis == MappingBasis::waveform
                                                                  ? waveform_scatter_ms
                                                                  : levels_scatter_ms),
                      .may_change = window.starts_run});
  FitOptions fit;
  fit.slope_max_ms_per_s = options_.drift_ppm_max * 1e-3;
  fit.common_slope = common.ms_per_s;
  fit.sigma_common_slope = common.sigma;
  lines_ = fit_pieces(points, fit);
  line_of_window_.resize(windows.size());
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    for (std::size_t k = lines_[i].first; k <= lines_[i].last; ++k) line_of_window_[k] = i;
  }
}

// Neighbours on one line are one tile.
void SideMapper::add(Tile tile) {
  if (tile.to <= tile.from) return;
  if (!tiles_.empty()) {
    Tile& last = tiles_.back();
    if (last.seen && tile.seen && last.line == tile.line && last.basis == tile.basis &&
        last.to == tile.from) {
      last.to = tile.to;
      last.evidence_to = tile.evidence_to;
      return;
    }
  }
  tiles_.push_back(tile);
}

void SideMapper::tile_run(const DelayRun& run, std::span<const AlignedWindow> windows) {
  const std::size_t first = next_window_;
  while (next_window_ < windows.size() && windows[next_window_].from < run.to) ++next_window_;
  if (first == next_window_) {
    const std::size_t near = std::min(first, windows.size() - 1);
    add({.from = run.from, .to = run.to, .line = line_of_window_[near], .seen = false});
    return;
  }
  // One waveform vouches for the levels beside it, where they are on its line.
  std::vector<bool> has_waveform(lines_.size());
  for (std::size_t i = first; i < next_window_; ++i)
    if (windows[i].basis == MappingBasis::waveform) has_waveform[line_of_window_[i]] = true;
  Duration from = run.from;
  for (std::size_t i = first; i < next_window_;) {
    std::size_t last = i;
    while (last + 1 < next_window_ && line_of_window_[last + 1] == line_of_window_[i]) ++last;
    const std::size_t line = line_of_window_[i];
    const Duration to =
        last + 1 < next_window_ ? (windows[last].to + windows[last + 1].from) / 2 : run.to;
    add({.from = from,
         .to = to,
         .evidence_from = windows[i].from,
         .evidence_to = windows[last].to,
         .line = line,
         .basis = has_waveform[line] ? MappingBasis::waveform : MappingBasis::levels});
    from = to;
    i = last + 1;
  }
}

double SideMapper::uncertainty_ms(const Tile& tile, Duration from, Duration to) const {
  const ShiftPiece& line = line_of(tile);
  const double away =
      std::max(std::abs(seconds(from) - line.at_s), std::abs(seconds(to) - line.at_s));
  // A slope that nobody could measure is taken to be a usual one at most.
  const double slope = line.sigma_slope > 0 ? line.sigma_slope : usual_drift_ms_per_s / sigmas;
  const double scatter = std::hypot(line.sigma_ms, slope * away);
  const double stray = std::abs(line.slope_ms_per_s) * seconds(to - from) / 2;
  return sigmas * scatter + stray +
         (tile.basis == MappingBasis::waveform ? waveform_error_ms : levels_error_ms);
}

void SideMapper::push(Duration from, Duration to, double shift_ms, double uncertainty_ms,
                      MappingBasis basis) {
  if (to <= from) return;
  out_.push_back({.side = side_,
                  .recording = stretch_.recording,
                  .chunk = stretch_.chunk,
                  .from = from,
                  .to = to,
                  .shift = from_ms(shift_ms),
                  .uncertainty = from_ms(uncertainty_ms),
                  .basis = basis});
}

void SideMapper::emit_cuts(const Tile& tile, Duration from, Duration to) {
  const ShiftPiece& line = line_of(tile);
  const double stray = tile.basis == MappingBasis::waveform ? waveform_stray_ms : levels_stray_ms;
  const double span = std::abs(line.slope_ms_per_s) * seconds(to - from);
  const auto cuts =
      std::clamp<std::size_t>(static_cast<std::size_t>(std::ceil(span / (2 * stray))), 1, cuts_max);
  Duration begin = from;
  for (std::size_t i = 1; i <= cuts; ++i) {
    const Duration end = from + (to - from) * static_cast<long>(i) / static_cast<long>(cuts);
    push(begin, end, line.at((seconds(begin) + seconds(end)) / 2), uncertainty_ms(tile, begin, end),
         tile.basis);
    begin = end;
  }
}

// No estimate near: in steps, as the uncertainty grows.
void SideMapper::emit_far(const Tile& tile, Duration from, Duration to) {
  const ShiftPiece& line = line_of(tile);
  const double drift_max = options_.drift_ppm_max * 1e-3;
  const double drift =
      line.sigma_slope > 0 ? std::min(sigmas * line.sigma_slope, drift_max) : drift_max;
  const Duration step = 2 * far_from_evidence;
  for (Duration begin = from; begin < to; begin += step) {
    const Duration end = std::min(to, begin + step);
    const Duration away = std::max(tile.evidence_from - begin, end - tile.evidence_to);
    push(begin, end, line.at((seconds(begin) + seconds(end)) / 2),
         uncertainty_ms(tile, tile.evidence_from, tile.evidence_from) + drift * seconds(away),
         MappingBasis::levels);
  }
}

// Its delay may be another one; how far it can differ is all that is known.
void SideMapper::emit_unseen(const Tile& tile) {
  const ShiftPiece& line = line_of(tile);
  const double middle = (seconds(tile.from) + seconds(tile.to)) / 2;
  push(tile.from, tile.to, line.at(middle), static_cast<double>(options_.guard.count()) / 1000,
       MappingBasis::levels);
}

void SideMapper::emit(const Tile& tile) {
  if (!tile.seen) {
    emit_unseen(tile);
    return;
  }
  const Duration from = std::clamp(tile.evidence_from - far_from_evidence, tile.from, tile.to);
  const Duration to = std::clamp(tile.evidence_to + far_from_evidence, from, tile.to);
  emit_far(tile, tile.from, from);
  emit_cuts(tile, from, to);
  emit_far(tile, to, tile.to);
}

void SideMapper::cover(std::span<const AlignedWindow> windows, std::span<const DelayRun> runs,
                       AlignmentQuality& quality) {
  quality.windows = windows.size();
  quality.windows_agreeing = 0;
  if (windows.empty()) return;
  for (const ShiftPiece& line : lines_) quality.windows_agreeing += line.agreeing;
  const Duration begin =
      stretch_.nominal_start - from_ms(lines_.front().at(seconds(windows.front().from)));
  const Duration end =
      stretch_.nominal_end() - from_ms(lines_.back().at(seconds(windows.back().to)));
  for (DelayRun run : runs) {
    if (run.side != side_ || run.to <= begin || run.from >= end) continue;
    run.from = std::max(run.from, begin);
    tile_run(run, windows);
  }
  if (!tiles_.empty()) {
    tiles_.front().from = begin;
    tiles_.back().to = end;
  }
  for (const Tile& tile : tiles_) emit(tile);
}

// A side of which nothing is known follows the other one, as far as delays can differ.
void follow_other_side(std::vector<MappingPiece>& out, std::span<const MappingPiece> other,
                       Speaker side, const AlignmentOptions& options) {
  for (MappingPiece piece : other) {
    piece.side = side;
    piece.uncertainty += options.guard;
    piece.basis = MappingBasis::levels;
    if (!out.empty() && out.back().side == side && out.back().shift == piece.shift &&
        out.back().to == piece.from && out.back().chunk == piece.chunk) {
      out.back().to = piece.to;
      out.back().uncertainty = std::max(out.back().uncertainty, piece.uncertainty);
    } else {
      out.push_back(std::move(piece));
    }
  }
}

MappingPiece by_metadata(const RecordedStretch& stretch, Speaker side,
                         const AlignmentOptions& options) {
  return {
      .side = side,
      .recording = stretch.recording,
      .chunk = stretch.chunk,
      .from = stretch.nominal_start,
      .to = stretch.nominal_end(),
      .shift = Duration{0},
      .uncertainty = stretch.start_is_known ? options.metadata_uncertainty : options.search_wide,
      .basis = MappingBasis::metadata};
}

// Stretches whose shifts differ may touch: the later one begins where the earlier one ends.
void take_out_overlaps(std::vector<MappingPiece>& pieces) {
  std::ranges::sort(pieces, {}, &MappingPiece::from);
  std::vector<MappingPiece> apart;
  for (MappingPiece& piece : pieces) {
    if (!apart.empty()) piece.from = std::max(piece.from, apart.back().to);
    if (piece.from < piece.to) apart.push_back(std::move(piece));
  }
  pieces = std::move(apart);
}

}  // namespace

void make_mapping(Alignment& alignment, const AlignmentOptions& options) {
  std::vector<MappingPiece> sides[2];
  for (std::size_t i = 0; i < alignment.stretches.size(); ++i) {
    StretchAlignment& stretch = alignment.stretches[i];
    std::vector<MappingPiece> found[2];
    std::vector<AlignedWindow> windows[2];
    for (const AlignedWindow& window : alignment.windows)
      if (window.stretch == i) windows[window.side == Speaker::caller ? 0 : 1].push_back(window);
    SideMapper mappers[2] = {{stretch.stretch, Speaker::caller, options, found[0]},
                             {stretch.stretch, Speaker::assistant, options, found[1]}};
    // One recorder's clock and one bridge's: their drift is the same for both sides.
    std::vector<ShiftPiece> lines;
    for (std::size_t s = 0; s < 2; ++s) {
      mappers[s].fit(windows[s], {});
      lines.insert(lines.end(), mappers[s].lines().begin(), mappers[s].lines().end());
    }
    const Slope drift = common_slope(lines);
    for (std::size_t s = 0; s < 2; ++s) {
      if (drift.sigma > 0 && drift.sigma < slope_known_ms_per_s) mappers[s].fit(windows[s], drift);
      mappers[s].cover(windows[s], alignment.runs, s == 0 ? stretch.caller : stretch.assistant);
    }
    for (const Speaker side : {Speaker::caller, Speaker::assistant}) {
      const std::size_t s = side == Speaker::caller ? 0 : 1;
      if (!found[s].empty())
        sides[s].insert(sides[s].end(), found[s].begin(), found[s].end());
      else if (!found[1 - s].empty())
        follow_other_side(sides[s], found[1 - s], side, options);
      else
        sides[s].push_back(by_metadata(stretch.stretch, side, options));
    }
  }
  alignment.mapping.pieces.clear();
  for (auto& side : sides) {
    take_out_overlaps(side);
    alignment.mapping.pieces.insert(alignment.mapping.pieces.end(), side.begin(), side.end());
  }
}

}  // namespace earshot::recording::detail
