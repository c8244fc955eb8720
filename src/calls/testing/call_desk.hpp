#pragma once
// Inbox and director with everything around them, on one event loop and a manual clock.

#include "base/invariant.hpp"
#include "calls/call_director.hpp"
#include "calls/inbox.hpp"
#include "calls/testing/fakes.hpp"
#include "net/testing/test_runtime.hpp"
#include "store/memory_store.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::calls::testing {

// ACS's answer when it is not well.
inline Error broken(std::string code = "9999") {
  return Error{.kind = ErrorKind::unavailable,
               .message = "ACS answered 500",
               .status = 500,
               .code = std::move(code)};
}

// A database that does not answer, when told (neither a failure nor a result), or that takes its
// time.
class SlowStore : public store::MemoryStore {
 public:
  SlowStore(Random& random, Clock& clock) : MemoryStore(random), clock_(clock) {}
  Task<Result<std::vector<Turn>>> turns_of(ContextId call) override {
    while (hangs) co_await clock_.sleep_for(1s);
    co_return co_await MemoryStore::turns_of(std::move(call));
  }
  Task<Result<void>> commit(Changes changes) override {
    if (commit_takes > Duration{0}) co_await clock_.sleep_for(commit_takes);
    auto committed = co_await MemoryStore::commit(std::move(changes));
    if (committed && loses(lost_answers)) co_return answer_lost();
    co_return committed;
  }
  Task<Result<std::vector<EventStoreResult>>> store_events(std::vector<InboundEvent> events,
                                                           WallTime received_at) override {
    auto stored = co_await MemoryStore::store_events(std::move(events), received_at);
    if (stored && loses(lost_event_answers)) co_return answer_lost();
    co_return stored;
  }
  bool hangs = false;
  Duration commit_takes{0};
  // So many commits, or stores of events, succeed, and their asker hears `unavailable`: the
  // connection was lost on the way back.
  int lost_answers = 0;
  int lost_event_answers = 0;

 private:
  static bool loses(int& left) {
    if (left == 0) return false;
    --left;
    return true;
  }
  static Failure answer_lost() {
    return fail(ErrorKind::unavailable, "the connection was lost, as the test wanted");
  }
  Clock& clock_;
};

inline std::string resource_id(std::string_view name) {
  return "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Communication/"
         "CommunicationServices/" +
         std::string(name);
}
inline AcsResources two_regions() {
  return AcsResources({{"weu", resource_id("voice-weu")}, {"jpe", resource_id("voice-jpe")}});
}

class CallDesk {
 public:
  CallDesk() {
    options.callback_uri_host = "https://voice.example.com";
    options.hang_up_at_stop = false;
  }
  ~CallDesk() { stop(); }

  // A process: everything but store, spool and the outside world begins anew.
  void start() {
    process = std::make_unique<Process>(*this);
    runtime.run(start_process(*process));
    runtime.run_ready();
  }
  // The calls go on meanwhile; what the store holds is all that the next process knows.
  void restart() {
    stop();
    bridges.clear();
    start();
  }
  void stop() {
    if (process) runtime.run(stop_process(*process, runtime.clock().steady_now()));
    process.reset();
    runtime.run_ready();
  }

  std::vector<Accepted> accept(std::vector<InboundEvent> events) {
    auto accepted = runtime.run_for(process->inbox.accept(std::move(events)));
    runtime.run_ready();
    return accepted ? *accepted : std::vector<Accepted>{};
  }
  Accepted accept(InboundEvent event) {
    const auto outcomes = accept(std::vector{std::move(event)});
    return outcomes.empty() ? Accepted::unknown_call : outcomes[0];
  }
  void advance(Duration by) { runtime.advance(by); }

  InboundEvent ring(std::string correlation = "corr", std::string called = "4:+15550100") {
    InboundEvent event{.door = EventDoor::event_grid,
                       .id = "ring-" + std::to_string(++event_ids),
                       .type = "Microsoft.Communication.IncomingCall",
                       .occurred_at = runtime.clock().wall_now(),
                       .correlation_id = {correlation},
                       .raw = "{}"};
    event.body = IncomingCall{.correlation_id = {std::move(correlation)},
                              .server_call_id = {"server"},
                              .incoming_call_context = Secret("context"),
                              .caller = "4:+15550123",
                              .called = std::move(called)};
    return event;
  }
  InboundEvent ring_on(std::string_view resource, std::string correlation = "corr",
                       std::string called = "4:+15550100") {
    auto event = ring(std::move(correlation), std::move(called));
    std::get<IncomingCall>(event.body).resource_topic = resource_id(resource);
    return event;
  }
  InboundEvent callback(std::string type, EventBody body) {
    return InboundEvent{.door = EventDoor::call_callback,
                        .id = type + "-" + std::to_string(++event_ids),
                        .type = "Microsoft.Communication." + type,
                        .occurred_at = runtime.clock().wall_now(),
                        .context_id = call().id,
                        .connection_id = {"conn"},
                        .server_call_id = {"server"},
                        .correlation_id = {"corr"},
                        .body = std::move(body),
                        .raw = "{}"};
  }
  InboundEvent connected() { return callback("CallConnected", CallConnected{}); }
  InboundEvent disconnected() {
    return callback("CallDisconnected",
                    CallDisconnected{.result = {.code = 200, .sub_code = 560000}});
  }
  InboundEvent state_changed(std::string recording, bool active) {
    auto event = callback("RecordingStateChanged",
                          RecordingStateChanged{.recording_id = {std::move(recording)},
                                                .active = active,
                                                .started_at = runtime.clock().wall_now()});
    event.door = EventDoor::recording_callback;
    return event;
  }
  void socket_opens() {
    runtime.executor().spawn(
        process->director.arrived(call().id, std::make_unique<FakeAudio>(sockets_aborted),
                                  runtime.executor()),
        [this](std::exception_ptr) { ++sockets_ended; });
    runtime.run_ready();
  }
  // Rung, answered, connected, recorded, media open.
  void talk() {
    accept(ring());
    accept(connected());
    accept(state_changed("R1", true));
    socket_opens();
    advance(20s);
  }

  Call call() {
    auto calls = runtime.run_for(store.list_calls({}));
    return calls && !calls->empty() ? calls->front() : Call{};
  }
  std::vector<Call> calls() { return *runtime.run_for(store.list_calls({})); }
  std::vector<Recording> recordings() { return *runtime.run_for(store.recordings_of(call().id)); }
  std::vector<std::string> journal() {
    std::vector<std::string> types;
    for (const auto& entry : *runtime.run_for(store.journal_of(call().id)))
      types.push_back(entry.type);
    return types;
  }
  bool journal_has(const std::string& type) {
    const auto types = journal();
    return std::ranges::find(types, type) != types.end();
  }
  // The subjects of the discovery jobs, each job leased and so taken away.
  std::vector<std::string> discoveries() {
    std::vector<std::string> subjects;
    const auto now = runtime.clock().wall_now() + 1h;
    for (;;) {
      auto job = runtime.run_for(store.lease("test", now, now + 1h));
      if (!job || !*job) return subjects;
      if ((*job)->kind == "discover_recording") subjects.push_back((*job)->subject);
      if ((*job)->kind == "verify_call") verifications.push_back((*job)->subject);
    }
  }
  // Those of the verifications, as far as discoveries() came across them.
  std::vector<std::string> verifications;
  FakeBridge& bridge() { return *bridges.at(bridges.size() - 1); }

  struct Process {
    explicit Process(CallDesk& desk)
        : known(1000),
          notes(
              {desk.runtime.executor(), desk.runtime.clock(), desk.log, desk.counters, desk.store},
              1000),
          director(desk.services(*this), desk.options),
          inbox({desk.runtime.executor(), desk.runtime.clock(), desk.log, desk.counters, desk.store,
                 desk.spool, known, director}) {}
    KnownCalls known;
    CallNotes notes;
    CallDirector director;
    Inbox inbox;
  };

  net::TestRuntime runtime;
  SeededRandom random{7};
  MemoryLog log;
  Counters counters;
  SlowStore store{random, runtime.clock()};
  FakeAcs acs;
  MemoryEventSpool spool;
  NoTapSpool tap_spool;
  NoAssistant assistant;
  KeptAlerts alerts;
  CallsOptions options;
  std::vector<std::shared_ptr<FakeBridge>> bridges;
  int sockets_aborted = 0;
  int sockets_ended = 0;
  int event_ids = 0;
  std::unique_ptr<Process> process;

 private:
  CallServices services(Process& made) {
    return {runtime.executor(),
            runtime.clock(),
            random,
            log,
            counters,
            store,
            acs,
            alerts,
            tap_spool,
            made.known,
            made.notes,
            {{runtime.executor(), assistant}},
            [this](BridgeServices with, const BridgeOptions&, BridgeStart from,
                   BridgeObserver& observer) {
              bridges.push_back(std::make_shared<FakeBridge>(with, std::move(from), observer));
              return bridges.back();
            }};
  }
  static Task<void> start_process(Process& process) {
    process.notes.start();
    auto started = co_await process.director.start();
    CHECK_INVARIANT(started.has_value(), "the director starts");
    process.inbox.start();
  }
  static Task<void> stop_process(Process& process, SteadyTime deadline) {
    co_await process.inbox.stop();
    co_await process.director.stop(deadline);
    co_await process.notes.stop();
  }
};

}  // namespace earshot::calls::testing
