#include "simulator/event_delivery.hpp"

#include <array>
#include <fmt/format.h>

namespace earshot::simulator {
namespace {

constexpr Duration reordered_by = 700ms;
constexpr std::size_t dead_letters_max = 1000;

// Event Grid goes on after these; whoever answers them never sees the event again.
bool is_final_refusal(int status) {
  return status == 400 || status == 401 || status == 403 || status == 413;
}

}  // namespace

// What a request and the delivery that waits for it share: the delivery may leave first.
struct EventDelivery::Exchange {
  explicit Exchange(Clock& clock) : ended(clock.make_signal()) {}
  std::unique_ptr<Signal> ended;
  std::optional<Result<net::HttpReply>> reply;

  static Task<void> run(net::HttpClient& http, net::HttpCall call, std::shared_ptr<Exchange> self) {
    self->reply.emplace(co_await http.send(std::move(call)));
    self->ended->notify();
  }
};

EventDelivery::EventDelivery(SimulatorServices services, Identity& identity, Faults& faults,
                             TaskGroup& tasks, EventDeliveryOptions options)
    : services_(services),
      identity_(identity),
      faults_(faults),
      tasks_(tasks),
      options_(std::move(options)),
      exchanges_(services.executor, services.clock, services.log, "sim event requests") {}

void EventDelivery::begin_stop() {
  if (give_up_at_) return;
  give_up_at_ = services_.clock.steady_now() + options_.stop_patience;
  for (Signal* signal : waiting_) signal->notify();
}

EventGridEnvelope EventDelivery::envelope() {
  return {.schema = options_.schema,
          .event_id = make_uuid(services_.random),
          .time = services_.clock.wall_now(),
          .topic = options_.topic};
}

Task<Delivery> EventDelivery::callback(std::string url, std::string name, std::string body) {
  const Fault fault = faults_.at("callback." + name);
  Post post{.url = std::move(url),
            .name = std::move(name),
            .body = std::move(body),
            .is_callback = true,
            .attempts_max = options_.callback_attempts_max,
            .retry = options_.callback_retry};
  co_return co_await deliver(std::move(post), fault);
}

Task<Delivery> EventDelivery::event_grid(std::string url, std::string type, std::string body) {
  const Fault fault = faults_.at("event_grid." + type);
  Post post{.url = std::move(url),
            .name = type,
            .body = std::move(body),
            .attempts_max = type == "IncomingCall" ? options_.event_grid_attempts_max
                                                   : options_.recording_attempts_max,
            .retry = options_.event_grid_retry,
            .published = services_.clock.wall_now()};
  co_return co_await deliver(std::move(post), fault);
}

Task<Delivery> EventDelivery::deliver(Post post, Fault fault) {
  if (fault.drop) {
    bury(post, {});
    co_return Delivery{};
  }
  for (std::uint32_t copy = 0; copy < fault.copies; ++copy) {
    Post again = post;
    tasks_.spawn(send_later(std::move(again), fault.delay + Duration(150ms) * (copy + 1)));
  }
  if (fault.reorder) fault.delay += reordered_by;
  if (fault.delay > Duration::zero()) {
    tasks_.spawn(send_later(std::move(post), fault.delay));
    co_return Delivery{.accepted = true};
  }
  co_return co_await send(std::move(post));
}

Task<void> EventDelivery::send_later(Post post, Duration delay) {
  if (co_await pause(delay))
    co_await send(std::move(post));
  else
    give_up(post);
}

net::HttpHeaders EventDelivery::headers_of(const Post& post, int attempt) {
  net::HttpHeaders headers;
  if (post.is_callback) {
    headers.add("Content-Type", options_.callback_content_type);
    const std::string token = identity_.callback_token(options_.callback_token);
    if (!token.empty()) headers.add("Authorization", "Bearer " + token);
    return headers;
  }
  headers.add("Content-Type", options_.schema == EventGridSchema::cloud_events
                                  ? "application/cloudevents+json; charset=utf-8"
                                  : "application/json; charset=utf-8");
  headers.add("aeg-event-type", "Notification");
  headers.add("aeg-subscription-name", "SIMULATOR");
  headers.add("aeg-delivery-count", std::to_string(attempt));
  headers.add("aeg-data-version", "1.0");
  headers.add("aeg-metadata-version", "1");
  return headers;
}

// A request that gets no answer outlives the patience of a stop: it is left to the HTTP client.
Task<Result<net::HttpReply>> EventDelivery::exchange(net::HttpCall call) {
  auto shared = std::make_shared<Exchange>(services_.clock);
  exchanges_.spawn(Exchange::run(services_.http, std::move(call), shared));
  while (!shared->reply) {
    if (give_up_at_ && services_.clock.steady_now() >= *give_up_at_)
      co_return fail(ErrorKind::unavailable, "no answer before the simulator stopped");
    co_await wait_until(*shared->ended, give_up_at_);
  }
  co_return std::move(*shared->reply);
}

Task<bool> EventDelivery::pause(Duration duration) {
  const SteadyTime end = services_.clock.steady_now() + duration;
  const auto signal = services_.clock.make_signal();
  while (!give_up_at_ && services_.clock.steady_now() < end) co_await wait_until(*signal, end);
  co_return !give_up_at_;
}

Task<void> EventDelivery::wait_until(Signal& signal, std::optional<SteadyTime> deadline) {
  const auto place = waiting_.insert(waiting_.end(), &signal);
  if (deadline)
    co_await signal.wait_until(*deadline);
  else
    co_await signal.wait();
  waiting_.erase(place);
}

void EventDelivery::give_up(const Post& post) {
  ++given_up_;
  services_.log.warn("event given up: the simulator stops", {{"type", post.name}});
}

void EventDelivery::bury(const Post& post, const Delivery& delivery) {
  if (post.is_callback) return;
  const DeadLetterFacts facts{
      .schema = options_.schema,
      .reason = is_final_refusal(delivery.status) ? "UndeliverableDueToClientError"
                                                  : "MaxDeliveryAttemptsExceeded",
      .attempts = delivery.attempts,
      .outcome = delivery.status == 0 ? "TimedOut" : fmt::format("Status{}", delivery.status),
      .published = post.published,
      .last_attempt = services_.clock.wall_now()};
  dead_letters_.push_back(dead_letter_body(post.body, facts));
  if (dead_letters_.size() > dead_letters_max) dead_letters_.pop_front();
}

Task<Delivery> EventDelivery::send(Post post) {
  static constexpr std::array<int, 6> event_grid_steps{1, 3, 6, 30, 60, 180};  // times 10 s
  Delivery delivery;
  for (int attempt = 0; attempt < post.attempts_max; ++attempt) {
    if (attempt > 0) {
      const int step =
          post.is_callback ? attempt : event_grid_steps[static_cast<std::size_t>(attempt - 1) % 6];
      if (!co_await pause(post.retry * step)) {
        give_up(post);
        break;
      }
    }
    if (give_up_at_ && services_.clock.steady_now() >= *give_up_at_) {
      give_up(post);
      break;
    }
    net::HttpCall call{.method = "POST",
                       .url = post.url,
                       .headers = headers_of(post, attempt),
                       .body = post.body,
                       .timeout = options_.timeout};
    auto reply = co_await exchange(std::move(call));
    ++delivery.attempts;
    delivery.status = reply ? reply->status : 0;
    if (reply && reply->status >= 200 && reply->status <= 204) {
      ++accepted_;
      delivery.accepted = true;
      co_return delivery;
    }
    services_.log.warn("event was not accepted",
                       {{"type", post.name},
                        {"attempt", attempt + 1},
                        {"answer", reply ? std::to_string(reply->status) : reply.error().message}});
    if (!post.is_callback && is_final_refusal(delivery.status)) break;
  }
  ++refused_;
  bury(post, delivery);
  co_return delivery;
}

Task<Result<void>> EventDelivery::validate_subscription(std::string url) {
  if (options_.schema == EventGridSchema::cloud_events) {
    net::HttpCall call{.method = "OPTIONS",
                       .url = url,
                       .headers = {{"WebHook-Request-Origin", "eventgrid.azure.net"},
                                   {"WebHook-Request-Rate", "120"}},
                       .timeout = options_.timeout};
    auto reply = co_await exchange(std::move(call));
    if (!reply) co_return fail("validate subscription", reply.error());
    const auto origin = reply->headers.get("WebHook-Allowed-Origin");
    if (reply->status != 200 || (origin != "*" && origin != "eventgrid.azure.net"))
      co_return fail(ErrorKind::refused,
                     fmt::format("validate subscription: answered {}, WebHook-Allowed-Origin {}",
                                 reply->status, origin));
    co_return ok();
  }
  const std::string code = make_uuid(services_.random);
  net::HttpCall call{.method = "POST",
                     .url = url,
                     .headers = {{"Content-Type", "application/json; charset=utf-8"},
                                 {"aeg-event-type", "SubscriptionValidation"}},
                     .body = validation_body(envelope(), code),
                     .timeout = options_.timeout};
  auto reply = co_await exchange(std::move(call));
  if (!reply) co_return fail("validate subscription", reply.error());
  if (reply->status != 200 || !validation_answered(reply->body, code))
    co_return fail(
        ErrorKind::refused,
        fmt::format("validate subscription: answered {}, without the code", reply->status));
  co_return ok();
}

}  // namespace earshot::simulator
