#include "net/socket_watch.hpp"

namespace earshot::net {

struct SocketWatch::State {
  WebSocket* socket = nullptr;  // null: nothing to watch any more
  std::unique_ptr<Signal> over;
  bool has_cut = false;
};

SocketWatch::SocketWatch(WebSocket& socket, Clock& clock, TaskGroup& watchers, SteadyTime deadline)
    : state_(std::make_shared<State>()) {
  state_->socket = &socket;
  state_->over = clock.make_signal();
  watchers.spawn(watch(state_, deadline));
}

SocketWatch::~SocketWatch() {
  state_->socket = nullptr;
  state_->over->notify();
}

bool SocketWatch::has_cut() const { return state_->has_cut; }

Task<void> SocketWatch::watch(std::shared_ptr<State> state, SteadyTime deadline) {
  while (state->socket != nullptr)
    if (co_await state->over->wait_until(deadline) == Wake::timed_out) break;
  if (!state->socket) co_return;
  state->has_cut = true;
  state->socket->abort();
}

}  // namespace earshot::net
