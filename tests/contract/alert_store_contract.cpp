#include "tests/contract/alert_store_contract.hpp"

#include "tests/contract/sample_rows.hpp"

#include <doctest/doctest.h>
#include <utility>

namespace earshot::contract {
namespace {

Alert sample_alert(const char* call, const char* kind, int second = 10) {
  return {.kind = kind,
          .call = {call},
          .recording = {"r1"},
          .message = "half of the 24 hours is gone \xc3\xa4",
          .at = at_second(second),
          .expires_at = at_second(second + 500)};
}

AlertDelivery sample_delivery(const char* endpoint, DeliveryState state) {
  return {.endpoint = endpoint,
          .host = "alerts.example.com",
          .state = state,
          .attempts = 3,
          .last_status = 503,
          .last_error = "it answered 503",
          .next_at = at_second(40),
          .delivered_at = at_second(41)};
}

void commit(StoreUnderTest& store, std::vector<Alert> alerts) {
  Changes changes;
  changes.alerts = std::move(alerts);
  REQUIRE(store.run(store.calls().commit(std::move(changes))).has_value());
}

std::vector<StoredAlert> list(StoreUnderTest& store, AlertQuery query = {}) {
  auto found = store.run(store.alerts().list_alerts(std::move(query)));
  REQUIRE(found.has_value());
  return std::move(*found);
}

std::optional<Job> lease(StoreUnderTest& store, int now) {
  auto leased = store.run(store.jobs().lease("one", at_second(now), at_second(now + 60)));
  REQUIRE(leased.has_value());
  return std::move(*leased);
}

void save(StoreUnderTest& store, const AlertId& id, AlertState state,
          std::vector<AlertDelivery> deliveries) {
  REQUIRE(store.run(store.alerts().save_deliveries(id, state, std::move(deliveries))).has_value());
}

ErrorKind retry_error(StoreUnderTest& store, AlertId id) {
  auto retried = store.run(store.alerts().retry_alert(std::move(id), at_second(50)));
  REQUIRE_FALSE(retried.has_value());
  return retried.error().kind;
}

}  // namespace

void alert_store_keeps_alerts(const StoreFactory& make) {
  const auto store = make();
  auto& alerts = store->alerts();

  SUBCASE("an alert comes back with every field, and with the job that delivers it") {
    commit(*store, {sample_alert("c1", "recording_late")});
    const auto found = list(*store);
    REQUIRE(found.size() == 1);
    const auto& alert = found[0].alert;
    CHECK(alert.kind == "recording_late");
    CHECK(alert.call.text == "c1");
    CHECK(alert.recording.text == "r1");
    CHECK(alert.message == "half of the 24 hours is gone \xc3\xa4");
    CHECK(alert.at == at_second(10));
    CHECK(alert.expires_at == at_second(510));
    CHECK(found[0].state == AlertState::waiting);
    CHECK(found[0].deliveries.empty());
    const auto job = lease(*store, 10);
    REQUIRE(job.has_value());
    CHECK(job->kind == deliver_alert_job);
    CHECK(job->subject == found[0].id.text);
    const auto loaded = store->run(alerts.load_alert(found[0].id));
    REQUIRE(loaded.has_value());
    CHECK(loaded->alert.message == alert.message);
  }
  SUBCASE("a call has one of a kind, and what is of no call is always another") {
    commit(*store, {sample_alert("c1", "verdict_gapped"), sample_alert("c1", "verdict_gapped")});
    commit(*store, {sample_alert("c1", "verdict_gapped", 20), sample_alert("c2", "verdict_gapped"),
                    sample_alert("c1", "verdict_silent")});
    CHECK(list(*store).size() == 3);
    commit(*store, {sample_alert("", "tap_spool_full"), sample_alert("", "tap_spool_full")});
    CHECK(list(*store).size() == 5);
    int jobs = 0;
    while (lease(*store, 30)) ++jobs;
    CHECK(jobs == 5);
  }
  SUBCASE("the list is newest first, by state and call, and goes on from where it ended") {
    commit(*store, {sample_alert("c1", "one", 1), sample_alert("c1", "two", 2),
                    sample_alert("c2", "three", 3)});
    const auto all = list(*store);
    REQUIRE(all.size() == 3);
    CHECK(all[0].alert.kind == "three");
    CHECK(list(*store, {.call = {"c1"}}).size() == 2);
    save(*store, all[1].id, AlertState::dead, {});
    const auto dead = list(*store, {.state = AlertState::dead});
    REQUIRE(dead.size() == 1);
    CHECK(dead[0].alert.kind == "two");
    const auto rest = list(*store, {.before_id = all[0].id.text, .limit = 1});
    REQUIRE(rest.size() == 1);
    CHECK(rest[0].alert.kind == "two");
    auto nowhere = store->run(alerts.list_alerts({.before_id = "unknown"}));
    REQUIRE_FALSE(nowhere.has_value());
    CHECK(nowhere.error().kind == ErrorKind::not_found);
  }
  SUBCASE("deliveries come back by endpoint, and are replaced by the next word on them") {
    commit(*store, {sample_alert("c1", "one")});
    const auto id = list(*store)[0].id;
    save(*store, id, AlertState::waiting,
         {sample_delivery("b", DeliveryState::waiting),
          sample_delivery("a", DeliveryState::delivered)});
    auto changed = sample_delivery("b", DeliveryState::dead);
    changed.attempts = 10;
    changed.delivered_at.reset();
    save(*store, id, AlertState::dead, {changed});
    const auto found = list(*store)[0];
    CHECK(found.state == AlertState::dead);
    REQUIRE(found.deliveries.size() == 2);
    const auto& [a, b] = std::tie(found.deliveries[0], found.deliveries[1]);
    CHECK(a.endpoint == "a");
    CHECK(a.state == DeliveryState::delivered);
    CHECK(a.delivered_at == at_second(41));
    CHECK(a.host == "alerts.example.com");
    CHECK(a.last_status == 503);
    CHECK(a.last_error == "it answered 503");
    CHECK(a.next_at == at_second(40));
    CHECK(b.state == DeliveryState::dead);
    CHECK(b.attempts == 10);
    CHECK_FALSE(b.delivered_at.has_value());
    auto unknown = store->run(alerts.save_deliveries({"unknown"}, AlertState::dead, {}));
    REQUIRE_FALSE(unknown.has_value());
    CHECK(unknown.error().kind == ErrorKind::not_found);
  }
  SUBCASE("what is dead is retried when somebody asks, and its webhook is asked again") {
    commit(*store, {sample_alert("c1", "one")});
    REQUIRE(store->run(store->jobs().complete(lease(*store, 10)->id, "one")).has_value());
    const auto id = list(*store)[0].id;
    CHECK(retry_error(*store, id) == ErrorKind::conflict);
    CHECK(retry_error(*store, {"unknown"}) == ErrorKind::not_found);
    save(*store, id, AlertState::dead,
         {sample_delivery("a", DeliveryState::dead),
          sample_delivery("b", DeliveryState::delivered)});
    for (const char* endpoint : {"a", "other"})
      REQUIRE(store->run(alerts.disable_webhook({endpoint, "host", at_second(1)})).has_value());
    REQUIRE(store->run(alerts.retry_alert(id, at_second(50))).has_value());
    const auto found = list(*store)[0];
    CHECK(found.state == AlertState::waiting);
    CHECK(found.deliveries[0].state == DeliveryState::waiting);
    CHECK(found.deliveries[0].attempts == 0);
    CHECK(found.deliveries[0].next_at == at_second(50));
    CHECK(found.deliveries[1].state == DeliveryState::delivered);
    const auto disabled = store->run(alerts.disabled_webhooks());
    REQUIRE(disabled.has_value());
    REQUIRE(disabled->size() == 1);
    CHECK(disabled->front().endpoint == "other");
    const auto job = lease(*store, 50);
    REQUIRE(job.has_value());
    CHECK(job->subject == id.text);
  }
  SUBCASE("old ones go, but for those that wait") {
    commit(*store, {sample_alert("c1", "old", 1), sample_alert("c1", "waits", 1),
                    sample_alert("c1", "new", 9)});
    for (const auto& stored : list(*store))
      if (stored.alert.kind != "waits")
        save(*store, stored.id, AlertState::delivered,
             {sample_delivery("a", DeliveryState::delivered)});
    const auto gone = store->run(alerts.purge_alerts(at_second(5)));
    REQUIRE(gone.has_value());
    CHECK(*gone == 1);
    CHECK(list(*store).size() == 2);
    CHECK(list(*store, {.state = AlertState::waiting}).size() == 1);
  }
  SUBCASE("an id that cannot be stored is refused, and found nowhere") {
    auto alert = sample_alert("c1", "one");
    alert.call.text = "c\xff";
    Changes changes;
    changes.alerts = {alert};
    auto committed = store->run(store->calls().commit(std::move(changes)));
    REQUIRE_FALSE(committed.has_value());
    CHECK(committed.error().kind == ErrorKind::invalid);
    CHECK_FALSE(store->run(alerts.load_alert({"c\xff"})).has_value());
  }
}

}  // namespace earshot::contract
