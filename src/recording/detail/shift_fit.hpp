#pragma once
// Joins single estimates of a shift into pieces that are constant or follow a line (two clocks that
// run at different speeds), as few as explain them. Pure.

#include <cstddef>
#include <span>
#include <vector>

namespace earshot::recording::detail {

struct ShiftPoint {
  double at_s = 0;
  double shift_ms = 0;
  double sigma_ms = 1;
  bool may_change = false;  // a change between the point before it and this one is nothing unusual
};

struct ShiftPiece {
  std::size_t first = 0;  // of the points
  std::size_t last = 0;
  double at_s = 0;  // where the line has `shift_ms`
  double shift_ms = 0;
  double slope_ms_per_s = 0;
  double sigma_ms = 0;       // of shift_ms at at_s
  double sigma_slope = 0;    // of slope_ms_per_s; 0: the points do not tell
  double free_slope = 0;     // what the points alone have for it, even where it is not significant
  std::size_t agreeing = 0;  // points within their own error of it

  double at(double time_s) const { return shift_ms + slope_ms_per_s * (time_s - at_s); }
};

struct FitOptions {
  double slope_max_ms_per_s = 0.3;  // 300 ppm
  // Of two clocks against each other, as all pieces together have it: taken as given.
  double common_slope = 0;
  double sigma_common_slope = 0;
};

struct Slope {
  double ms_per_s = 0;
  double sigma = 0;  // 0: nothing is known
};
// What pieces, each for itself, say of one slope that all share.
Slope common_slope(std::span<const ShiftPiece> pieces);

std::vector<ShiftPiece> fit_pieces(std::span<const ShiftPoint> points, const FitOptions& options);

}  // namespace earshot::recording::detail
