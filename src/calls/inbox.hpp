#pragma once
// What the outside tells of calls, made durable before it is answered: committed to the store, or,
// while the database is away, to the spool, from where it goes to the store as soon as that is
// back. A duplicate webhook is ignored here. Handling goes on afterwards, elsewhere.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/task_group.hpp"
#include "calls/known_calls.hpp"
#include "ports/call_events.hpp"
#include "ports/call_store.hpp"
#include "ports/event_spool.hpp"

#include <memory>
#include <vector>

namespace earshot::calls {

// Who handles stored events (the call director). Called on the control executor.
class StoredEventHandler {
 public:
  virtual ~StoredEventHandler() = default;
  virtual void handle(std::vector<StoredEvent> events) = 0;
};

// Given at construction, outlive the inbox.
struct InboxServices {
  Executor& control;
  Clock& clock;
  Log& log;
  Counters& counters;
  CallStore& store;
  EventSpool& spool;
  KnownCalls& known;
  StoredEventHandler& handler;
};

class Inbox : public CallEvents {
 public:
  explicit Inbox(InboxServices services);

  Task<Result<std::vector<Accepted>>> accept(std::vector<InboundEvent> events) override;
  Task<Result<void>> check_link(ContextId call, std::string key) override;
  Task<Result<std::string>> resource_of(ContextId call) override;
  Task<Result<ContextId>> find_by_correlation(CorrelationId correlation) override;

  // On the control executor: replays what an earlier process left in the spool, and from then on
  // what this one puts there.
  void start();
  // On the control executor. What is still in the spool stays there for the next process.
  Task<void> stop();

 private:
  struct Sorted {
    std::vector<Accepted> outcomes;   // one an event; `stored` where it is to be stored
    std::vector<std::size_t> places;  // of the events to store, in outcomes
    std::vector<InboundEvent> to_store;
  };
  Task<Sorted> sort_out(std::vector<InboundEvent> events);
  Task<bool> is_ours(ContextId call);
  Task<Result<KnownCall>> look_up(ContextId call);
  Task<Result<Sorted>> store(Sorted sorted);
  Task<Result<Sorted>> store_one_by_one(Sorted sorted);
  Task<Result<void>> spool(std::vector<InboundEvent> events);
  void hand_over(std::vector<StoredEvent> events);
  Task<void> replay_whenever_needed();
  Task<bool> replay();
  void count(Accepted outcome);

  InboxServices services_;
  Counter& stored_;
  Counter& duplicates_;
  Counter& unknown_;
  Counter& spooled_;
  Counter& lost_;
  Counter& unstorable_;
  Gauge& waiting_;
  // Touched only on the control executor.
  TaskGroup tasks_;
  std::unique_ptr<Signal> spool_changed_;
  bool stopping_ = false;
};

}  // namespace earshot::calls
