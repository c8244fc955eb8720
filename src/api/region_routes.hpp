#pragma once
// The comparison of regions:
//   GET /api/v1/reports/regions?from=&to=   times of the rings; to: now if not given, from: 30 days
//                                           before
// Behind the API key. Runs on the control thread (app wraps the handlers).

#include "api/access.hpp"
#include "base/clock.hpp"
#include "base/counters.hpp"
#include "calls/region_reports.hpp"
#include "net/router.hpp"

#include <functional>
#include <string>

namespace earshot::api {

class RegionRoutes {
 public:
  // All outlive the routes.
  RegionRoutes(calls::RegionReports& reports, Secret api_key, Clock& clock, Counters& counters);
  // `wrap` goes around each handler (to run it on the control thread).
  void add_routes(net::Router& router,
                  const std::function<net::HttpHandler(net::HttpHandler)>& wrap);

 private:
  Task<net::HttpResponse> report(net::HttpRequest request);

  calls::RegionReports& reports_;
  Access access_;
  Clock& clock_;
};

std::string region_report_json(const RegionReport& report, WallTime from, WallTime to);

}  // namespace earshot::api
