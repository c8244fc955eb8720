#pragma once
// A WebSocket for tests of what speaks over one: the test plays the other side through the shared
// Wire, which outlives the socket.

#include "base/clock.hpp"
#include "net/websocket.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::testing {

struct Wire {
  explicit Wire(Clock& clock) : changed(clock.make_signal()) {}

  // What the other side does.
  void says(std::string message) {
    incoming.push_back(std::move(message));
    changed->notify();
  }
  void hangs_up(std::uint16_t code, std::string reason = "") {
    finish({.code = code, .reason = std::move(reason), .by_peer = true});
  }

  void finish(net::WebSocketEnd how) {
    if (!end) end = std::move(how);
    changed->notify();
  }
  void write_queued() {
    while (!is_holding && !queued.empty()) {
      sent.push_back(std::move(queued.front()));
      queued.pop_front();
    }
  }

  std::deque<std::string> incoming;
  std::vector<std::string> sent;
  // While holding, messages stay queued as on a slow line.
  bool is_holding = false;
  bool is_full = false;
  std::deque<std::string> queued;
  std::optional<net::WebSocketEnd> end;
  bool was_aborted = false;
  bool is_destroyed = false;
  std::unique_ptr<Signal> changed;
};

class FakeWebSocket : public net::WebSocket {
 public:
  explicit FakeWebSocket(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
  ~FakeWebSocket() override { wire_->is_destroyed = true; }

  Task<std::optional<std::string_view>> receive() override {
    while (wire_->incoming.empty() && !wire_->end) co_await wire_->changed->wait();
    if (wire_->incoming.empty()) co_return std::nullopt;
    // A buffer of its own each time, so that a view that outlives its time is found out.
    current_ = std::make_unique<std::string>(std::move(wire_->incoming.front()));
    wire_->incoming.pop_front();
    co_return std::string_view(*current_);
  }
  bool last_was_binary() const override { return false; }
  bool try_send(std::string message) override {
    if (wire_->end || wire_->is_full) return false;
    wire_->queued.push_back(std::move(message));
    wire_->write_queued();
    return true;
  }
  bool try_send_first(std::string message) override {
    if (wire_->end || wire_->is_full) return false;
    wire_->queued.push_front(std::move(message));
    wire_->write_queued();
    return true;
  }
  std::size_t drop_queued() override {
    const auto dropped = wire_->queued.size();
    wire_->queued.clear();
    return dropped;
  }
  std::size_t queued_bytes() const override { return 0; }
  Task<void> close(std::uint16_t code, std::string reason) override {
    wire_->finish({.code = code, .reason = std::move(reason), .by_peer = false});
    co_return;
  }
  void abort() override {
    wire_->was_aborted = true;
    wire_->finish({.code = 1006, .by_peer = false});
  }
  net::WebSocketEnd end() const override { return wire_->end.value_or(net::WebSocketEnd{}); }
  const std::string& peer() const override { return peer_; }

 private:
  std::shared_ptr<Wire> wire_;
  std::unique_ptr<std::string> current_;
  std::string peer_ = "192.0.2.1:443";
};

}  // namespace earshot::testing
