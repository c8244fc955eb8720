#pragma once
// How long things are kept, what is held, and what is erased:
//   GET  /api/v1/retention/plan        what the rules would do now; ?limit= calls
//   POST /api/v1/retention/plan        the same under the rules of the body, which are not in force
//   POST /api/v1/retention/run         does it, for so many calls at most; {"limit","dryRun"}
//   GET  /api/v1/retention/policy      the rules as a lifecycle policy of the storage account
//   POST /api/v1/calls/{id}/restore    brings what is archived of a call back
//   GET  /api/v1/holds                 in force; ?call= ?lifted=true (those too) ?limit=
//   POST /api/v1/calls/{id}/holds      {"who","why"}
//   POST /api/v1/holds/{id}/lift       {"who"}
//   POST /api/v1/erasures              {"caller","dryRun"}: one caller's data
//   GET  /api/v1/erasures, /api/v1/erasures/{id}      the receipts
//   GET  /api/v1/erasures/{id}/receipt                 of one that is finished, as it was signed
// Behind the API key. Runs on the control thread (app wraps the handlers).

#include "api/access.hpp"
#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "net/router.hpp"
#include "ports/retention_store.hpp"
#include "recording/caller_erasure.hpp"
#include "recording/retention_rounds.hpp"
#include "recording/retention_rules.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace earshot::api {

// Given at construction, outlive the routes.
struct RetentionRoutesServices {
  RetentionStore& retention;
  CallStore& store;
  recording::RetentionKeeper& keeper;
  recording::RetentionRounds& rounds;
  recording::CallerErasure& erasure;
  Clock& clock;
  Random& random;
  Counters& counters;
  Log& log;
  std::string container;  // that recordings are in, for the lifecycle policy
};

class RetentionRoutes {
 public:
  RetentionRoutes(RetentionRoutesServices services, Secret api_key);
  // `wrap` goes around each handler (to run it on the control thread).
  void add_routes(net::Router& router,
                  const std::function<net::HttpHandler(net::HttpHandler)>& wrap);

 private:
  Task<net::HttpResponse> plan(net::HttpRequest request);
  Task<net::HttpResponse> plan_under(net::HttpRequest request);
  Task<net::HttpResponse> run(net::HttpRequest request);
  Task<net::HttpResponse> policy(net::HttpRequest request);
  Task<net::HttpResponse> restore(net::HttpRequest request);
  Task<net::HttpResponse> list_holds(net::HttpRequest request);
  Task<net::HttpResponse> add_hold(net::HttpRequest request);
  Task<net::HttpResponse> lift_hold(net::HttpRequest request);
  Task<net::HttpResponse> erase(net::HttpRequest request);
  Task<net::HttpResponse> list_erasures(net::HttpRequest request);
  Task<net::HttpResponse> show_erasure(net::HttpRequest request);
  Task<net::HttpResponse> signed_receipt(net::HttpRequest request);

  RetentionRoutesServices services_;
  Access access_;
};

// What a body asks for; `invalid` when it asks for something else.
struct RetentionRunRequest {
  int limit = 100;
  bool dry_run = false;
};
Result<RetentionRunRequest> parse_retention_run(std::string_view body);
struct HoldRequest {
  std::string who;
  std::string why;
};
Result<HoldRequest> parse_hold_request(std::string_view body, bool needs_why);
struct ErasureRequest {
  std::string caller;
  bool dry_run = false;
};
Result<ErasureRequest> parse_erasure_request(std::string_view body);

std::string retention_report_json(const recording::RetentionReport& report);
std::string lifecycle_policy_json(const recording::LifecyclePolicy& policy,
                                  recording::TagRights rights);
// `marks`: what became of marking its blobs; absent: not known yet.
std::string hold_json(const LegalHold& hold, const recording::CallRetention* marks);
std::string holds_json(const std::vector<LegalHold>& holds);
std::string erasure_json(const Erasure& erasure, bool dry_run);
std::string erasures_json(const std::vector<Erasure>& erasures);

}  // namespace earshot::api
