#include "alerts/alert_post.hpp"

#include "alerts/alert_outbox.hpp"
#include "base/task_group.hpp"
#include "net/testing/test_runtime.hpp"
#include "store/memory_store.hpp"

#include <algorithm>
#include <deque>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::alerts;

namespace {

constexpr const char* one_url = "https://one.example.com/hook?token=very-secret";
constexpr const char* two_url = "https://two.example.com/hook";

// Answers each host as a test says, or 204.
struct Receivers : net::HttpClient {
  Task<Result<net::HttpReply>> send(net::HttpCall call) override {
    calls.push_back(std::move(call));
    const bool first = calls.back().url == one_url;
    auto& prepared = first ? one : two;
    if (prepared.empty()) co_return net::HttpReply{.status = 204};
    auto reply = std::move(prepared.front());
    if (prepared.size() > 1 || !forever) prepared.pop_front();
    co_return reply;
  }
  Task<Result<net::HttpReply>> download(net::HttpCall, Sink) override {
    co_return fail(ErrorKind::invalid, "not used here");
  }
  std::size_t calls_to(std::string_view url) const {
    return static_cast<std::size_t>(std::ranges::count(calls, url, &net::HttpCall::url));
  }
  std::deque<Result<net::HttpReply>> one, two;
  bool forever = false;  // the last answer is given again and again
  std::vector<net::HttpCall> calls;
};

struct Told : AlertSink {
  void raise(const Alert& alert) override { alerts.push_back(alert); }
  std::vector<Alert> alerts;
};

struct Desk {
  explicit Desk(std::vector<std::string> urls = {one_url, two_url})
      : post(services(), {.urls = std::move(urls), .keys = {key}, .source = "https://here"}) {}
  DeliveryServices services() { return {store, http, runtime.clock(), random, counters, log}; }

  AlertId raise(const char* kind = "verdict_gapped") {
    Changes changes;
    changes.alerts.push_back({.kind = kind,
                              .call = {"c1"},
                              .recording = {"r1"},
                              .message = "seconds are lost",
                              .at = now()});
    REQUIRE(runtime.run_for(store.commit(std::move(changes))).has_value());
    return list().front().id;
  }
  WallTime now() { return runtime.clock().wall_now(); }
  std::vector<StoredAlert> list() { return *runtime.run_for(store.list_alerts({})); }
  // Runs what is due, as the job runner does; gives how many.
  int run_due() {
    int ran = 0;
    while (auto job = *runtime.run_for(store.lease("me", now(), now() + 1min))) {
      ++ran;
      const auto id = job->id;
      const auto outcome = runtime.run_for(post.run(std::move(*job)));
      if (const auto* retry = std::get_if<JobRetry>(&outcome))
        CHECK(runtime.run_for(store.retry(id, "me", retry->at, retry->error, retry->payload))
                  .has_value());
      else
        CHECK(runtime.run_for(store.complete(id, "me")).has_value());
    }
    return ran;
  }

  WebhookKey key = *parse_webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  net::TestRuntime runtime;
  SeededRandom random{1};
  store::MemoryStore store{random};
  Receivers http;
  Counters counters;
  MemoryLog log;
  AlertPost post;
};

net::HttpReply answer(int status, const char* retry_after = nullptr) {
  net::HttpReply reply{.status = status};
  if (retry_after != nullptr) reply.headers.set("Retry-After", retry_after);
  return reply;
}

}  // namespace

TEST_CASE("an alert is posted to every webhook, signed, with its id") {
  Desk desk;
  const auto id = desk.raise();
  CHECK(desk.run_due() == 1);
  REQUIRE(desk.http.calls.size() == 2);
  const auto& call = desk.http.calls[0];
  CHECK(call.method == "POST");
  CHECK(call.headers.get("webhook-id") == id.text);
  CHECK(call.headers.get("webhook-signature").starts_with("v1,"));
  CHECK(call.headers.get("Content-Type") == "application/cloudevents+json; charset=utf-8");
  CHECK(call.redirects_max == 0);
  CHECK(call.body.find("earshot.alert.verdict_gapped") != std::string::npos);
  CHECK(desk.list().front().state == AlertState::delivered);
  CHECK(desk.run_due() == 0);
}

TEST_CASE("a webhook that fails is asked again, the other is not bothered") {
  Desk desk;
  desk.http.one = {answer(500), fail(ErrorKind::unavailable, "no answer")};
  const auto id = desk.raise();
  desk.run_due();
  CHECK(desk.list().front().state == AlertState::waiting);
  desk.runtime.advance(10s);
  desk.run_due();
  desk.runtime.advance(7min);
  desk.run_due();
  CHECK(desk.http.calls_to(one_url) == 3);
  CHECK(desk.http.calls_to(two_url) == 1);
  const auto stored = desk.list().front();
  CHECK(stored.state == AlertState::delivered);
  for (const auto& call : desk.http.calls) CHECK(call.headers.get("webhook-id") == id.text);
  // The time is the attempt's, so that a receiver may refuse what is old.
  CHECK(desk.http.calls[0].headers.get("webhook-timestamp") !=
        desk.http.calls.back().headers.get("webhook-timestamp"));
}

TEST_CASE("what nobody takes ends among the dead, and is delivered when somebody asks") {
  Desk desk({one_url});
  desk.http.one = {answer(500)};
  desk.http.forever = true;
  const auto id = desk.raise();
  for (int hour = 0; hour < 120; ++hour) {
    desk.run_due();
    desk.runtime.advance(1h);
  }
  CHECK(desk.http.calls.size() == attempts_max);
  CHECK(desk.list().front().state == AlertState::dead);
  desk.http.one.clear();
  REQUIRE(desk.runtime.run_for(desk.store.retry_alert(id, desk.now())).has_value());
  desk.run_due();
  CHECK(desk.list().front().state == AlertState::delivered);
}

TEST_CASE("a webhook that is gone is asked no more, until a dead alert is retried") {
  Desk desk({one_url});
  desk.http.one = {answer(410)};
  const auto first = desk.raise("one");
  desk.run_due();
  CHECK(desk.list().front().state == AlertState::dead);
  desk.runtime.advance(1s);
  desk.raise("two");
  desk.run_due();
  CHECK(desk.http.calls.size() == 1);
  CHECK(desk.list().front().state == AlertState::dead);
  REQUIRE(desk.runtime.run_for(desk.store.retry_alert(first, desk.now())).has_value());
  desk.raise("three");
  desk.run_due();
  CHECK(desk.http.calls.size() == 3);
}

TEST_CASE("a webhook that asks for patience gets it for all alerts") {
  Desk desk({one_url});
  desk.http.one = {answer(429, "600")};
  desk.raise("one");
  desk.run_due();
  desk.runtime.advance(1s);
  desk.raise("two");
  desk.run_due();
  CHECK(desk.http.calls.size() == 1);
  desk.runtime.advance(11min);
  desk.run_due();
  CHECK(desk.http.calls.size() == 3);
  for (const auto& stored : desk.list()) CHECK(stored.state == AlertState::delivered);
}

TEST_CASE("without a webhook alerts are kept") {
  Desk desk({});
  desk.raise();
  desk.run_due();
  CHECK(desk.list().front().state == AlertState::kept);
  CHECK(desk.http.calls.empty());
}

TEST_CASE("a webhook that is configured no longer is not waited for") {
  Desk desk({one_url});
  desk.http.one = {answer(500)};
  desk.raise();
  desk.run_due();
  AlertPost later(desk.services(), {.urls = {two_url}, .keys = {desk.key}, .source = "s"});
  desk.runtime.advance(10s);
  auto job = *desk.runtime.run_for(desk.store.lease("me", desk.now(), desk.now() + 1min));
  REQUIRE(job.has_value());
  CHECK(std::holds_alternative<JobDone>(desk.runtime.run_for(later.run(std::move(*job)))));
  CHECK(desk.http.calls_to(two_url) == 1);
  CHECK(desk.list().front().state == AlertState::dead);
}

TEST_CASE("neither log nor store holds a webhook's address, which may be a secret") {
  Desk desk({one_url});
  desk.http.one = {answer(500)};
  desk.http.forever = true;
  desk.raise();
  for (int hour = 0; hour < 120; ++hour) {
    desk.run_due();
    desk.runtime.advance(1h);
  }
  // What the client's own messages leave out (http_client_test).
  CHECK(std::ranges::all_of(desk.http.calls, &net::HttpCall::path_is_secret));
  for (const auto& line : desk.log.lines()) CHECK(line.find("very-secret") == std::string::npos);
  const auto stored = desk.list().front();
  for (const auto& delivery : stored.deliveries) {
    CHECK(delivery.host == "one.example.com");
    CHECK(delivery.endpoint.find("secret") == std::string::npos);
    CHECK(delivery.last_error.find("secret") == std::string::npos);
  }
}

TEST_CASE("what is raised outside a commit is stored when the database is back") {
  net::TestRuntime runtime;
  SeededRandom random(1);
  store::MemoryStore store(random);
  Counters counters;
  MemoryLog log;
  Told told;
  AlertOutbox outbox({told, runtime.executor(), runtime.clock(), counters, log});
  TaskGroup tasks(runtime.executor(), runtime.clock(), log, "outbox");
  tasks.spawn(outbox.run(&store));
  store.fail_next_commits(3);
  outbox.raise({.kind = "tap_spool_full", .message = "the disk is full"});
  outbox.announce({.kind = "verdict_gapped", .call = {"c1"}, .message = "stored by its commit"});
  CHECK(told.alerts.size() == 2);
  runtime.advance(5s);
  const auto stored = *runtime.run_for(store.list_alerts({}));
  REQUIRE(stored.size() == 1);
  CHECK(stored[0].alert.kind == "tap_spool_full");
  CHECK(stored[0].alert.at != WallTime{});
  outbox.stop();
  runtime.run(tasks.join());
}
