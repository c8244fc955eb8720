#include "domain/region_report.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace earshot {
namespace {

constexpr std::size_t codes_shown_max = 12;
constexpr const char* other = "other";

bool is_over(const CallFacts& facts) {
  return facts.phase == CallPhase::ended || facts.phase == CallPhase::not_answered;
}

bool enough(std::int64_t calls) { return calls >= region_calls_min; }

RegionMeasure measure_of(Rate rate) {
  RegionMeasure measure{.calls = rate.of, .estimate = {}};
  if (enough(rate.of)) measure.estimate = Estimate{rate.value(), interval_of(rate)};
  return measure;
}

RegionMeasure measure_of(const Moments& moments) {
  RegionMeasure measure{.calls = moments.count(), .estimate = {}};
  if (enough(measure.calls)) measure.estimate = moments.estimate();
  return measure;
}

RegionMeasure measure_of(const ValueCounts& histogram) {
  RegionMeasure measure{.calls = histogram.count(), .estimate = {}};
  if (enough(measure.calls)) measure.estimate = histogram.median();
  return measure;
}

void count(Rate& rate, bool hit) {
  ++rate.of;
  if (hit) ++rate.hits;
}

using CodeCounts = std::map<std::string, std::int64_t>;

// With their calls; what was not told apart from others is none of them.
std::vector<std::pair<std::int64_t, std::string>> most_frequent(const CodeCounts& counts) {
  std::vector<std::pair<std::int64_t, std::string>> codes;
  codes.reserve(counts.size());
  for (const auto& [code, calls] : counts)
    if (code != other) codes.emplace_back(calls, code);
  std::ranges::sort(codes, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  if (codes.size() > codes_shown_max) codes.resize(codes_shown_max);
  return codes;
}

std::int64_t calls_with(const CodeCounts& counts, const std::string& code) {
  const auto found = counts.find(code);
  return found == counts.end() ? 0 : found->second;
}

// Once it is known how many there are.
void set_intervals(RegionReport& report) {
  if (report.end_codes_compared == 0) return;
  const double quantile = simultaneous_quantile(report.end_codes_compared);
  for (auto& regions : report.end_codes)
    for (auto& one : regions.codes)
      one.interval = difference_of(one.region, one.baseline, quantile);
}

}  // namespace

RegionStatistics::Sums& RegionStatistics::sums_of(const CallFacts& facts) {
  const std::string& label = facts.resource.empty() ? first_label_ : facts.resource;
  const bool full = regions_.size() >= labels_max && !regions_.contains(label);
  return regions_[full ? std::string(other) : label];
}

void RegionStatistics::add_end(Sums& sums, const CallFacts& facts) {
  ++sums.ended;
  auto code = std::to_string(facts.end_code) + "/" + std::to_string(facts.end_sub_code);
  const bool full = sums.end_codes.size() >= codes_max && !sums.end_codes.contains(code);
  ++sums.end_codes[full ? std::string(other) : std::move(code)];
}

void RegionStatistics::add(const CallFacts& facts) {
  Sums& sums = sums_of(facts);
  ++sums.rang;
  if (facts.connected) ++sums.connected;
  if (is_over(facts)) count(sums.not_connected, !facts.connected);
  if (facts.connected && is_over(facts)) add_end(sums, facts);
  if (facts.recording_starts > 0 && is_over(facts))
    count(sums.failed_starts, facts.recordings_started < facts.recording_starts);
  if (!facts.verdict) return;
  count(sums.complete, *facts.verdict == VerdictKind::complete);
  if (facts.present <= Duration{0}) return;
  sums.start_delays_ms.add(facts.start_delay / 1ms);
  sums.chunks.add(facts.chunks);
}

std::vector<EndCode> RegionStatistics::end_codes_of(const Sums& sums) {
  if (!enough(sums.ended)) return {};
  auto codes = most_frequent(sums.end_codes);
  std::int64_t rest = sums.ended;
  for (const auto& [calls, code] : codes) rest -= calls;
  if (rest > 0) codes.emplace_back(rest, other);
  std::vector<EndCode> shown;
  shown.reserve(codes.size());
  for (auto& [calls, code] : codes) {
    const Rate rate{calls, sums.ended};
    shown.push_back({.code = std::move(code), .rate = rate, .interval = interval_of(rate)});
  }
  return shown;
}

Region RegionStatistics::region_of(const std::string& label, const Sums& sums) {
  return {.label = label,
          .rang = sums.rang,
          .connected = sums.connected,
          .start_delay_ms = measure_of(sums.start_delays_ms),
          .complete = measure_of(sums.complete),
          .chunks = measure_of(sums.chunks),
          .not_connected = measure_of(sums.not_connected),
          .failed_starts = measure_of(sums.failed_starts),
          .end_codes = end_codes_of(sums)};
}

void RegionStatistics::compare(const std::string& label, const std::string& baseline,
                               RegionReport& report) const {
  const Sums& a = regions_.at(label);
  const Sums& b = regions_.at(baseline);
  const auto add = [&](const char* measure, std::int64_t calls_a, std::int64_t calls_b,
                       const std::function<Estimate()>& estimate) {
    RegionDifference difference{
        .measure = measure, .region = label, .baseline = baseline, .estimate = {}};
    if (enough(calls_a) && enough(calls_b)) difference.estimate = estimate();
    report.differences.push_back(std::move(difference));
  };
  const auto add_rate = [&](const char* measure, Rate rate_a, Rate rate_b) {
    add(measure, rate_a.of, rate_b.of,
        [&] { return Estimate{rate_a.value() - rate_b.value(), difference_of(rate_a, rate_b)}; });
  };
  add("startDelayMs", a.start_delays_ms.count(), b.start_delays_ms.count(), [&] {
    const auto of_a = *a.start_delays_ms.median();
    const auto of_b = *b.start_delays_ms.median();
    return Estimate{of_a.value - of_b.value, difference_of(of_a, of_b)};
  });
  add_rate("complete", a.complete, b.complete);
  add("chunks", a.chunks.count(), b.chunks.count(), [&] {
    return Estimate{a.chunks.mean() - b.chunks.mean(), difference_of(a.chunks, b.chunks)};
  });
  add_rate("notConnected", a.not_connected, b.not_connected);
  add_rate("failedStarts", a.failed_starts, b.failed_starts);
}

// Chosen by how often both had them together, which says nothing of their difference.
void RegionStatistics::compare_end_codes(const std::string& label, const std::string& baseline,
                                         RegionReport& report) const {
  const Sums& a = regions_.at(label);
  const Sums& b = regions_.at(baseline);
  EndCodeDifferences differences{.region = label, .baseline = baseline, .codes = {}};
  differences.not_enough_calls = !enough(a.ended) || !enough(b.ended);
  if (!differences.not_enough_calls) {
    CodeCounts together = a.end_codes;
    for (const auto& [code, calls] : b.end_codes) together[code] += calls;
    for (const auto& [calls, code] : most_frequent(together))
      differences.codes.push_back({.code = code,
                                   .region = {calls_with(a.end_codes, code), a.ended},
                                   .baseline = {calls_with(b.end_codes, code), b.ended},
                                   .interval = {}});
  }
  report.end_codes_compared += static_cast<std::int64_t>(differences.codes.size());
  report.end_codes.push_back(std::move(differences));
}

RegionReport RegionStatistics::report() const {
  RegionReport report;
  report.regions.reserve(regions_.size());
  for (const auto& [label, sums] : regions_) report.regions.push_back(region_of(label, sums));
  const auto baseline = std::ranges::max_element(report.regions, {}, &earshot::Region::connected);
  for (const auto& [label, sums] : regions_) {
    if (label == baseline->label) continue;
    compare(label, baseline->label, report);
    compare_end_codes(label, baseline->label, report);
  }
  set_intervals(report);
  return report;
}

}  // namespace earshot
