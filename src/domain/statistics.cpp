#include "domain/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace earshot {
namespace {

constexpr double z = quantile_95;
constexpr std::int64_t exact_ranks_max = 1'000;
constexpr std::int64_t values_min = 6;  // below, no two ranks hold the median with 95 %

Interval square_and_add(double difference, Estimate a, Estimate b) {
  return {difference - std::hypot(a.value - a.interval.low, b.interval.high - b.value),
          difference + std::hypot(a.interval.high - a.value, b.value - b.interval.low)};
}

}  // namespace

// By bisection: it is not asked for often.
double normal_quantile(double probability) {
  double low = -40;
  double high = 40;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    const bool below = std::erfc(-middle / std::numbers::sqrt2) / 2 < probability;
    (below ? low : high) = middle;
  }
  return high;
}

double simultaneous_confidence(std::int64_t count) { return 1 - 0.05 / static_cast<double>(count); }

double simultaneous_quantile(std::int64_t count) {
  // Of what is above, which is exact where what is below is nearly 1.
  return -normal_quantile(0.025 / static_cast<double>(count));
}

Interval interval_of(Rate rate, double quantile) {
  if (rate.of == 0) return {0, 1};
  const double square = quantile * quantile;
  const auto n = static_cast<double>(rate.of);
  const double p = rate.value();
  const double middle = p + square / (2 * n);
  const double half = quantile * std::sqrt(p * (1 - p) / n + square / (4 * n * n));
  const double scale = 1 + square / n;
  // The ends are exact where rounding would leave a trace.
  return {rate.hits == 0 ? 0 : (middle - half) / scale,
          rate.hits == rate.of ? 1 : (middle + half) / scale};
}

Interval difference_of(Rate a, Rate b, double quantile) {
  return square_and_add(a.value() - b.value(), {a.value(), interval_of(a, quantile)},
                        {b.value(), interval_of(b, quantile)});
}

Interval difference_of(Estimate a, Estimate b) { return square_and_add(a.value - b.value, a, b); }

// The expansion of Cornish and Fisher.
double student_quantile(double degrees_of_freedom) {
  const double v = degrees_of_freedom;
  const double z3 = z * z * z;
  const double z5 = z3 * z * z;
  const double z7 = z5 * z * z;
  const double z9 = z7 * z * z;
  return z + (z3 + z) / (4 * v) + (5 * z5 + 16 * z3 + 3 * z) / (96 * v * v) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * v * v * v) +
         (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / (92160 * v * v * v * v);
}

void Moments::add(double value) {
  ++count_;
  const double before = value - mean_;
  mean_ += before / static_cast<double>(count_);
  squares_ += before * (value - mean_);
}

double Moments::variance() const {
  return count_ < 2 ? 0 : squares_ / static_cast<double>(count_ - 1);
}

Estimate Moments::estimate() const {
  const auto n = static_cast<double>(count_);
  const double half = student_quantile(n - 1) * std::sqrt(variance() / n);
  return {mean_, {mean_ - half, mean_ + half}};
}

Interval difference_of(const Moments& a, const Moments& b) {
  const auto share = [](const Moments& one) {
    return one.variance() / static_cast<double>(one.count());
  };
  const auto freedom = [&](const Moments& one) {
    return share(one) * share(one) / static_cast<double>(one.count() - 1);
  };
  const double difference = a.mean() - b.mean();
  const double sum = share(a) + share(b);
  if (sum == 0) return {difference, difference};
  const double half = student_quantile(sum * sum / (freedom(a) + freedom(b))) * std::sqrt(sum);
  return {difference - half, difference + half};
}

std::optional<Ranks> median_ranks(std::int64_t count) {
  if (count < values_min) return std::nullopt;
  const auto n = static_cast<double>(count);
  std::int64_t low = 0;
  if (count > exact_ranks_max) {
    low = static_cast<std::int64_t>(std::floor((n - z * std::sqrt(n)) / 2));
  } else {
    // So many values may lie below the median with a probability of a fortieth or less.
    double below = 0;
    double log_chance = -n * std::log(2.0);  // of exactly k below, by logarithm: 2^-n may underflow
    for (std::int64_t k = 0; k < count; ++k) {
      below += std::exp(log_chance);
      if (below > 0.025) break;
      low = k + 1;
      log_chance += std::log((n - static_cast<double>(k)) / static_cast<double>(low));
    }
  }
  return Ranks{low, count + 1 - low};
}

void ValueCounts::add(std::int64_t value) {
  ++counts_[std::clamp<std::int64_t>(value, 0, value_max_)];
  ++count_;
}

std::int64_t ValueCounts::at_rank(std::int64_t rank) const {
  for (const auto& [value, count] : counts_) {
    if (rank <= count) return value;
    rank -= count;
  }
  return counts_.empty() ? 0 : counts_.rbegin()->first;
}

std::optional<Estimate> ValueCounts::median() const {
  const auto ranks = median_ranks(count_);
  if (!ranks) return std::nullopt;
  const auto below = static_cast<double>(at_rank((count_ + 1) / 2));
  const auto above = static_cast<double>(at_rank(count_ / 2 + 1));
  return Estimate{
      (below + above) / 2,
      {static_cast<double>(at_rank(ranks->low)), static_cast<double>(at_rank(ranks->high))}};
}

}  // namespace earshot
