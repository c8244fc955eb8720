#pragma once
// A bridge machine with a pacer and a clock that the test moves: what a bridge has, without audio
// going anywhere.

#include "base/base64.hpp"
#include "bridge/bridge_machine.hpp"
#include "bridge/pacer.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace earshot::bridge::testing {

inline constexpr std::uint32_t rate = 24000;
inline const SteadyTime zero = SteadyTime(1h);

inline std::int64_t samples(Duration length) { return samples_in(length, rate); }

// The machine with a pacer, as a bridge has them, and a script's view of what it did.
struct Bench {
  explicit Bench(MachineOptions options = {}) : machine(with_times(std::move(options)), random) {}

  static MachineOptions with_times(MachineOptions options) {
    options.call_zero = zero;
    options.rate_hz = rate;
    options.call = {"call"};
    return options;
  }

  // ---- events
  void run(BridgeActions actions) {
    for (BridgeAction& action : actions) {
      if (auto* drop = std::get_if<DropBacklog>(&action)) pacer.drop(drop->kept);
      if (auto* save = std::get_if<SaveTurn>(&action)) turns.push_back(save->turn);
      if (auto* say = std::get_if<SayText>(&action)) said.push_back(say->text);
      if (auto* cut = std::get_if<TruncateItem>(&action)) cuts.push_back(*cut);
      if (std::holds_alternative<StopPlaying>(action)) stops.push_back(now);
      done.push_back(std::move(action));
    }
  }
  void event(const AssistantEvent& what) { run(machine.handle(now, what)); }
  void ready(std::string session = "sess_1") {
    run(machine.session_opened(
        now,
        {.session_id = std::move(session), .prefix_padding_ms = 400, .silence_window_ms = 500}));
  }
  void start() {
    run(machine.start(now));
    run(machine.caller_attached(now));
    ready();
  }
  // A delta of the assistant's audio.
  void audio(const std::string& response, const std::string& item, Duration length) {
    BridgeActions actions;
    const ItemNumber number = machine.audio_arrived(now, response, item, actions);
    run(std::move(actions));
    if (number == no_item) {
      ignored += length;
      return;
    }
    const std::string text =
        base64::encode(Bytes(static_cast<std::size_t>(samples(length)) * 2, 1));
    const PacerOffer offer = pacer.offer(number, machine.generated_of(number), text);
    machine.generated(number, offer.samples);
    pump();
    pacer.keep();
  }
  void respond(const std::string& response, const std::string& item, Duration length,
               const std::string& text) {
    event(ResponseStarted{response});
    event(AssistantTextDelta{response, item, text});
    audio(response, item, length);
    finish(response, item, text);
  }
  void finish(const std::string& response, const std::string& item, const std::string& text,
              ResponseStatus status = ResponseStatus::completed) {
    event(AssistantAudioDone{response, item});
    event(AssistantTextDone{response, item, text});
    event(ResponseEnded{response, status, ""});
  }
  void pump() {
    while (const auto piece = pacer.take(machine.play_out().queued_samples(now)))
      machine.sent(now, piece->item, piece->first_sample, piece->samples);
    if (machine.has_complete_item()) run(machine.save_complete_items());
  }
  // Time passes: timers fire when they are due, and the caller's audio is appended.
  void pass(Duration length) {
    const SteadyTime until = now + length;
    while (true) {
      SteadyTime next = until;
      if (const auto wake = pacer.next_wake(machine.play_out().drained_at()))
        next = std::min(next, *wake);
      if (const auto wake = machine.next_wake()) next = std::min(next, *wake);
      const bool is_due = next < until;
      next = std::max(next, now);
      appended(next - now);
      REQUIRE(++wakes < 100'000);
      if (is_due && next == now) REQUIRE(++wakes_at_once < 1000);
      now = next;
      pump();
      if (frames_come) run(machine.caller_frame(now));
      run(machine.tick(now));
      if (!is_due) return;
    }
  }
  void appended(SteadyTime::duration length) {
    if (length.count() > 0)
      machine.appended(machine.call_time(now), std::chrono::duration_cast<Duration>(length));
  }

  // ---- what was done
  template <class Action>
  std::vector<Action> all() const {
    std::vector<Action> found;
    for (const BridgeAction& action : done)
      if (const auto* known = std::get_if<Action>(&action)) found.push_back(*known);
    return found;
  }
  template <class Action>
  std::size_t count() const {
    return all<Action>().size();
  }
  bool noted(const std::string& type) const {
    return std::ranges::any_of(all<NoteEvent>(),
                               [&](const NoteEvent& note) { return note.type == type; });
  }
  const Turn* turn(const std::string& item) const {
    for (auto at = turns.rbegin(); at != turns.rend(); ++at)
      if (at->item_id == item) return &*at;
    return nullptr;
  }

  SeededRandom random{1};
  BridgeMachine machine;
  Pacer pacer{{.rate_hz = rate}};
  SteadyTime now = zero + 1s;
  bool frames_come = true;  // of the caller, on a socket that works
  BridgeActions done;
  std::vector<Turn> turns;
  std::vector<std::string> said;
  std::vector<TruncateItem> cuts;
  std::vector<SteadyTime> stops;
  Duration ignored{0};
  int wakes = 0;
  int wakes_at_once = 0;
};

inline MachineOptions with_words() {
  return {.greeting = "Hello", .recording_notice = "This call is recorded."};
}

}  // namespace earshot::bridge::testing
