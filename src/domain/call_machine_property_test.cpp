// The call machine against a make-believe ACS that loses, repeats and reorders: whatever the order,
// a call is answered once, ends, and has each of its recordings looked for exactly once. A failure
// prints the seed; run one seed with EARSHOT_SEED=…

#include "domain/call_machine.hpp"

#include <array>
#include <cstdlib>
#include <doctest/doctest.h>
#include <functional>
#include <map>
#include <random>
#include <set>

using namespace earshot;

namespace {

class World {
 public:
  explicit World(std::uint64_t seed, RecordingConsent consent = RecordingConsent::record_first)
      : random_(seed) {
    options_.consent = consent;
    state_.call.id = {"call"};
    state_.call.received_at = now_;
    state_.call.rang_at = now_;
    options_.call_length_max = chance(20) ? Duration{90s} : Duration{0};
    deliver(call_event::Rang{}, 0ms, false);
  }

  void run() {
    for (int steps = 0; !queue_.empty(); ++steps) {
      REQUIRE_MESSAGE(steps < 200'000, "the call does not come to an end");
      auto first = queue_.begin();
      now_ = first->first;
      const auto work = std::move(first->second);
      queue_.erase(first);
      work();
    }
    at_the_end();
  }

  // Calls that went on long enough after their last mishap to be found recorded.
  int calls_checked = 0;
  int notices_played = 0;

 private:
  struct Remote {
    bool running = false;
    bool paused = false;
    bool named = false;  // its id reached the machine
  };

  bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }
  Duration soon(int ms_max) {
    return std::chrono::milliseconds(1 + random_() % static_cast<unsigned>(ms_max));
  }
  void later(Duration after, std::function<void()> work) {
    queue_.emplace(now_ + after, std::move(work));
  }

  // A result of a request: never lost, unless the process restarts meanwhile.
  void result(CallEvent event, Duration after) {
    later(after, [this, event = std::move(event), life = life_] {
      if (life == life_) happens(event);
    });
  }
  // A webhook: may be lost, come twice, or late.
  void deliver(CallEvent event, Duration after, bool may_be_lost = true) {
    if (may_be_lost && chance(15)) return;
    if (may_be_lost && chance(15)) after += soon(20'000);
    later(after, [this, event] { happens(event); });
    if (chance(15)) later(after + soon(5'000), [this, event] { happens(event); });
  }

  void happens(const CallEvent& event) {
    note_named(event);
    const bool was_closed = state_.closed();
    const auto phase_before = state_.call.phase;
    auto transition = step(state_, event, now_, options_);
    state_ = std::move(transition.next);
    for (const auto& action : transition.actions) {
      check(action, was_closed, phase_before, event);
      std::visit([this](const auto& wanted) { perform(wanted); }, action);
    }
    check_consent();
  }

  bool notice_first() const { return options_.consent == RecordingConsent::notice_first; }

  // Nothing is recorded, and nothing kept, that was said before the notice.
  void check_consent() {
    CHECK(state_.is_private == state_.call.is_private);
    if (!notice_first()) return;
    const bool heard = state_.call.notice.has_value();
    CHECK_MESSAGE((heard || state_.call.is_private), "not private before the notice");
    CHECK_MESSAGE((heard || !state_.gate_open), "the gate is open before the notice");
    if (heard) return;
    for (const auto& [id, remote] : recordings_)
      CHECK_MESSAGE((!remote.running || remote.paused), "recorded before the notice");
  }

  void note_named(const CallEvent& event) {
    if (const auto* started = std::get_if<call_event::RecordingStarted>(&event))
      named_.insert(started->id);
    if (const auto* changed = std::get_if<call_event::RecordingState>(&event))
      named_.insert(changed->id);
    if (std::holds_alternative<call_event::AnswerAccepted>(event)) answer_accepted_ = true;
  }

  void check(const CallAction& action, bool was_closed, CallPhase before, const CallEvent& event) {
    if (std::holds_alternative<call_action::Answer>(action)) {
      CHECK_MESSAGE(!answer_accepted_, "answered after an answer was accepted");
      CHECK_MESSAGE(!answer_in_flight_, "two answers at once");
    }
    if (std::holds_alternative<call_action::StartRecording>(action) ||
        std::holds_alternative<call_action::StartMediaStreaming>(action))
      CHECK_MESSAGE(state_.call.phase == CallPhase::connected, "started without a connection");
    // A call that was given up unanswered may come to life after all; one that ended never does.
    const bool revived = before == CallPhase::not_answered && !state_.closed();
    if (!was_closed || revived) return;
    const bool allowed = std::holds_alternative<call_action::StopRecording>(action) ||
                         std::holds_alternative<call_action::PollRecording>(action) ||
                         std::holds_alternative<call_action::QueueDiscovery>(action) ||
                         std::holds_alternative<call_action::Journal>(action) ||
                         std::holds_alternative<call_action::NoteAbsentRecording>(action) ||
                         std::holds_alternative<call_action::CancelTimer>(action) ||
                         std::holds_alternative<call_action::ArmTimer>(action);
    CHECK_MESSAGE(allowed,
                  "action " << action.index() << " after the end, at event " << event.index());
    if (const auto* armed = std::get_if<call_action::ArmTimer>(&action))
      CHECK(armed->timer == CallTimer::stop_retry);
  }

  // What ACS does.

  void connect() {
    alive_ = connected_ever_ = true;
    disturbed_at_ = now_;
    deliver(call_event::Connected{{"conn"}, {"server"}, {"corr"}, now_}, soon(800));
    if (chance(85)) later(soon(2'000), [this] { open_media(); });
    const auto talk = soon(600'000);
    later(talk, [this] { hang_up("remote"); });
    for (auto i = random_() % 5; i > 0; --i) later(soon(500'000), [this] { mishap(); });
  }
  void hang_up(const std::string&) {
    if (!alive_) return;
    if (state_.call.phase == CallPhase::connected && state_.call.end_reason.empty() &&
        state_.call.recording_wish == RecordingWish::record && now_ - disturbed_at_ > 240s) {
      bool running = false;
      for (const auto& [id, remote] : recordings_)
        // One that is paused and that nobody ever named (answer and event were lost) cannot be
        // resumed by anybody.
        running = running ||
                  (remote.running && !(notice_first() && remote.paused && named_.contains(id)));
      CHECK_MESSAGE(running, "an undisturbed call is not recorded");
      ++calls_checked;
    }
    alive_ = false;
    for (auto& [id, remote] : recordings_) end_recording(id);
    deliver(call_event::Disconnected{200, 560000, now_, {"conn"}, {"server"}}, soon(500));
    lose_media();
  }
  void open_media() {
    if (!alive_) return;
    media_ = true;
    happens(call_event::MediaConnected{});
    if (notice_first()) say_notice();
  }
  // By whatever bridge there is; one that was lost had not said it to its end.
  void say_notice() {
    const auto life = life_;
    const auto socket = ++sockets_;
    later(4s + soon(4'000), [this, life, socket] {
      if (!alive_ || !media_ || life != life_ || socket != sockets_) return;
      ++notices_played;
      happens(call_event::NoticePlayed{{.from = 1s, .to = 4s, .samples = 1}});
    });
  }
  void lose_media() {
    if (!media_) return;
    media_ = false;
    later(chance(50) ? soon(50) : Duration{30s}, [this, life = life_] {
      if (life == life_ && !media_) happens(call_event::MediaLost{"closed"});
    });
  }
  void end_recording(const RecordingId& id) {
    if (!recordings_[id].running) return;
    recordings_[id].running = false;
    deliver(call_event::RecordingState{id, false, {}}, soon(500));
  }
  void mishap() {
    if (!alive_) return;
    disturbed_at_ = now_;
    switch (random_() % 7) {
      case 0:
        return lose_media();
      case 1:
        for (auto& [id, remote] : recordings_) end_recording(id);
        return;
      case 2:
        return happens(call_event::PauseWanted{});
      case 3:
        return happens(call_event::ResumeWanted{});
      case 4:
        return happens(call_event::StopWanted{});
      case 5:
        return happens(call_event::HangUpWanted{"the operator hung up"});
      default:
        return restart();
    }
  }
  void restart() {
    ++life_;
    answer_in_flight_ = false;
    media_ = false;
    timers_.fill({});
    state_ = CallState{
        .call = state_.call, .recordings = state_.recordings, .paused_since = state_.paused_since};
    happens(call_event::RestartRecovery{});
  }

  Error unavailable() { return Error{.message = "ACS answered 500", .status = 500}; }
  Error absent() {
    return Error{
        .kind = ErrorKind::not_found, .message = "not found", .status = 404, .code = "8522"};
  }
  std::optional<Error> maybe(bool failed) {
    return failed ? std::optional(unavailable()) : std::nullopt;
  }

  // What the machine asks for.

  void perform(const call_action::Answer&) {
    answer_in_flight_ = true;
    const bool accepted = chance(85);
    if (accepted && !connected_ever_) later(soon(300), [this] { connect(); });
    later(soon(1'500), [this, life = life_, told = accepted && chance(85)] {
      if (life != life_) return;
      answer_in_flight_ = false;
      happens(told ? CallEvent(call_event::AnswerAccepted{{"conn"}, {"server"}, {"corr"}})
                   : CallEvent(call_event::AnswerError{unavailable()}));
    });
  }
  void perform(const call_action::StartRecording&) {
    if (!alive_) return result(call_event::RecordingStartError{absent()}, soon(300));
    if (chance(15)) return result(call_event::RecordingStartError{unavailable()}, soon(300));
    for (const auto& [id, remote] : recordings_)
      if (remote.running)
        return result(
            call_event::RecordingStartError{Error{
                .kind = ErrorKind::conflict, .message = "already", .status = 400, .code = "8553"}},
            soon(300));
    const RecordingId id{"R" + std::to_string(recordings_.size() + 1)};
    recordings_[id].running = false;
    if (chance(10)) {
      deliver(call_event::RecordingStartRefused{id, 500, 9999}, soon(600));
    } else {
      recordings_[id].running = true;
      recordings_[id].paused = state_.call.recording_start_paused;
      deliver(call_event::RecordingState{id, !recordings_[id].paused, now_}, soon(1'500));
    }
    if (chance(90))
      result(call_event::RecordingStarted{id}, soon(1'000));
    else
      result(call_event::RecordingStartError{unavailable()}, soon(1'000));
  }
  void perform(const call_action::StopRecording& stop) {
    const bool failed = chance(20);
    const bool running = recordings_[stop.id].running;
    if (!failed) end_recording(stop.id);
    result(call_event::RecordingStopDone{stop.id, failed    ? maybe(true)
                                                  : running ? std::nullopt
                                                            : std::optional(absent())},
           soon(500));
  }
  void perform(const call_action::PauseRecording& pause) {
    const bool failed = chance(20);
    if (notice_first() && !failed) recordings_[pause.id].paused = true;
    result(call_event::RecordingPauseDone{pause.id, maybe(failed)}, soon(500));
  }
  void perform(const call_action::ResumeRecording& resume) {
    const bool failed = chance(20);
    if (notice_first() && !failed) recordings_[resume.id].paused = false;
    result(call_event::RecordingResumeDone{resume.id, maybe(failed)}, soon(500));
  }
  void perform(const call_action::PollRecording& poll) {
    using enum call_event::RecordingPoll;
    const auto& remote = recordings_[poll.id];
    auto found = remote.running ? active : alive_ ? inactive : gone;
    // What has ended is not known any more; inactive is what is paused.
    if (notice_first()) found = !remote.running ? gone : remote.paused ? inactive : active;
    result(call_event::RecordingPolled{poll.id, chance(20) ? unknown : found}, soon(500));
  }
  void perform(const call_action::PollCall&) {
    using enum call_event::CallPoll;
    result(call_event::CallPolled{chance(20) ? unknown
                                  : alive_   ? connected
                                             : gone,
                                  {},
                                  {}},
           soon(500));
  }
  void perform(const call_action::StartMediaStreaming&) {
    const bool works = alive_ && chance(70);
    if (works) later(soon(1'000), [this] { open_media(); });
    result(call_event::MediaStartDone{works ? std::nullopt : std::optional(unavailable())},
           soon(500));
  }
  void perform(const call_action::HangUp&) {
    if (!alive_) return result(call_event::HangUpDone{absent()}, soon(300));
    const bool failed = chance(20);
    if (!failed) later(soon(200), [this] { hang_up("us"); });
    result(call_event::HangUpDone{maybe(failed)}, soon(300));
  }
  void perform(const call_action::QueueDiscovery& queue) {
    CHECK_MESSAGE(++discoveries_[queue.id] == 1, "looked for twice: " << queue.id.text);
  }
  void perform(const call_action::ArmTimer& arm) {
    auto& generation = timers_[static_cast<std::size_t>(arm.timer)];
    const auto mine = generation = ++timer_numbers_;
    later(arm.after, [this, mine, timer = arm.timer] {
      if (timers_[static_cast<std::size_t>(timer)] != mine) return;
      timers_[static_cast<std::size_t>(timer)] = 0;
      happens(call_event::TimerFired{timer});
    });
  }
  void perform(const call_action::CancelTimer& cancel) {
    timers_[static_cast<std::size_t>(cancel.timer)] = 0;
  }
  template <class Other>
  void perform(const Other&) {}

  void at_the_end() {
    CHECK(state_.closed());
    for (const auto timer : timers_) CHECK(timer == 0);
    for (const auto& recording : state_.recordings) {
      if (recording.phase == RecordingPhase::failed && !discoveries_.contains(recording.id)) {
        CHECK(recording.discovery == Discovery::missing);
        continue;
      }
      CHECK_MESSAGE(discoveries_[recording.id] == 1, "not looked for: " << recording.id.text);
      CHECK(recording.ended_at.has_value());
    }
    // Also what no row knows of: an id that reached the machine is an id that is looked for.
    if (state_.call.phase == CallPhase::ended)
      for (const auto& id : named_) {
        bool known = false;
        for (const auto& recording : state_.recordings) known = known || recording.id == id;
        CHECK_MESSAGE(known, "forgotten: " << id.text);
      }
    if (connected_ever_ && answer_accepted_) CHECK(state_.call.ended_at.has_value());
  }

  std::mt19937_64 random_;
  CallMachineOptions options_;
  CallState state_;
  WallTime now_ = WallTime{} + 500000h;
  std::multimap<WallTime, std::function<void()>> queue_;
  std::array<std::uint64_t, call_timer_kinds> timers_{};
  std::uint64_t timer_numbers_ = 0;
  WallTime disturbed_at_{};
  int life_ = 0;
  bool alive_ = false;
  bool connected_ever_ = false;
  bool media_ = false;
  int sockets_ = 0;
  bool answer_in_flight_ = false;
  bool answer_accepted_ = false;
  std::map<RecordingId, Remote> recordings_;
  std::map<RecordingId, int> discoveries_;
  std::set<RecordingId> named_;
};

}  // namespace

TEST_CASE("whatever is lost, repeated or reordered a call ends and is looked for once") {
  std::uint64_t first = 1;
  std::uint64_t count = 2'000;
  if (const char* given = std::getenv("EARSHOT_SEED")) {
    first = std::strtoull(given, nullptr, 10);
    count = 1;
  }
  int calls_checked = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    World world(seed);
    world.run();
    calls_checked += world.calls_checked;
  }
  if (count > 1) CHECK(calls_checked > 100);
}

TEST_CASE("whatever happens nothing is recorded or kept of a call before its notice was played") {
  std::uint64_t first = 1;
  std::uint64_t count = 1'000;
  if (const char* given = std::getenv("EARSHOT_SEED")) {
    first = std::strtoull(given, nullptr, 10);
    count = 1;
  }
  int calls_checked = 0;
  int notices_played = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    World world(seed, RecordingConsent::notice_first);
    world.run();
    calls_checked += world.calls_checked;
    notices_played += world.notices_played;
  }
  if (count == 1) return;
  CHECK(calls_checked > 50);
  CHECK(notices_played > 500);
}
