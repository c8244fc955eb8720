#include "api/region_routes.hpp"

#include "api/problem.hpp"
#include "api/query.hpp"

#include <utility>

namespace earshot::api {
namespace {

constexpr Duration reported_unless_asked = 30 * 24h;

}  // namespace

RegionRoutes::RegionRoutes(calls::RegionReports& reports, Secret api_key, Clock& clock,
                           Counters& counters)
    : reports_(reports), access_(std::move(api_key), counters), clock_(clock) {}

void RegionRoutes::add_routes(net::Router& router,
                              const std::function<net::HttpHandler(net::HttpHandler)>& wrap) {
  router.add(
      "GET", "/api/v1/reports/regions",
      wrap(access_.guard([this](net::HttpRequest request) { return report(std::move(request)); })));
}

Task<net::HttpResponse> RegionRoutes::report(net::HttpRequest request) {
  const auto asked = parse_call_query(request);  // from and to are as the list of calls has them
  if (!asked) co_return problem(asked.error());
  const auto to = asked->to.value_or(clock_.wall_now());
  const auto from = asked->from.value_or(to - reported_unless_asked);
  const auto made = co_await reports_.make(from, to);
  if (!made) co_return problem(made.error());
  co_return net::json_response(200, region_report_json(*made, from, to));
}

}  // namespace earshot::api
