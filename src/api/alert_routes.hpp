#pragma once
// Alerts and how far their delivery has come:
//   GET  /api/v1/alerts               newest first; ?state=waiting|delivered|dead|kept, call=,
//                                     before=, limit=
//   GET  /api/v1/alerts/{id}          one
//   POST /api/v1/alerts/{id}/retry    what is dead of it is sent again
// Behind the API key. Runs on the control thread (app wraps the handlers).

#include "api/access.hpp"
#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "net/router.hpp"
#include "ports/alert_store.hpp"

#include <functional>
#include <string>
#include <vector>

namespace earshot::api {

// Given at construction, outlive the routes.
struct AlertRoutesServices {
  AlertStore& alerts;
  Clock& clock;
  Counters& counters;
  Log& log;
};

class AlertRoutes {
 public:
  AlertRoutes(AlertRoutesServices services, Secret api_key);
  // `wrap` goes around each handler (to run it on the control thread).
  void add_routes(net::Router& router,
                  const std::function<net::HttpHandler(net::HttpHandler)>& wrap);

 private:
  Task<net::HttpResponse> list(net::HttpRequest request);
  Task<net::HttpResponse> show(net::HttpRequest request);
  Task<net::HttpResponse> retry(net::HttpRequest request);

  AlertRoutesServices services_;
  Access access_;
};

std::string alert_json(const StoredAlert& stored);
std::string alerts_json(const std::vector<StoredAlert>& alerts);

}  // namespace earshot::api
