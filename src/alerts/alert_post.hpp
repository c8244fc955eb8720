#pragma once
// The job that posts one alert to every webhook until each has taken it or is given up. What became
// of each attempt is stored before the next. An alert may be delivered twice (a crash after the
// answer); its webhook-id is the same then.

#include "alerts/delivery_rules.hpp"
#include "alerts/webhook_signature.hpp"
#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "jobs/job_outcome.hpp"
#include "net/http_client.hpp"
#include "ports/alert_store.hpp"
#include "ports/job_store.hpp"

#include <memory>
#include <string>
#include <vector>

namespace earshot::alerts {

struct DeliveryOptions {
  std::vector<std::string> urls;  // https, or http on the loopback; none: alerts are only kept
  std::vector<WebhookKey> keys;   // at least one when there is a URL; each signs
  std::string source;             // of the events: where this service is reached
  Duration timeout = 8s;          // of one attempt
  // A webhook that hangs must not take the places of all other jobs.
  int deliveries_at_once_max = 2;
  Duration busy_wait = 5s;
  Duration keep_for = std::chrono::days(90);  // then an alert is deleted, unless it still waits
};

struct DeliveryServices {
  AlertStore& store;
  net::HttpClient& http;
  Clock& clock;
  Random& random;
  Counters& counters;
  Log& log;
};

class AlertPost {
 public:
  // All that `services` names outlives this.
  AlertPost(DeliveryServices services, DeliveryOptions options);

  // The handler of deliver_alert_job. Safe to run twice. On the HTTP client's executor.
  Task<JobOutcome> run(Job job);
  // No attempt begins after this; the one under way ends within its timeout.
  void stop() { stopping_ = true; }

 private:
  struct Webhook {
    std::string url;
    std::string endpoint;
    std::string host;
    WallTime not_before{};  // it asked for patience: of all alerts
  };
  using AlertPtr = std::shared_ptr<StoredAlert>;

  Task<JobOutcome> deliver(Job job);
  Task<Result<void>> plan(AlertPtr stored);
  Task<Result<void>> attempt(AlertPtr stored, std::size_t number);
  Task<AttemptOutcome> post(std::string url, std::string id, std::string body);
  Task<Result<void>> store_outcome(AlertPtr stored, std::size_t number);
  Task<void> purge();
  Webhook* find(const std::string& endpoint);

  DeliveryServices services_;
  DeliveryOptions options_;
  std::vector<Webhook> webhooks_;
  int running_ = 0;
  bool stopping_ = false;
  WallTime purge_due_{};
  Counter& delivered_;
  Counter& failed_;
  Counter& dead_;
  Counter& busy_;
};

}  // namespace earshot::alerts
