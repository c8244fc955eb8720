#include "domain/region_report.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;

namespace {

CallFacts good_call(std::string resource, Duration start_delay = 300ms) {
  return {.resource = std::move(resource),
          .phase = CallPhase::ended,
          .connected = true,
          .end_code = 200,
          .end_sub_code = 560000,
          .recording_starts = 1,
          .recordings_started = 1,
          .verdict = VerdictKind::complete,
          .present = 60s,
          .start_delay = start_delay,
          .chunks = 1};
}

void add(RegionStatistics& statistics, int calls, const CallFacts& facts) {
  for (int i = 0; i < calls; ++i) statistics.add(facts);
}

const Region& region(const RegionReport& report, std::string_view label) {
  const auto found = std::ranges::find(report.regions, label, &Region::label);
  REQUIRE(found != report.regions.end());
  return *found;
}

const RegionDifference& difference(const RegionReport& report, std::string_view measure) {
  const auto found = std::ranges::find(report.differences, measure, &RegionDifference::measure);
  REQUIRE(found != report.differences.end());
  return *found;
}

}  // namespace

TEST_CASE("each region's calls are counted, and measured with an interval") {
  RegionStatistics statistics("default");
  add(statistics, 97, good_call("weu"));
  auto gapped = good_call("weu");
  gapped.verdict = VerdictKind::gapped;
  gapped.chunks = 2;
  add(statistics, 3, gapped);

  const auto report = statistics.report();

  const auto& weu = region(report, "weu");
  CHECK(weu.rang == 100);
  CHECK(weu.connected == 100);
  CHECK(weu.complete.calls == 100);
  REQUIRE(weu.complete.estimate.has_value());
  CHECK(weu.complete.estimate->value == doctest::Approx(0.97));
  CHECK(weu.complete.estimate->interval == interval_of({97, 100}));
  REQUIRE(weu.start_delay_ms.estimate.has_value());
  CHECK(weu.start_delay_ms.estimate->value == 300);
  REQUIRE(weu.chunks.estimate.has_value());
  CHECK(weu.chunks.estimate->value == doctest::Approx(1.03));
  REQUIRE(weu.end_codes.size() == 1);
  CHECK(weu.end_codes[0].code == "200/560000");
  CHECK(weu.end_codes[0].rate == Rate{100, 100});
  CHECK(report.differences.empty());
}

TEST_CASE("of too few calls nothing is said, neither of a region nor of a difference") {
  RegionStatistics statistics("default");
  add(statistics, 29, good_call("jpe"));
  add(statistics, 30, good_call("weu"));

  const auto report = statistics.report();

  CHECK_FALSE(region(report, "jpe").complete.estimate.has_value());
  CHECK_FALSE(region(report, "jpe").start_delay_ms.estimate.has_value());
  CHECK(region(report, "jpe").end_codes.empty());
  CHECK(region(report, "jpe").complete.calls == 29);
  CHECK(region(report, "weu").complete.estimate.has_value());
  REQUIRE(report.differences.size() == 5);
  for (const auto& one : report.differences) CHECK_FALSE(one.estimate.has_value());
}

TEST_CASE("a region that starts later is shown to, against the region with the most calls") {
  RegionStatistics statistics("default");
  for (int i = 0; i < 200; ++i) {
    statistics.add(good_call("weu", 300ms + i % 20 * 1ms));
    if (i < 100) statistics.add(good_call("jpe", 800ms + i % 20 * 1ms));
  }

  const auto report = statistics.report();

  const auto& start = difference(report, "startDelayMs");
  CHECK(start.region == "jpe");
  CHECK(start.baseline == "weu");
  REQUIRE(start.estimate.has_value());
  CHECK(start.estimate->value == doctest::Approx(500));
  CHECK(start.estimate->interval.low > 490);
  CHECK(start.estimate->interval.high < 510);
  CHECK_FALSE(start.may_be_none());
  CHECK(difference(report, "complete").may_be_none());
}

TEST_CASE("calls without a recorded sample have no start delay, and are incomplete all the same") {
  RegionStatistics statistics("default");
  auto missing = good_call("weu", 60s);
  missing.verdict = VerdictKind::missing;
  missing.present = 0s;
  missing.chunks = 0;
  add(statistics, 40, missing);

  const auto weu = region(statistics.report(), "weu");

  CHECK(weu.start_delay_ms.calls == 0);
  CHECK(weu.chunks.calls == 0);
  CHECK(weu.complete.estimate->value == 0);
}

TEST_CASE("calls that go on, or are not judged yet, are no failures") {
  RegionStatistics statistics("default");
  auto open = good_call("weu");
  open.phase = CallPhase::connected;
  open.verdict.reset();
  open.recordings_started = 0;
  add(statistics, 40, open);

  const auto weu = region(statistics.report(), "weu");

  CHECK(weu.connected == 40);
  CHECK(weu.complete.calls == 0);
  CHECK(weu.failed_starts.calls == 0);
  CHECK(weu.not_connected.calls == 0);
}

TEST_CASE("starts that failed and calls that never connected are rates of their own") {
  RegionStatistics statistics("default");
  add(statistics, 60, good_call("weu"));
  auto again = good_call("weu");
  again.recording_starts = 2;
  add(statistics, 20, again);
  CallFacts refused{.resource = "weu", .phase = CallPhase::not_answered};
  add(statistics, 20, refused);

  const auto weu = region(statistics.report(), "weu");

  CHECK(weu.failed_starts.calls == 80);
  CHECK(weu.failed_starts.estimate->value == doctest::Approx(0.25));
  CHECK(weu.not_connected.calls == 100);
  CHECK(weu.not_connected.estimate->value == doctest::Approx(0.2));
  CHECK(weu.end_codes[0].rate.of == 80);
}

TEST_CASE("rare end codes are put together, and of any number of codes and labels few are kept") {
  RegionStatistics statistics("default");
  add(statistics, 100, good_call("weu"));
  for (int i = 0; i < 1'000; ++i) {
    auto odd = good_call("weu");
    odd.end_sub_code = i;
    statistics.add(odd);
    statistics.add(good_call("?x" + std::to_string(i)));
  }

  const auto report = statistics.report();

  const auto& codes = region(report, "weu").end_codes;
  CHECK(codes.size() == 13);
  CHECK(codes.front().code == "200/560000");
  CHECK(codes.back().code == "other");
  std::int64_t calls = 0;
  for (const auto& code : codes) calls += code.rate.hits;
  CHECK(calls == 1'100);
  CHECK(report.regions.size() <= 65);
}

TEST_CASE("the shares of end codes are compared, with intervals that all hold at once") {
  RegionStatistics statistics("default");
  auto dropped = good_call("weu");
  dropped.end_code = 408;
  dropped.end_sub_code = 10057;
  add(statistics, 390, good_call("weu"));
  add(statistics, 10, dropped);
  dropped.resource = "jpe";
  add(statistics, 170, good_call("jpe"));
  add(statistics, 30, dropped);

  const auto report = statistics.report();

  REQUIRE(report.end_codes.size() == 1);
  const auto& compared = report.end_codes[0];
  CHECK(compared.region == "jpe");
  CHECK(compared.baseline == "weu");
  CHECK_FALSE(compared.not_enough_calls);
  REQUIRE(compared.codes.size() == 2);
  CHECK(report.end_codes_compared == 2);
  CHECK(compared.codes[0].code == "200/560000");
  const auto& drops = compared.codes[1];
  CHECK(drops.code == "408/10057");
  CHECK(drops.region == Rate{30, 200});
  CHECK(drops.baseline == Rate{10, 400});
  CHECK(drops.value() == doctest::Approx(0.125));
  CHECK(drops.interval == difference_of(Rate{30, 200}, Rate{10, 400}, simultaneous_quantile(2)));
  CHECK(drops.interval.low > 0);
  CHECK_FALSE(drops.may_be_none());
}

TEST_CASE("a code that only one region has is compared, and what is not shown to differ says so") {
  RegionStatistics statistics("default");
  auto odd = good_call("jpe");
  odd.end_sub_code = 7;
  add(statistics, 100, good_call("weu"));
  add(statistics, 59, good_call("jpe"));
  add(statistics, 1, odd);

  const auto report = statistics.report();

  const auto& codes = report.end_codes.at(0).codes;
  REQUIRE(codes.size() == 2);
  CHECK(codes[1].code == "200/7");
  CHECK(codes[1].baseline == Rate{0, 100});
  CHECK(codes[1].may_be_none());
}

TEST_CASE("end codes are not compared with a region of too few calls that are over") {
  RegionStatistics statistics("default");
  add(statistics, 29, good_call("jpe"));
  add(statistics, 100, good_call("weu"));

  const auto report = statistics.report();

  REQUIRE(report.end_codes.size() == 1);
  CHECK(report.end_codes[0].not_enough_calls);
  CHECK(report.end_codes[0].codes.empty());
  CHECK(report.end_codes_compared == 0);
}

TEST_CASE("of many end codes the most frequent of both regions are compared, and others are none") {
  RegionStatistics statistics("default");
  for (int i = 0; i < 400; ++i)
    for (const char* label : {"jpe", "weu"}) {
      auto call = good_call(label);
      call.end_sub_code = i;
      statistics.add(call);
      statistics.add(good_call(label));
    }
  add(statistics, 10, good_call("zzz"));

  const auto report = statistics.report();

  REQUIRE(report.end_codes.size() == 2);
  CHECK(report.end_codes[0].codes.size() == 12);
  CHECK(report.end_codes[0].codes[0].code == "200/560000");
  for (const auto& one : report.end_codes[0].codes) CHECK(one.code != "other");
  CHECK(report.end_codes[1].not_enough_calls);
  CHECK(report.end_codes_compared == 12);
}

TEST_CASE("calls from before resources had labels are the first resource's") {
  RegionStatistics statistics("weu");
  statistics.add(good_call(""));
  statistics.add(good_call("weu"));

  const auto report = statistics.report();

  REQUIRE(report.regions.size() == 1);
  CHECK(report.regions[0].rang == 2);
}

TEST_CASE("no calls make an empty report") {
  const auto report = RegionStatistics("default").report();

  CHECK(report.regions.empty());
  CHECK(report.differences.empty());
}
