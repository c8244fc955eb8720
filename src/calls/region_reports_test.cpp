#include "calls/region_reports.hpp"

#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace earshot;
using namespace earshot::calls;

namespace {

// So many calls, a second apart, handed out as the port promises.
class ManyCalls : public CallFactsSource {
 public:
  explicit ManyCalls(int calls) : calls_(calls) {}
  Task<Result<std::vector<CallFacts>>> call_facts(CallFactsQuery query) override {
    ++asked;
    if (fails) co_return fail(ErrorKind::unavailable, "the database is away");
    std::vector<CallFacts> page;
    for (int i = 0; i < calls_ && static_cast<int>(page.size()) < query.limit; ++i) {
      const CallFacts facts{.call = {"c" + std::to_string(1'000'000 + i)},
                            .received_at = WallTime{} + i * 1s,
                            .resource = i % 2 == 0 ? "weu" : "jpe",
                            .phase = CallPhase::ended,
                            .connected = true};
      if (!query.after_received_at || facts.received_at > *query.after_received_at)
        page.push_back(facts);
    }
    co_return page;
  }
  int asked = 0;
  bool fails = false;

 private:
  int calls_;
};

}  // namespace

TEST_CASE("a report reads every call once, a page at a time") {
  net::TestRuntime runtime;
  ManyCalls calls(2'500);
  RegionReports reports(calls);

  const auto report = runtime.run_for(reports.make(WallTime{}, WallTime{} + 24h));

  REQUIRE(report.has_value());
  CHECK(calls.asked == 3);
  REQUIRE(report->regions.size() == 2);
  CHECK(report->regions[0].rang == 1'250);
  CHECK(report->regions[1].rang == 1'250);
}

TEST_CASE("a report over more calls than it may read says so instead of leaving some out") {
  net::TestRuntime runtime;
  ManyCalls calls(2'500);
  RegionReports reports(calls, {.pages_max = 2});

  const auto report = runtime.run_for(reports.make(WallTime{}, WallTime{} + 24h));

  REQUIRE_FALSE(report.has_value());
  CHECK(report.error().kind == ErrorKind::invalid);
}

TEST_CASE("times the wrong way round are refused, and a database that is away is no empty report") {
  net::TestRuntime runtime;
  ManyCalls calls(1);
  RegionReports reports(calls);

  CHECK(runtime.run_for(reports.make(WallTime{} + 1h, WallTime{})).error().kind ==
        ErrorKind::invalid);
  calls.fails = true;
  CHECK(runtime.run_for(reports.make(WallTime{}, WallTime{} + 1h)).error().kind ==
        ErrorKind::unavailable);
  calls.fails = false;
  CHECK(runtime.run_for(reports.make(WallTime{}, WallTime{} + 1h)).has_value());
}
