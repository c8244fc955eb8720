#pragma once
// What the regions (ACS resources) have in common and where they differ, from calls taken in one by
// one: nothing of a call is kept, so that the cost in memory does not grow with their number. Where
// there are too few calls to say anything, nothing is said.

#include "domain/call_facts.hpp"
#include "domain/statistics.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace earshot {

// Fewer say nothing, of each thing that is measured: some cannot be measured in every call.
inline constexpr std::int64_t region_calls_min = 30;

struct RegionMeasure {
  std::int64_t calls = 0;            // in which it could be measured
  std::optional<Estimate> estimate;  // none: not enough calls
  bool operator==(const RegionMeasure&) const = default;
};

struct EndCode {
  std::string code;  // "200/560000", of CallDisconnected; "other": all that are rarer
  Rate rate;         // of connected calls that are over
  Interval interval;
};

struct Region {
  std::string label;
  std::int64_t rang = 0;
  std::int64_t connected = 0;
  RegionMeasure start_delay_ms;    // median; calls with a recorded sample
  RegionMeasure complete;          // rate; calls with a verdict
  RegionMeasure chunks;            // mean; calls with a recorded sample
  RegionMeasure not_connected;     // rate; calls that rang for us and are over
  RegionMeasure failed_starts;     // rate of calls; those in which a recording was asked for
  std::vector<EndCode> end_codes;  // most frequent first; none: not enough calls
};

// Of one measure: region - baseline.
struct RegionDifference {
  std::string measure;  // "startDelayMs", "complete", "chunks", "notConnected", "failedStarts"
  std::string region;
  std::string baseline;              // the region with the most connected calls
  std::optional<Estimate> estimate;  // none: not enough calls in one of them
  // The interval leaves no difference out: neither is shown to be larger.
  bool may_be_none() const { return !estimate || estimate->interval.holds(0); }
};

// Of one end code's share of the calls: region - baseline.
struct EndCodeDifference {
  std::string code;
  Rate region;
  Rate baseline;
  Interval interval;  // all of a report hold at once with 95 %
  double value() const { return region.value() - baseline.value(); }
  bool may_be_none() const { return interval.holds(0); }
};

struct EndCodeDifferences {
  std::string region;
  std::string baseline;
  bool not_enough_calls = false;         // in one of them
  std::vector<EndCodeDifference> codes;  // the most frequent of both together, these first
};

struct RegionReport {
  std::vector<Region> regions;  // by label
  std::vector<RegionDifference> differences;
  std::vector<EndCodeDifferences> end_codes;
  // In all regions: what the intervals of each are wider for.
  std::int64_t end_codes_compared = 0;
};

class RegionStatistics {
 public:
  // `first_label`: what calls are called that were stored before resources had labels.
  explicit RegionStatistics(std::string first_label) : first_label_(std::move(first_label)) {}
  void add(const CallFacts& facts);
  RegionReport report() const;

 private:
  static constexpr std::int64_t start_delay_ms_max = 60'000;
  static constexpr std::size_t labels_max = 64;
  static constexpr std::size_t codes_max = 256;

  struct Sums {
    std::int64_t rang = 0;
    std::int64_t connected = 0;
    ValueCounts start_delays_ms{start_delay_ms_max};
    Rate complete;
    Moments chunks;
    Rate not_connected;
    Rate failed_starts;
    std::int64_t ended = 0;
    std::map<std::string, std::int64_t> end_codes;
  };
  Sums& sums_of(const CallFacts& facts);
  static void add_end(Sums& sums, const CallFacts& facts);
  static std::vector<EndCode> end_codes_of(const Sums& sums);
  static Region region_of(const std::string& label, const Sums& sums);
  void compare(const std::string& label, const std::string& baseline, RegionReport& report) const;
  void compare_end_codes(const std::string& label, const std::string& baseline,
                         RegionReport& report) const;

  std::string first_label_;
  std::map<std::string, Sums> regions_;
};

}  // namespace earshot
