#include "api/alert_routes.hpp"

#include "api/problem.hpp"
#include "api/query.hpp"

#include <utility>

namespace earshot::api {

AlertRoutes::AlertRoutes(AlertRoutesServices services, Secret api_key)
    : services_(services), access_(std::move(api_key), services.counters) {}

void AlertRoutes::add_routes(net::Router& router,
                             const std::function<net::HttpHandler(net::HttpHandler)>& wrap) {
  router.add(
      "GET", "/api/v1/alerts",
      wrap(access_.guard([this](net::HttpRequest request) { return list(std::move(request)); })));
  router.add(
      "GET", "/api/v1/alerts/{id}",
      wrap(access_.guard([this](net::HttpRequest request) { return show(std::move(request)); })));
  router.add(
      "POST", "/api/v1/alerts/{id}/retry",
      wrap(access_.guard([this](net::HttpRequest request) { return retry(std::move(request)); })));
}

Task<net::HttpResponse> AlertRoutes::list(net::HttpRequest request) {
  auto query = parse_alert_query(request);
  if (!query) co_return problem(query.error());
  auto alerts = co_await services_.alerts.list_alerts(std::move(*query));
  if (!alerts) co_return problem(alerts.error());
  co_return net::json_response(200, alerts_json(*alerts));
}

Task<net::HttpResponse> AlertRoutes::show(net::HttpRequest request) {
  auto alert = co_await services_.alerts.load_alert({std::string(request.path_parameter("id"))});
  if (!alert) co_return problem(alert.error());
  co_return net::json_response(200, alert_json(*alert));
}

// 202 with the alert as it now is; 409 when nothing of it is dead.
Task<net::HttpResponse> AlertRoutes::retry(net::HttpRequest request) {
  const AlertId id{std::string(request.path_parameter("id"))};
  auto retried = co_await services_.alerts.retry_alert(id, services_.clock.wall_now());
  if (!retried) co_return problem(retried.error());
  services_.log.info("an alert is delivered again", {{"alert", id.text}, {"peer", request.peer}});
  auto alert = co_await services_.alerts.load_alert(id);
  if (!alert) co_return problem(alert.error());
  co_return net::json_response(202, alert_json(*alert));
}

}  // namespace earshot::api
