#include "recording/detail/shift_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace earshot::recording::detail {

namespace {

// What one piece more must save, in squared standard errors; less where a change is expected.
constexpr double piece_costs = 16;
constexpr double expected_piece_costs = 4;
constexpr double line_costs = 6;
// Pieces of more points than this are found by joining, not by trying all ends.
constexpr std::size_t points_back_max = 400;

struct Line {
  double at = 0;
  double shift = 0;
  double slope = 0;
  double sigma = 0;
  double sigma_slope = 0;
  double free_slope = 0;
  double cost = 0;
};

// Running sums of a weighted fit. Times are taken relative to the first one's, for the digits.
struct FitSums {
  double w = 0, t = 0, tt = 0, s = 0, ts = 0, ss = 0;

  void add(double time, double shift, double sigma) {
    const double weight = 1 / (sigma * sigma);
    w += weight;
    t += weight * time;
    tt += weight * time * time;
    s += weight * shift;
    ts += weight * time * shift;
    ss += weight * shift * shift;
  }

  Line fit(std::size_t points, double slope_max) const {
    Line line;
    line.at = t / w;
    line.shift = s / w;
    line.sigma = std::sqrt(1 / w);
    const double spread = tt - t * t / w;
    const double covariance = ts - t * s / w;
    const double flat = std::max(0.0, ss - s * s / w);
    line.cost = flat;
    if (points < 3 || spread <= 0) return line;
    const double slope = std::clamp(covariance / spread, -slope_max, slope_max);
    line.free_slope = slope;
    line.sigma_slope = std::sqrt(1 / spread);
    const double sloped = std::max(0.0, flat - 2 * slope * covariance + slope * slope * spread);
    if (sloped + line_costs > flat) return line;
    line.slope = slope;
    line.cost = sloped + line_costs;
    return line;
  }
};

ShiftPiece make_piece(std::span<const ShiftPoint> points, std::size_t first, std::size_t last,
                      const FitOptions& options) {
  FitSums sums;
  const double base = points[first].at_s;
  for (std::size_t i = first; i <= last; ++i)
    sums.add(points[i].at_s - base, points[i].shift_ms, points[i].sigma_ms);
  const Line line = sums.fit(last - first + 1, options.slope_max_ms_per_s);
  // Points that scatter more than they claim make all of it less certain.
  const double free = static_cast<double>(last - first) - (line.slope != 0 ? 1 : 0);
  const double scatter =
      free > 0 ? std::sqrt(std::max(1.0, (line.cost - (line.slope != 0 ? line_costs : 0)) / free))
               : 1;
  ShiftPiece piece{.first = first,
                   .last = last,
                   .at_s = base + line.at,
                   .shift_ms = line.shift,
                   .slope_ms_per_s = line.slope,
                   .sigma_ms = line.sigma * scatter,
                   .sigma_slope = line.sigma_slope * scatter,
                   .free_slope = line.free_slope};
  // What all pieces say of the slope holds where this one says nothing of its own.
  if (line.slope == 0 && options.sigma_common_slope > 0)
    piece.sigma_slope = options.sigma_common_slope;
  for (std::size_t i = first; i <= last; ++i)
    if (std::abs(points[i].shift_ms - piece.at(points[i].at_s)) <= 3 * points[i].sigma_ms)
      ++piece.agreeing;
  return piece;
}

}  // namespace

std::vector<ShiftPiece> fit_pieces(std::span<const ShiftPoint> given, const FitOptions& options) {
  // The common slope is taken out first, and put back at the end.
  std::vector<ShiftPoint> points(given.begin(), given.end());
  for (ShiftPoint& point : points) point.shift_ms -= options.common_slope * point.at_s;
  constexpr double infinite = std::numeric_limits<double>::infinity();
  const std::size_t count = points.size();
  std::vector<double> cost(count + 1, infinite);  // of the points before it
  std::vector<std::size_t> begins(count + 1, 0);  // the last piece of that
  cost[0] = 0;
  for (std::size_t end = 1; end <= count; ++end) {
    // From the back, so that the sums grow by a point.
    FitSums sums;
    const double base = points[end - 1].at_s;
    for (std::size_t first = end; first-- > 0;) {
      if (end - first > points_back_max) break;
      sums.add(points[first].at_s - base, points[first].shift_ms, points[first].sigma_ms);
      const Line line = sums.fit(end - first, options.slope_max_ms_per_s);
      const double total =
          cost[first] + line.cost + (points[first].may_change ? expected_piece_costs : piece_costs);
      if (total < cost[end]) {
        cost[end] = total;
        begins[end] = first;
      }
    }
  }
  std::vector<ShiftPiece> pieces;
  for (std::size_t end = count; end > 0; end = begins[end])
    pieces.push_back(make_piece(points, begins[end], end - 1, options));
  std::ranges::reverse(pieces);
  for (ShiftPiece& piece : pieces) {
    piece.shift_ms += options.common_slope * piece.at_s;
    piece.slope_ms_per_s += options.common_slope;
  }
  return pieces;
}

Slope common_slope(std::span<const ShiftPiece> pieces) {
  double weights = 0;
  double sum = 0;
  for (const ShiftPiece& piece : pieces) {
    if (piece.sigma_slope <= 0) continue;
    const double weight = 1 / (piece.sigma_slope * piece.sigma_slope);
    weights += weight;
    sum += weight * piece.free_slope;
  }
  if (weights == 0) return {};
  // Pieces that contradict each other make it less certain.
  double scatter = 0;
  double count = 0;
  for (const ShiftPiece& piece : pieces) {
    if (piece.sigma_slope <= 0) continue;
    const double off = (piece.free_slope - sum / weights) / piece.sigma_slope;
    scatter += off * off;
    count += 1;
  }
  const double inflated = count > 1 ? std::sqrt(std::max(1.0, scatter / (count - 1))) : 1;
  return {.ms_per_s = sum / weights, .sigma = inflated / std::sqrt(weights)};
}

}  // namespace earshot::recording::detail
