#include "domain/statistics.hpp"

#include <doctest/doctest.h>

using namespace earshot;

namespace {

// To the digits that the source prints.
void check_interval(Interval got, double low, double high, double within = 0.00005) {
  CAPTURE(got.low);
  CAPTURE(got.high);
  CHECK(got.low > low - within);
  CHECK(got.low < low + within);
  CHECK(got.high > high - within);
  CHECK(got.high < high + within);
}

bool near(double got, double wanted, double within) {
  return got > wanted - within && got < wanted + within;
}

}  // namespace

// R. G. Newcombe, Two-sided confidence intervals for the single proportion: comparison of seven
// methods. Statistics in Medicine 17 (1998) 857-872, table I, method 3.
TEST_CASE("a rate's interval is Wilson's, as Newcombe's table has it") {
  check_interval(interval_of({81, 263}), 0.2553, 0.3662);
  check_interval(interval_of({15, 148}), 0.0624, 0.1605);
  check_interval(interval_of({0, 20}), 0, 0.1611);
  check_interval(interval_of({1, 29}), 0.0061, 0.1718);
}

// Solved from the score equation (p - t)^2 = z^2 t (1 - t) / n by bisection, in another language.
TEST_CASE("a rate's interval solves the score equation") {
  check_interval(interval_of({970, 1000}), 0.957497, 0.978906, 0.0000005);
  check_interval(interval_of({29, 30}), 0.833296, 0.994091, 0.0000005);
}

TEST_CASE("of nothing anything may be true, and an end that was seen is not passed") {
  CHECK(interval_of({0, 0}) == Interval{0, 1});
  CHECK(interval_of({0, 7}).low == 0);
  CHECK(interval_of({7, 7}).high == 1);
}

// R. G. Newcombe, Interval estimation for the difference between independent proportions:
// comparison of eleven methods. Statistics in Medicine 17 (1998) 873-890, table II, method 10.
TEST_CASE("the interval of a difference of rates is Newcombe's, as his table has it") {
  check_interval(difference_of(Rate{56, 70}, Rate{48, 80}), 0.0524, 0.3339);
  check_interval(difference_of(Rate{9, 10}, Rate{3, 10}), 0.1705, 0.8090);
  check_interval(difference_of(Rate{6, 7}, Rate{2, 7}), 0.0582, 0.8062);
  check_interval(difference_of(Rate{5, 56}, Rate{0, 29}), -0.0381, 0.1926);
  check_interval(difference_of(Rate{0, 10}, Rate{0, 20}), -0.1611, 0.2775);
  check_interval(difference_of(Rate{10, 10}, Rate{0, 20}), 0.6791, 1.0000);
}

// Of the complementary error function, by bisection in another language; the printed tables agree.
TEST_CASE("the normal distribution's quantiles are those of the tables") {
  CHECK(near(normal_quantile(0.5), 0, 1e-12));
  CHECK(near(normal_quantile(0.975), 1.959963984540, 1e-11));
  CHECK(near(normal_quantile(0.025), -1.959963984540, 1e-11));
  CHECK(near(normal_quantile(0.9995), 3.290526731492, 1e-11));
  CHECK(near(simultaneous_quantile(1), quantile_95, 1e-12));
  CHECK(near(simultaneous_quantile(10), 2.807033768344, 1e-11));
  CHECK(near(simultaneous_confidence(10), 0.995, 1e-12));
}

// As above: the score equation solved by bisection, at 99 %.
TEST_CASE("intervals that are to hold more surely are wider") {
  const double quantile = normal_quantile(0.995);
  check_interval(interval_of({970, 1000}, quantile), 0.952711, 0.981094, 0.0000005);
  check_interval(interval_of({0, 20}, quantile), 0, 0.249105, 0.0000005);
  check_interval(difference_of(Rate{56, 70}, Rate{48, 80}, quantile), 0.005371, 0.371808,
                 0.0000005);
}

// Sums of binomial coefficients in whole numbers, in another language; those of 10 and 20 are also
// in W. J. Conover, Practical Nonparametric Statistics.
TEST_CASE("the ranks that hold the median are those of the binomial distribution") {
  CHECK_FALSE(median_ranks(5).has_value());
  CHECK(median_ranks(6) == Ranks{1, 6});
  CHECK(median_ranks(8) == Ranks{1, 8});
  CHECK(median_ranks(10) == Ranks{2, 9});
  CHECK(median_ranks(20) == Ranks{6, 15});
  CHECK(median_ranks(30) == Ranks{10, 21});
  CHECK(median_ranks(31) == Ranks{10, 22});
  CHECK(median_ranks(100) == Ranks{40, 61});
  CHECK(median_ranks(101) == Ranks{41, 61});
  CHECK(median_ranks(1'000) == Ranks{469, 532});
}

// The exact ones are 470 and 532, 1,201 and 1,300, 4,902 and 5,099: at most one rank wider here.
TEST_CASE("above a thousand values the ranks are approximate, and not too narrow") {
  for (const auto& [count, low] : {std::pair{1'001, 470}, {2'500, 1'201}, {10'000, 4'902}}) {
    const auto ranks = median_ranks(count);
    REQUIRE(ranks.has_value());
    CHECK(ranks->low <= low);
    CHECK(ranks->low >= low - 1);
    CHECK(ranks->low + ranks->high == count + 1);
  }
}

TEST_CASE("a histogram gives the median and what it lies between") {
  ValueCounts delays(1'000);
  for (int i = 10; i >= 1; --i) delays.add(std::int64_t{10} * i);

  CHECK(delays.median() == Estimate{55, {20, 90}});
  delays.add(1'000'000);
  CHECK(delays.median()->value == 60);
  CHECK(delays.at_rank(11) == 1'000);
  delays.add(-5);
  CHECK(delays.at_rank(1) == 0);
}

TEST_CASE("of five values there is no median to speak of") {
  ValueCounts delays(1'000);
  for (int i = 0; i < 5; ++i) delays.add(i);

  CHECK_FALSE(delays.median().has_value());
}

// By integrating Student's density; the printed tables agree to their three digits.
TEST_CASE("Student's quantile is that of the tables") {
  CHECK(near(student_quantile(5), 2.57058, 0.001));
  CHECK(near(student_quantile(10), 2.22814, 0.0002));
  CHECK(near(student_quantile(29), 2.04523, 0.00002));
  CHECK(near(student_quantile(60), 2.00030, 0.00001));
  CHECK(near(student_quantile(120), 1.97993, 0.00001));
}

// Means, variances and Welch's degrees of freedom by Python's `statistics` from the whole samples,
// the quantile by integration.
TEST_CASE("means and their difference have the intervals of Student and of Welch") {
  Moments a;
  for (int i = 0; i < 25; ++i) a.add(1);
  for (int i = 0; i < 7; ++i) a.add(2);
  for (int i = 0; i < 3; ++i) a.add(3);
  Moments b;
  for (int i = 0; i < 40; ++i) b.add(1);
  for (int i = 0; i < 2; ++i) b.add(2);

  CHECK(near(a.estimate().value, 1.3714286, 0.0000001));
  check_interval(a.estimate().interval, 1.1496553, 1.5932019, 0.00001);
  check_interval(difference_of(a, b), 0.0932966, 0.5543224, 0.00001);
}

TEST_CASE("what never varies has no width") {
  Moments a;
  Moments b;
  for (int i = 0; i < 30; ++i) {
    a.add(1);
    b.add(1);
  }
  CHECK(a.estimate() == Estimate{1, {1, 1}});
  CHECK(difference_of(a, b) == Interval{0, 0});
}

TEST_CASE("the difference of two estimates is as wide as their sides squared and added") {
  const auto difference = difference_of(Estimate{500, {470, 540}}, Estimate{400, {360, 430}});

  // 100 - sqrt(30^2 + 30^2) and 100 + sqrt(40^2 + 40^2)
  check_interval(difference, 57.5736, 156.5685);
}
