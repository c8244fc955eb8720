#pragma once
// What is behind a CallDirector, for the files that implement it: call_director.cpp the calls in
// hand, their sockets and the operator; call_director_events.cpp what stored events lead to.
// Touched on the control thread only.

#include "calls/call_director.hpp"
#include "calls/detail/call_actor.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace earshot::calls {

namespace detail {
using ActorPtr = std::shared_ptr<CallActor>;
}
using detail::ActorPtr;
using detail::CallActor;
using detail::Letter;
using detail::MediaArrival;

struct CallDirector::State {
  State(CallServices services, CallsOptions options);

  // What waits to be given to its call: a stored event, or a call to take up after a restart.
  struct Waiting {
    std::optional<StoredEvent> stored;
    ContextId recover;
  };

  Task<void> take_in();
  Task<void> hand_over(ContextId call, std::unique_ptr<CallerAudio> audio, Executor* where);
  Task<void> take(StoredEvent stored);
  Task<void> take_ring(StoredEvent stored);
  void new_call(StoredEvent stored, std::string ring_key);
  Task<void> read_missed();
  void forget(std::int64_t number);
  Task<void> drop(ContextId call, StoredEvent stored);
  Task<void> come_too_late(Call call, StoredEvent stored);
  void keep(std::int64_t number);
  void release_kept();
  Task<void> write_off_forgotten();
  Task<ContextId> call_of(InboundEvent event);
  Task<std::optional<Call>> found(std::function<Task<Result<std::optional<Call>>>()> ask);
  Task<Result<ActorPtr>> find_actor(ContextId id);
  Task<Result<ActorPtr>> load_actor(Call call);
  ActorPtr add_actor(CallState call);
  std::string resource_of(const IncomingCall& ring);
  void check_resource(const Call& call);
  static Task<void> run_actor(ActorPtr actor);
  void recover(const ContextId& id);
  void enqueue(std::vector<StoredEvent> events);
  void media(ContextId id, MediaArrival arrival);
  Task<void> find_and_attach(ContextId id, MediaArrival arrival);
  call_event::Admission admission(const IncomingCall& ring) const;
  std::size_t calls_open() const;
  Task<Result<void>> wish(ContextId id, CallEvent event, bool (*fits)(const CallState&));
  Task<Result<void>> resume(ContextId call);
  Task<void> wait_while_calls(SteadyTime deadline, std::function<bool()> any);

  detail::ActorShared shared;
  Log& log;
  CallStore& store;
  std::map<ContextId, ActorPtr> actors;
  std::map<std::string, ContextId> rings;  // ring key to call, of the calls in hand
  std::deque<Waiting> waiting;
  std::set<std::int64_t> in_hand;       // numbers of stored events that this process is busy with
  std::vector<std::int64_t> forgotten;  // of those in hand: nothing follows from them
  std::vector<std::int64_t> kept;  // of calls that are being erased: read again at `kept_until`
  SteadyTime kept_until{};
  bool missed = false;  // some stored events were left in the database
  bool draining = false;
  std::unique_ptr<Signal> arrived;
  std::unique_ptr<Signal> actor_gone;
  void tell_unplaced(const StoredEvent& stored);
  Counter& unknown;
  Counter& kept_events;
  Counter& unmatched_files;
  Counter& unmatched_states;
  Counter& sockets_refused;
};

}  // namespace earshot::calls
