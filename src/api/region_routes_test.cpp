#include "api/region_routes.hpp"

#include "net/testing/test_runtime.hpp"
#include "store/memory_store.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::api;

namespace {

constexpr const char* key = "0123456789abcdef0123";

struct World {
  World() {
    routes.add_routes(router, [](net::HttpHandler handler) { return handler; });
  }
  // Calls that ended well but for every tenth, of which a part is missing.
  void add_calls(const std::string& resource, int calls, WallTime first, Duration start_delay) {
    Changes changes;
    for (int i = 0; i < calls; ++i) {
      Call call{.id = {fmt::format("{}-{}", resource, i)}, .phase = CallPhase::ended};
      call.resource = resource;
      call.received_at = first + i * 1min;
      call.connected_at = call.received_at + 1s;
      call.end_code = 200;
      Verdict verdict{.call = call.id, .number = 1, .at = call.received_at};
      verdict.kind = i % 10 == 0 ? VerdictKind::gapped : VerdictKind::complete;
      verdict.numbers.present = 1min;
      verdict.numbers.start_delay = start_delay;
      verdict.numbers.chunks = 1;
      changes.calls.push_back(call);
      changes.verdicts.push_back(verdict);
    }
    REQUIRE(runtime.run_for(store.commit(std::move(changes))).has_value());
  }
  net::HttpResponse ask(const std::string& query, bool with_key = true) {
    net::HttpRequest request{.method = "GET", .target = "/api/v1/reports/regions" + query};
    request.path = "/api/v1/reports/regions";
    if (with_key) request.headers.set("Authorization", std::string("Bearer ") + key);
    const auto match = router.match(request.method, request.path, false);
    REQUIRE(match.handler != nullptr);
    return runtime.run_for((*match.handler)(std::move(request)));
  }

  net::TestRuntime runtime;
  SeededRandom random{1};
  store::MemoryStore store{random};
  Counters counters;
  calls::RegionReports reports{store};
  RegionRoutes routes{reports, Secret(key), runtime.clock(), counters};
  net::Router router;
};

const WallTime noon = *parse_iso8601("2026-03-02T12:00:00Z");

}  // namespace

TEST_CASE("regions are compared over the times asked for, with intervals") {
  World world;
  world.add_calls("weu", 100, noon, 300ms);
  world.add_calls("jpe", 40, noon, 500ms);
  world.add_calls("old", 40, noon - 48h, 500ms);

  const auto response = world.ask("?from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z");

  CHECK(response.status == 200);
  const auto report = boost::json::parse(response.body);
  const auto& regions = report.at("regions").as_array();
  REQUIRE(regions.size() == 2);
  CHECK(regions[0].at("label").as_string() == "jpe");
  CHECK(regions[1].at("connected").as_int64() == 100);
  CHECK(regions[1].at("complete").at("value").as_double() == doctest::Approx(0.9));
  CHECK(regions[1].at("startDelayMs").at("value").as_double() == 300);
  CHECK(regions[1].at("endCodes").as_array()[0].at("code").as_string() == "200/0");
  const auto& start = report.at("differences").as_array()[0];
  CHECK(start.at("measure").as_string() == "startDelayMs");
  CHECK(start.at("region").as_string() == "jpe");
  CHECK(start.at("value").as_double() == 200);
  CHECK_FALSE(start.at("mayBeNone").as_bool());
}

TEST_CASE("the shares of end codes are compared, and it is said how many and how surely") {
  World world;
  world.add_calls("weu", 100, noon, 300ms);
  world.add_calls("jpe", 40, noon, 500ms);
  world.add_calls("new", 5, noon, 500ms);

  const auto report =
      boost::json::parse(world.ask("?from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z").body);

  const auto& compared = report.at("endCodeDifferences");
  CHECK(compared.at("compared").as_int64() == 1);
  CHECK(compared.at("confidence").as_double() == doctest::Approx(0.95));
  const auto& regions = compared.at("regions").as_array();
  REQUIRE(regions.size() == 2);
  CHECK(regions[0].at("region").as_string() == "jpe");
  CHECK(regions[0].at("baseline").as_string() == "weu");
  const auto& code = regions[0].at("codes").as_array().at(0);
  CHECK(code.at("code").as_string() == "200/0");
  CHECK(code.at("calls").as_int64() == 40);
  CHECK(code.at("baselineCalls").as_int64() == 100);
  CHECK(code.at("value").as_double() == 0);
  CHECK(code.at("mayBeNone").as_bool());
  CHECK(regions[1].at("notEnoughCalls").as_bool());
  CHECK(regions[1].at("codes").as_array().empty());
}

TEST_CASE("where there are too few calls the report says so and gives no number") {
  World world;
  world.add_calls("weu", 100, noon, 300ms);
  world.add_calls("jpe", 5, noon, 500ms);

  const auto report =
      boost::json::parse(world.ask("?from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z").body);

  const auto& jpe = report.at("regions").as_array()[0];
  CHECK(jpe.at("connected").as_int64() == 5);
  CHECK(jpe.at("complete").at("notEnoughCalls").as_bool());
  CHECK(jpe.at("complete").at("value").is_null());
  for (const auto& difference : report.at("differences").as_array())
    CHECK(difference.at("notEnoughCalls").as_bool());
}

TEST_CASE("without times the last 30 days are reported") {
  World world;
  const auto now = world.runtime.clock().wall_now();
  world.add_calls("weu", 3, now - 29 * 24h, 300ms);
  world.add_calls("old", 3, now - 31 * 24h, 300ms);

  const auto report = boost::json::parse(world.ask("").body);

  REQUIRE(report.at("regions").as_array().size() == 1);
  CHECK(report.at("regions").as_array()[0].at("label").as_string() == "weu");
}

TEST_CASE("a report needs the key, and times that are times") {
  World world;

  CHECK(world.ask("", false).status == 401);
  CHECK(world.ask("?from=yesterday").status == 400);
  CHECK(world.ask("?from=2026-03-03T00:00:00Z&to=2026-03-02T00:00:00Z").status == 400);
}
