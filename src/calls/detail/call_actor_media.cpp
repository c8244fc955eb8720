// A call's media sockets and its bridge. The bridge lives on the executor of the first socket; it
// is made there, runs there and is let go of there.

#include "calls/detail/call_actor.hpp"

#include <algorithm>
#include <utility>

namespace earshot::calls::detail {
namespace {

Task<void> run_bridge(std::shared_ptr<CallBridge> bridge) { co_await bridge->run(); }

}  // namespace

void refuse(MediaArrival arrival) {
  auto& where = *arrival.where;
  where.post([arrival = std::move(arrival)]() mutable {
    arrival.audio->abort();
    arrival.audio.reset();
    arrival.done();
  });
}

void CallActor::media_arrived(MediaArrival arrival) {
  if (dead_ || state_.closed()) return refuse(std::move(arrival));
  held_.push_back(std::move(arrival));
  post(Letter{.event = call_event::MediaConnected{}});
}

void CallActor::place_media() {
  if (held_.empty()) return;
  if (dead_ || state_.closed()) {
    for (auto& arrival : std::exchange(held_, {})) refuse(std::move(arrival));
    return;
  }
  // A socket may overtake CallConnected, whose time is zero of the call's clock.
  if (state_.call.phase != CallPhase::connected) return;
  if (bridge_) {
    for (auto& arrival : std::exchange(held_, {}))
      bridge_->attach(std::move(arrival.audio), *arrival.where, std::move(arrival.done));
    return;
  }
  if (making_bridge_ || bridge_running_) return;
  making_bridge_ = true;
  shared_.tasks.spawn(make_bridge(shared_from_this()));
}

Task<void> CallActor::make_bridge(std::shared_ptr<CallActor> self) {
  auto& shared = self->shared_;
  auto& services = shared.services;
  const auto id = self->state_.call.id;
  // A call that had a bridge before (a restart, a socket lost) goes on where it was. Without the
  // database it begins anew: better that than silence. The first bridge of a new call waits for no
  // database: there is nothing to go on from.
  Result<std::vector<Turn>> turns;
  if (self->may_have_turns_) {
    static_cast<void>(co_await services.notes.flush());
    turns = co_await services.store.turns_of(id);
  }
  self->may_have_turns_ = true;
  self->making_bridge_ = false;
  if (self->held_.empty() || self->dead_ || self->state_.closed()) {
    self->place_media();
    self->nudge();
    co_return;
  }
  BridgeStart start{
      .call = id,
      .connected_at = self->state_.call.connected_at.value_or(services.clock.wall_now()),
      .assistant_rate_hz = shared.options.media_sample_rate_hz,
      .recording_active = self->state_.gate_open,
      .is_private = self->state_.is_private || self->hastened_ > 0};
  if (turns) start.conversation = std::move(*turns);
  const auto& call = self->state_.call;
  start.notice_first = call.awaits_notice();
  // What was said before a notice that comes first is in no turn.
  const bool has_spoken = std::ranges::any_of(
      start.conversation, [](const Turn& turn) { return turn.speaker == Speaker::assistant; });
  start.say_notice = !call.notice && (start.notice_first || !has_spoken);

  Executor& where = *self->held_.front().where;
  const auto worker = std::ranges::find_if(
      services.workers, [&](const WorkerServices& each) { return &each.executor == &where; });
  CHECK_INVARIANT(worker != services.workers.end(), "a media socket comes in on a known worker");
  self->link_ = std::make_shared<BridgeLink>(services.control, services.clock, services.notes, id,
                                             [weak = self->weak_from_this()](CallEvent event) {
                                               if (auto actor = weak.lock())
                                                 actor->post(Letter{.event = std::move(event)});
                                             });
  self->bridge_running_ = true;
  BridgeServices bridge_services{where,
                                 services.clock,
                                 services.random,
                                 services.log,
                                 services.counters,
                                 worker->assistant,
                                 services.tap_spool};
  where.post([self, &shared, &where, bridge_services, start = std::move(start),
              link = self->link_]() mutable {
    auto& control = shared.services.control;
    auto bridge = shared.services.make_bridge(bridge_services, shared.options.bridge,
                                              std::move(start), *link);
    control.post([self, bridge] { self->bridge_made(bridge); });
    // The last one to hold bridge and link lets go of them on their own executor.
    auto ended = [self = std::move(self), bridge, link, &control,
                  &where](std::exception_ptr thrown) mutable {
      control.post([self = std::move(self), bridge = std::move(bridge), link = std::move(link),
                    &where, failed = static_cast<bool>(thrown)]() mutable {
        if (failed)
          self->shared_.services.log.error("bridge failed", {{"call", self->state_.call.id.text}});
        self->bridge_ended();
        where.post([bridge = std::move(bridge), link = std::move(link)] {});
      });
    };
    where.spawn(run_bridge(bridge), std::move(ended));
  });
}

void CallActor::bridge_made(std::shared_ptr<CallBridge> bridge) {
  bridge_ = std::move(bridge);
  if (dead_ || state_.closed()) {
    end_bridge(state_.call.end_reason);
  } else {
    bridge_->set_private(state_.is_private || hastened_ > 0);
    bridge_->recording_active(state_.gate_open);
  }
  place_media();
}

void CallActor::bridge_ended() {
  bridge_.reset();
  bridge_running_ = false;
  if (link_) link_->note_counts();
  link_.reset();
  // Ended without being told to: the call goes on, and gets another with its next socket.
  if (!dead_ && !state_.closed()) post(Letter{.event = call_event::MediaLost{"the bridge ended"}});
  place_media();
  nudge();
}

void CallActor::end_bridge(const std::string& reason) {
  if (bridge_) bridge_->end(reason);
  for (auto& arrival : std::exchange(held_, {})) refuse(std::move(arrival));
}

}  // namespace earshot::calls::detail
