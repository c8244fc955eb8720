#include "alerts/alert_outbox.hpp"

#include "base/mailbox.hpp"

#include <utility>

namespace earshot::alerts {
namespace {

constexpr std::size_t waiting_max = 1000;
constexpr Duration store_retry = 1s;

}  // namespace

struct AlertOutbox::State {
  State(Clock& clock, Counters& counters)
      : waiting(clock, waiting_max),
        not_stored(counters.counter("earshot_alerts_not_stored_total",
                                    "alerts that no webhook hears of: too many waited to be stored "
                                    "while the database was away")) {}
  // On the executor.
  Mailbox<Alert> waiting;
  Counter& not_stored;
};

AlertOutbox::AlertOutbox(OutboxServices services)
    : services_(services), state_(std::make_shared<State>(services.clock, services.counters)) {}

AlertOutbox::~AlertOutbox() = default;

void AlertOutbox::announce(const Alert& alert) { services_.told.announce(alert); }

void AlertOutbox::raise(const Alert& alert) {
  services_.told.raise(alert);
  auto stamped = alert;
  if (stamped.at == WallTime{}) stamped.at = services_.clock.wall_now();
  services_.executor.post([state = state_, stamped = std::move(stamped)]() mutable {
    if (!state->waiting.try_push(std::move(stamped))) state->not_stored.add();
  });
}

Task<void> AlertOutbox::run(CallStore* store) {
  const auto state = state_;
  while (auto alert = co_await state->waiting.next()) {
    for (;;) {
      Changes changes;
      changes.alerts.push_back(*alert);
      auto stored = co_await store->commit(std::move(changes));
      if (stored) break;
      if (!worth_retrying(stored.error()) || state->waiting.closed()) {
        state->not_stored.add();
        services_.log.warn("an alert could not be stored",
                           {{"kind", alert->kind}, {"error", stored.error().message}});
        break;
      }
      co_await services_.clock.sleep_for(store_retry);
    }
  }
}

void AlertOutbox::stop() { state_->waiting.close(); }

}  // namespace earshot::alerts
