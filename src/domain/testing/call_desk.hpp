#pragma once
// For tests of the call machine.

#include "domain/call_machine.hpp"

#include <algorithm>
#include <array>
#include <doctest/doctest.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace earshot::testing {

// A call, the clock, and what the machine last wanted.
class CallDesk {
 public:
  CallDesk() {
    state.call.id = {"call-1"};
    state.call.received_at = now;
    state.call.rang_at = now;
  }
  void happens(const CallEvent& event) {
    auto transition = step(state, event, now, options);
    state = std::move(transition.next);
    actions = std::move(transition.actions);
    for (const auto& action : actions)
      if (const auto* armed = std::get_if<call_action::ArmTimer>(&action))
        timers[static_cast<std::size_t>(armed->timer)] = now + armed->after;
      else if (const auto* cancelled = std::get_if<call_action::CancelTimer>(&action))
        timers[static_cast<std::size_t>(cancelled->timer)].reset();
  }
  void fires(CallTimer timer) {
    auto& at = timers[static_cast<std::size_t>(timer)];
    REQUIRE(at.has_value());
    now = std::max(now, *at);
    at.reset();
    happens(call_event::TimerFired{timer});
  }
  bool armed(CallTimer timer) const { return timers[static_cast<std::size_t>(timer)].has_value(); }
  template <class Action>
  int count() const {
    return static_cast<int>(std::count_if(actions.begin(), actions.end(), [](const auto& action) {
      return std::holds_alternative<Action>(action);
    }));
  }
  template <class Action>
  Action only() const {
    REQUIRE(count<Action>() == 1);
    for (const auto& action : actions)
      if (const auto* found = std::get_if<Action>(&action)) return *found;
    return {};
  }
  bool alerted(std::string_view kind) const {
    return std::any_of(actions.begin(), actions.end(), [&](const auto& action) {
      const auto* alert = std::get_if<call_action::RaiseAlert>(&action);
      return alert && alert->kind == kind;
    });
  }
  // Rung, answered, connected, the first recording started and active, media open.
  void talk() {
    happens(call_event::Rang{});
    happens(call_event::AnswerAccepted{{"conn"}, {"server"}, {"corr"}});
    happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, now});
    happens(call_event::RecordingStarted{{"R1"}});
    happens(call_event::RecordingState{{"R1"}, true, now, now});
    happens(call_event::MediaConnected{});
    now += 60s;
  }

  CallMachineOptions options;
  CallState state;
  WallTime now = WallTime{} + 500000h;
  std::vector<CallAction> actions;
  std::array<std::optional<WallTime>, call_timer_kinds> timers;
};

inline Error error_of(ErrorKind kind, std::string code) {
  return Error{.kind = kind, .message = "ACS answered " + code, .code = std::move(code)};
}

}  // namespace earshot::testing
