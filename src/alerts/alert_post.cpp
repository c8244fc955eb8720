#include "alerts/alert_post.hpp"

#include "alerts/alert_event.hpp"
#include "base/bytes.hpp"
#include "base/crypto.hpp"
#include "net/retry_after.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::alerts {
namespace {

constexpr std::size_t answer_bytes_max = 64 << 10;
constexpr std::size_t endpoint_digits = 16;
constexpr Duration store_retry = 30s;
constexpr Duration purge_every = 24h;

// Tells webhooks apart without showing an address, which may hold a secret.
std::string endpoint_of(const std::string& url) {
  return crypto::to_hex(crypto::sha256(as_bytes(url))).substr(0, endpoint_digits);
}

std::string host_of(const std::string& url) {
  const auto parsed = net::parse_url(url);
  return parsed ? parsed->authority() : "";
}

class Running {
 public:
  explicit Running(int& count) : count_(count) { ++count_; }
  ~Running() { --count_; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  int& count_;
};

Counter& deliveries(Counters& counters, const char* outcome) {
  return counters.counter("earshot_alert_deliveries_total",
                          "attempts to deliver an alert to a webhook by what came of them",
                          {{"outcome", outcome}});
}

}  // namespace

AlertPost::AlertPost(DeliveryServices services, DeliveryOptions options)
    : services_(services),
      options_(std::move(options)),
      delivered_(deliveries(services.counters, "delivered")),
      failed_(deliveries(services.counters, "failed")),
      dead_(services.counters.counter("earshot_alerts_dead_total",
                                      "deliveries of alerts that were given up")),
      busy_(services.counters.counter(
          "earshot_alert_deliveries_put_off_total",
          "deliveries put off because deliveries_at_once_max others were under way")) {
  for (const auto& url : options_.urls)
    webhooks_.push_back({.url = url, .endpoint = endpoint_of(url), .host = host_of(url)});
}

Task<JobOutcome> AlertPost::run(Job job) {
  if (running_ >= options_.deliveries_at_once_max) {
    busy_.add();
    co_return JobRetry{.at = services_.clock.wall_now() + options_.busy_wait,
                       .error = "other alerts are being delivered",
                       .payload = ""};
  }
  const Running running(running_);
  co_await purge();
  co_return co_await deliver(std::move(job));
}

Task<JobOutcome> AlertPost::deliver(Job job) {
  auto loaded = co_await services_.store.load_alert({job.subject});
  if (!loaded && loaded.error().kind == ErrorKind::not_found) co_return JobDone{};
  const auto again = [this](const Error& error) {
    return JobRetry{
        .at = services_.clock.wall_now() + store_retry, .error = error.message, .payload = ""};
  };
  if (!loaded) co_return again(loaded.error());
  const auto stored = std::make_shared<StoredAlert>(std::move(*loaded));
  if (auto done = co_await plan(stored); !done) co_return again(done.error());
  for (std::size_t i = 0; i < stored->deliveries.size(); ++i)
    if (auto done = co_await attempt(stored, i); !done) co_return again(done.error());
  std::optional<WallTime> next;
  std::string error;
  for (const auto& delivery : stored->deliveries) {
    if (delivery.state != DeliveryState::waiting) continue;
    if (!next || delivery.next_at < *next) next = delivery.next_at;
    error = fmt::format("{}: {}", delivery.host, delivery.last_error);
  }
  if (next) co_return JobRetry{.at = *next, .error = std::move(error), .payload = ""};
  co_return JobDone{};
}

// One delivery for each webhook of today; one that is configured no longer is not waited for.
Task<Result<void>> AlertPost::plan(AlertPtr stored) {
  auto disabled = co_await services_.store.disabled_webhooks();
  if (!disabled) co_return Failure(disabled.error());
  for (const auto& webhook : webhooks_) {
    const auto known =
        std::ranges::find(stored->deliveries, webhook.endpoint, &AlertDelivery::endpoint);
    if (known == stored->deliveries.end())
      stored->deliveries.push_back({.endpoint = webhook.endpoint,
                                    .host = webhook.host,
                                    .next_at = services_.clock.wall_now()});
  }
  for (auto& delivery : stored->deliveries) {
    if (delivery.state != DeliveryState::waiting) continue;
    const bool gone = std::ranges::find(*disabled, delivery.endpoint, &DisabledWebhook::endpoint) !=
                      disabled->end();
    if (!gone && find(delivery.endpoint) != nullptr) continue;
    delivery.state = DeliveryState::dead;
    delivery.last_error =
        gone ? "it answered 410 before: nothing is sent to it until a dead alert is retried"
             : "it is not configured any more";
    dead_.add();
  }
  stored->state = state_of(stored->deliveries);
  co_return co_await services_.store.save_deliveries(stored->id, stored->state, stored->deliveries);
}

Task<Result<void>> AlertPost::attempt(AlertPtr stored, std::size_t number) {
  const auto now = services_.clock.wall_now();
  auto& delivery = stored->deliveries[number];
  if (delivery.state != DeliveryState::waiting || delivery.next_at > now || stopping_)
    co_return ok();
  const auto* webhook = find(delivery.endpoint);
  if (webhook->not_before > now) {
    delivery.next_at = webhook->not_before;
    co_return co_await store_outcome(stored, number);
  }
  auto body = alert_event(*stored, options_.source);
  const auto outcome = co_await post(webhook->url, stored->id.text, std::move(body));
  const auto after = services_.clock.wall_now();
  delivery = after_attempt(std::move(delivery), outcome, after, services_.random);
  if (outcome.retry_after) find(delivery.endpoint)->not_before = after + *outcome.retry_after;
  (delivery.state == DeliveryState::delivered ? delivered_ : failed_).add();
  if (is_gone(outcome)) {
    DisabledWebhook gone{.endpoint = delivery.endpoint, .host = delivery.host, .at = after};
    if (auto done = co_await services_.store.disable_webhook(std::move(gone)); !done)
      co_return Failure(done.error());
    services_.log.error("a webhook for alerts is gone, nothing is sent to it any more",
                        {{"host", delivery.host}});
  }
  if (delivery.state == DeliveryState::dead) {
    dead_.add();
    services_.log.error("an alert could not be delivered and is given up",
                        {{"alert", stored->id.text},
                         {"kind", stored->alert.kind},
                         {"host", delivery.host},
                         {"attempts", delivery.attempts},
                         {"error", delivery.last_error}});
  }
  co_return co_await store_outcome(stored, number);
}

Task<Result<void>> AlertPost::store_outcome(AlertPtr stored, std::size_t number) {
  stored->state = state_of(stored->deliveries);
  std::vector<AlertDelivery> one{stored->deliveries[number]};
  co_return co_await services_.store.save_deliveries(stored->id, stored->state, std::move(one));
}

Task<AttemptOutcome> AlertPost::post(std::string url, std::string id, std::string body) {
  const auto timestamp = webhook_timestamp(services_.clock.wall_now());
  net::HttpCall call{.method = "POST",
                     .url = std::move(url),
                     .timeout = options_.timeout,
                     .response_bytes_max = answer_bytes_max,
                     .redirects_max = 0,
                     .path_is_secret = true};
  call.headers.set("Content-Type", std::string(cloud_event_type));
  call.headers.set("webhook-id", id);
  call.headers.set("webhook-timestamp", timestamp);
  call.headers.set("webhook-signature", webhook_signature(options_.keys, id, timestamp, body));
  call.body = std::move(body);
  auto reply = co_await services_.http.send(std::move(call));
  if (!reply) {
    // An answer that is too long is an answer.
    co_return AttemptOutcome{.error = reply.error().message};
  }
  co_return AttemptOutcome{.status = reply->status,
                           .retry_after = net::parse_retry_after(reply->headers.get("Retry-After"),
                                                                 services_.clock.wall_now())};
}

Task<void> AlertPost::purge() {
  const auto now = services_.clock.wall_now();
  if (now < purge_due_) co_return;
  purge_due_ = now + purge_every;
  auto gone = co_await services_.store.purge_alerts(now - options_.keep_for);
  if (!gone)
    services_.log.warn("old alerts could not be deleted", {{"error", gone.error().message}});
}

AlertPost::Webhook* AlertPost::find(const std::string& endpoint) {
  const auto found = std::ranges::find(webhooks_, endpoint, &Webhook::endpoint);
  return found == webhooks_.end() ? nullptr : &*found;
}

}  // namespace earshot::alerts
