#include "api/retention_routes.hpp"

#include "api/problem.hpp"

#include <charconv>
#include <fmt/format.h>
#include <utility>

namespace earshot::api {
namespace {

constexpr std::size_t request_bytes_max = 8 << 10;
constexpr int calls_max = 1'000;
constexpr int calls_default = 100;
constexpr int list_max = 500;

Result<int> limit_of(const net::HttpRequest& request, int otherwise, int most) {
  const auto text = request.query("limit");
  if (!text) return otherwise;
  int limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc() || end != text->data() + text->size() || limit < 1 || limit > most)
    return fail(ErrorKind::invalid, fmt::format("limit takes a number from 1 to {}", most));
  return limit;
}

std::string id_of(const net::HttpRequest& request) {
  return std::string(request.path_parameter("id"));
}

}  // namespace

RetentionRoutes::RetentionRoutes(RetentionRoutesServices services, Secret api_key)
    : services_(std::move(services)), access_(std::move(api_key), services_.counters) {}

void RetentionRoutes::add_routes(net::Router& router,
                                 const std::function<net::HttpHandler(net::HttpHandler)>& wrap) {
  using Member = Task<net::HttpResponse> (RetentionRoutes::*)(net::HttpRequest);
  const auto guarded = [&](Member member) {
    return wrap(access_.guard(
        [this, member](net::HttpRequest request) { return (this->*member)(std::move(request)); }));
  };
  const auto post = [&](const char* path, Member member) {
    router.add("POST", path, guarded(member), {.body_bytes_max = request_bytes_max});
  };
  router.add("GET", "/api/v1/retention/plan", guarded(&RetentionRoutes::plan));
  router.add("POST", "/api/v1/retention/plan", guarded(&RetentionRoutes::plan_under),
             {.body_bytes_max = recording::retention_rules_bytes_max});
  post("/api/v1/retention/run", &RetentionRoutes::run);
  router.add("GET", "/api/v1/retention/policy", guarded(&RetentionRoutes::policy));
  post("/api/v1/calls/{id}/restore", &RetentionRoutes::restore);
  router.add("GET", "/api/v1/holds", guarded(&RetentionRoutes::list_holds));
  post("/api/v1/calls/{id}/holds", &RetentionRoutes::add_hold);
  post("/api/v1/holds/{id}/lift", &RetentionRoutes::lift_hold);
  post("/api/v1/erasures", &RetentionRoutes::erase);
  router.add("GET", "/api/v1/erasures", guarded(&RetentionRoutes::list_erasures));
  router.add("GET", "/api/v1/erasures/{id}", guarded(&RetentionRoutes::show_erasure));
  router.add("GET", "/api/v1/erasures/{id}/receipt", guarded(&RetentionRoutes::signed_receipt));
}

Task<net::HttpResponse> RetentionRoutes::plan(net::HttpRequest request) {
  const auto limit = limit_of(request, calls_default, calls_max);
  if (!limit) co_return problem(limit.error());
  auto report = co_await services_.rounds.plan(*limit);
  if (!report) co_return problem(report.error());
  co_return net::json_response(200, retention_report_json(*report));
}

// 200 with what the body's rules would do; 400 with every fault of theirs.
Task<net::HttpResponse> RetentionRoutes::plan_under(net::HttpRequest request) {
  const auto limit = limit_of(request, calls_default, calls_max);
  if (!limit) co_return problem(limit.error());
  auto rules = recording::parse_retention_rules(request.body);
  if (!rules) co_return problem(rules.error());
  auto report = co_await services_.rounds.plan_under(std::move(*rules), *limit);
  if (!report) co_return problem(report.error());
  co_return net::json_response(200, retention_report_json(*report));
}

// 200 with what was done; 409 while a round is running.
Task<net::HttpResponse> RetentionRoutes::run(net::HttpRequest request) {
  const auto wanted = parse_retention_run(request.body);
  if (!wanted) co_return problem(wanted.error());
  if (wanted->limit < 1 || wanted->limit > calls_max)
    co_return problem(400, "invalid", fmt::format("limit takes a number from 1 to {}", calls_max));
  if (wanted->dry_run) {
    auto planned = co_await services_.rounds.plan(wanted->limit);
    if (!planned) co_return problem(planned.error());
    co_return net::json_response(200, retention_report_json(*planned));
  }
  services_.log.info("retention was asked for", {{"calls", wanted->limit}, {"peer", request.peer}});
  auto report = co_await services_.rounds.run_once(wanted->limit);
  if (!report) co_return problem(report.error());
  co_return net::json_response(200, retention_report_json(*report));
}

Task<net::HttpResponse> RetentionRoutes::policy(net::HttpRequest) {
  const auto rights = co_await services_.keeper.tag_rights();
  if (!rights) co_return problem(rights.error());
  const auto policy =
      recording::lifecycle_policy(services_.keeper.rules(), services_.container, *rights);
  co_return net::json_response(200, lifecycle_policy_json(policy, *rights));
}

// 202; 409 when nothing of the call is archived.
Task<net::HttpResponse> RetentionRoutes::restore(net::HttpRequest request) {
  auto restored = co_await services_.keeper.restore({id_of(request)});
  if (!restored) co_return problem(restored.error());
  co_return net::json_response(202, fmt::format(R"({{"blobs":{},"hoursMax":15}})", *restored));
}

Task<net::HttpResponse> RetentionRoutes::list_holds(net::HttpRequest request) {
  const auto limit = limit_of(request, calls_default, list_max);
  if (!limit) co_return problem(limit.error());
  HoldQuery query{.call = {std::string(request.query("call").value_or(""))},
                  .lifted_too = request.query("lifted").value_or("") == "true",
                  .limit = *limit};
  auto holds = co_await services_.retention.list_holds(std::move(query));
  if (!holds) co_return problem(holds.error());
  co_return net::json_response(200, holds_json(*holds));
}

// 201; the hold counts from then on, whatever becomes of marking the blobs, which is tried again.
Task<net::HttpResponse> RetentionRoutes::add_hold(net::HttpRequest request) {
  auto wanted = parse_hold_request(request.body, true);
  if (!wanted) co_return problem(wanted.error());
  auto call = co_await services_.store.load_call({id_of(request)});
  if (!call) co_return problem(call.error());
  LegalHold hold{.id = {make_uuid(services_.random)},
                 .call = call->id,
                 .who = std::move(wanted->who),
                 .why = std::move(wanted->why),
                 .since = services_.clock.wall_now(),
                 .lifted_at = {},
                 .lifted_by = {}};
  auto added = co_await services_.retention.add_hold(hold);
  if (!added) co_return problem(added.error());
  services_.log.info("a call is held",
                     {{"call", hold.call.text}, {"hold", hold.id.text}, {"peer", request.peer}});
  auto marks = co_await services_.keeper.carry_out(std::move(*call));
  co_return net::json_response(201, hold_json(hold, marks ? &*marks : nullptr));
}

Task<net::HttpResponse> RetentionRoutes::lift_hold(net::HttpRequest request) {
  auto wanted = parse_hold_request(request.body, false);
  if (!wanted) co_return problem(wanted.error());
  auto lifted = co_await services_.retention.lift_hold({id_of(request)}, std::move(wanted->who),
                                                       services_.clock.wall_now());
  if (!lifted) co_return problem(lifted.error());
  services_.log.info(
      "a hold is lifted",
      {{"call", lifted->call.text}, {"hold", lifted->id.text}, {"peer", request.peer}});
  co_return net::json_response(200, hold_json(*lifted, nullptr));
}

// 202 with the receipt as it begins, and where it can be read; 200 for a dry run.
Task<net::HttpResponse> RetentionRoutes::erase(net::HttpRequest request) {
  auto wanted = parse_erasure_request(request.body);
  if (!wanted) co_return problem(wanted.error());
  const bool dry_run = wanted->dry_run;
  auto erasure = dry_run ? co_await services_.erasure.plan(std::move(wanted->caller))
                         : co_await services_.erasure.request(std::move(wanted->caller));
  if (!erasure) co_return problem(erasure.error());
  auto response = net::json_response(dry_run ? 200 : 202, erasure_json(*erasure, dry_run));
  if (!dry_run)
    response.headers.set("Location", fmt::format("/api/v1/erasures/{}", erasure->id.text));
  co_return response;
}

Task<net::HttpResponse> RetentionRoutes::list_erasures(net::HttpRequest request) {
  const auto limit = limit_of(request, calls_default, list_max);
  if (!limit) co_return problem(limit.error());
  auto erasures = co_await services_.erasure.list(*limit);
  if (!erasures) co_return problem(erasures.error());
  co_return net::json_response(200, erasures_json(*erasures));
}

Task<net::HttpResponse> RetentionRoutes::show_erasure(net::HttpRequest request) {
  auto erasure = co_await services_.erasure.load({id_of(request)});
  if (!erasure) co_return problem(erasure.error());
  co_return net::json_response(200, erasure_json(*erasure, false));
}

// Byte by byte as it was signed; 409 as long as the erasure is not finished.
Task<net::HttpResponse> RetentionRoutes::signed_receipt(net::HttpRequest request) {
  auto receipt = co_await services_.erasure.signed_receipt({id_of(request)});
  if (!receipt) co_return problem(receipt.error());
  co_return net::json_response(200, std::move(*receipt));
}

}  // namespace earshot::api
