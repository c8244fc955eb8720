#pragma once
// Estimates with confidence intervals, of 95 % where nothing else is said, for samples that are
// counted one by one and never kept. docs/operations.md says in words what each is.

#include <cstdint>
#include <map>
#include <optional>

namespace earshot {

struct Interval {
  double low = 0;
  double high = 0;
  bool holds(double value) const { return low <= value && value <= high; }
  bool operator==(const Interval&) const = default;
};

// So many of so many.
struct Rate {
  std::int64_t hits = 0;
  std::int64_t of = 0;
  double value() const { return of == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(of); }
  bool operator==(const Rate&) const = default;
};

// Where the standard normal distribution has so much below it; 0 < probability < 1.
double normal_quantile(double probability);
// The quantile of two-sided intervals that hold with 95 % each, and of such that `count` of them
// hold all at once with 95 %, however they depend on each other (Bonferroni); count is 1 or more.
inline constexpr double quantile_95 = 1.959963984540054;
double simultaneous_confidence(std::int64_t count);  // of each of them
double simultaneous_quantile(std::int64_t count);

// Wilson's score interval. Of nothing: 0 to 1.
Interval interval_of(Rate rate, double quantile = quantile_95);
// Of a - b: Newcombe's hybrid of the two score intervals (his method 10). Neither is of nothing.
Interval difference_of(Rate a, Rate b, double quantile = quantile_95);

// An estimate with an interval of its own, whatever it was made by.
struct Estimate {
  double value = 0;
  Interval interval;
  bool operator==(const Estimate&) const = default;
};
// Of a - b, from the two intervals (square and add; Zou and Donner's MOVER), where nothing more is
// known of how the estimates are distributed.
Interval difference_of(Estimate a, Estimate b);

// Student's quantile of 97.5 %, for 5 degrees of freedom or more; good to a thousandth.
double student_quantile(double degrees_of_freedom);

// Mean and spread, by Welford's recurrence.
class Moments {
 public:
  void add(double value);
  std::int64_t count() const { return count_; }
  double mean() const { return mean_; }
  double variance() const;  // of the sample; 0 below two
  // By Student's distribution; six or more are needed.
  Estimate estimate() const;

 private:
  std::int64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};
// Of the means, a - b: Welch's interval. Six or more of each.
Interval difference_of(const Moments& a, const Moments& b);

// The ranks, counted from 1, between which the median lies with 95 % or more, whatever the
// distribution: by the binomial distribution, exactly up to 1,000 values, by its normal
// approximation above. None below six values.
struct Ranks {
  std::int64_t low = 0;
  std::int64_t high = 0;
  bool operator==(const Ranks&) const = default;
};
std::optional<Ranks> median_ranks(std::int64_t count);

// Whole numbers from 0 to a maximum, above which they count as the maximum: what bounds the memory.
class ValueCounts {
 public:
  explicit ValueCounts(std::int64_t value_max) : value_max_(value_max) {}
  void add(std::int64_t value);
  std::int64_t count() const { return count_; }
  // The value of that rank, counted from 1; 1 <= rank <= count().
  std::int64_t at_rank(std::int64_t rank) const;
  // Its interval is that of median_ranks(); none below six values.
  std::optional<Estimate> median() const;

 private:
  std::int64_t value_max_;
  std::int64_t count_ = 0;
  std::map<std::int64_t, std::int64_t> counts_;
};

}  // namespace earshot
