#include "bridge/bridge_machine.hpp"

#include "base/base64.hpp"
#include "bridge/pacer.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>

using namespace earshot;
using namespace earshot::bridge;

namespace {

constexpr std::uint32_t rate = 24000;
const SteadyTime zero = SteadyTime(1h);

std::int64_t samples(Duration length) { return samples_in(length, rate); }

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
  BridgeActions done;
  std::vector<Turn> turns;
  std::vector<std::string> said;
  std::vector<TruncateItem> cuts;
  std::vector<SteadyTime> stops;
  Duration ignored{0};
  int wakes = 0;
  int wakes_at_once = 0;
};

MachineOptions with_words() {
  return {.greeting = "Hello", .recording_notice = "This call is recorded."};
}

}  // namespace

// ---- first words

TEST_CASE("the first words wait for the recording to be active") {
  Bench bench(with_words());
  bench.start();
  bench.pass(1s);
  CHECK(bench.said.empty());

  bench.run(bench.machine.recording_active(bench.now, true));

  CHECK(bench.said == std::vector<std::string>{"This call is recorded."});
  CHECK_FALSE(bench.noted("first_words_before_recording"));
}

TEST_CASE("the first words wait no longer than they may") {
  Bench bench(with_words());
  bench.start();
  bench.pass(2999ms);
  CHECK(bench.said.empty());
  bench.pass(1ms);
  CHECK(bench.said.size() == 1);
  CHECK(bench.noted("first_words_before_recording"));
}

TEST_CASE("the greeting follows the notice and is said once") {
  MachineOptions options = with_words();
  options.recording_active = true;
  Bench bench(options);
  bench.start();
  REQUIRE(bench.said.size() == 1);
  bench.respond("r1", "i1", 2s, "This call is recorded.");
  CHECK(bench.said == std::vector<std::string>{"This call is recorded.", "Hello"});
  CHECK_FALSE(bench.noted("recording_notice_said"));
  bench.respond("r2", "i2", 1s, "Hello");
  bench.pass(5s);

  CHECK(bench.noted("recording_notice_said"));
  CHECK(bench.said.size() == 2);
  CHECK(bench.machine.opening() == OpeningPhase::done);
  REQUIRE(bench.turn("i1") != nullptr);
  CHECK(bench.turn("i1")->start == 1s);
  CHECK(bench.turn("i1")->end == 3s);
  CHECK(bench.turn("i2")->start == 3s);
  CHECK(bench.turn("i2")->end == 4s);
}

TEST_CASE("speech during the recording notice does not stop it") {
  MachineOptions options = with_words();
  options.recording_active = true;
  Bench bench(options);
  bench.start();
  bench.respond("r1", "i1", 3s, "This call is recorded.");
  bench.respond("r2", "i2", 1s, "Hello");
  bench.pass(1s);

  bench.event(SpeechStarted{"c1", 900});
  bench.pass(5s);

  CHECK(bench.stops.empty());
  CHECK(bench.machine.play_out().played_samples(1, bench.now) == samples(3s));
  REQUIRE(bench.cuts.size() == 1);  // the greeting, which had not begun
  CHECK(bench.cuts[0].item_id == "i2");
  CHECK(bench.cuts[0].heard_ms == 0);
}

TEST_CASE("a notice that the server broke off is said again, three times at most") {
  MachineOptions options = with_words();
  options.recording_active = true;
  Bench bench(options);
  bench.start();
  for (const std::string id : {"1", "2", "3"}) {
    bench.event(ResponseStarted{"r" + id});
    bench.audio("r" + id, "i" + id, 300ms);
    bench.event(SpeechStarted{"c" + id, 100});
    bench.event(ResponseEnded{"r" + id, ResponseStatus::cancelled, "turn_detected"});
    bench.pass(500ms);
  }

  CHECK(std::ranges::count(bench.said, "This call is recorded.") == 3);
  CHECK(bench.said.back() == "Hello");
  CHECK(bench.noted("recording_notice_incomplete"));
}

TEST_CASE("a caller who speaks before the first words is answered after them") {
  Bench bench(with_words());
  bench.start();
  bench.event(ResponseStarted{"r0"});
  bench.audio("r0", "i0", 1s);
  CHECK(bench.count<CancelResponse>() == 1);
  CHECK(bench.ignored == 1s);
  bench.event(ResponseEnded{"r0", ResponseStatus::cancelled, ""});

  bench.run(bench.machine.recording_active(bench.now, true));

  CHECK(bench.said == std::vector<std::string>{"This call is recorded."});
}

TEST_CASE("a resumed call is not greeted again, and what the caller said last is answered") {
  MachineOptions options = with_words();
  options.recording_notice = "";
  Turn turn{.item_id = "c1", .speaker = Speaker::caller, .text = "Friday, please."};
  options.conversation = {turn};
  Bench bench(options);
  bench.start();

  CHECK(bench.said.empty());
  CHECK(bench.count<AskForResponse>() == 1);
  REQUIRE(bench.all<OpenSession>().size() == 1);
  CHECK(bench.all<OpenSession>()[0].conversation.size() == 1);
}

TEST_CASE("a request that raced with a running response is made again after it") {
  MachineOptions options{.greeting = "Hello", .recording_active = true};
  Bench bench(options);
  bench.start();
  REQUIRE(bench.said.size() == 1);
  bench.event(AssistantComplaint{"conversation_already_has_active_response", ""});
  bench.event(ResponseStarted{"r0"});
  bench.event(ResponseEnded{"r0", ResponseStatus::completed, ""});
  CHECK(bench.said.size() == 2);
}

// ---- interrupting

TEST_CASE("an interruption stops the audio first, then saves what was heard, then truncates") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(AssistantTextDelta{"r1", "i1", "one two three four five six seven eight nine ten"});
  bench.audio("r1", "i1", 10s);
  bench.pass(5250ms);
  bench.done.clear();

  bench.event(SpeechStarted{"c1", 5000});

  REQUIRE(bench.done.size() >= 4);
  CHECK(std::holds_alternative<StopPlaying>(bench.done[0]));
  CHECK(std::holds_alternative<DropBacklog>(bench.done[1]));
  CHECK(std::holds_alternative<SaveTurn>(bench.done[2]));
  CHECK(std::holds_alternative<TruncateItem>(bench.done[3]));
  CHECK(bench.count<CancelResponse>() == 0);
  REQUIRE(bench.cuts.size() == 1);
  CHECK(bench.cuts[0].heard_ms == 5000);  // 5250 played, less the way to the ear
  const Turn* turn = bench.turn("i1");
  REQUIRE(turn != nullptr);
  CHECK(turn->text == "one two three four five");
  CHECK(turn->generated_text == "one two three four five six seven eight nine ten");
  CHECK(turn->interrupted);
  CHECK(turn->cut_is_estimated);
  CHECK(turn->start == 1s);
  CHECK(turn->end >= 5999ms);
  CHECK(turn->end <= 6s);
  CHECK(bench.pacer.empty());
  CHECK_FALSE(bench.machine.play_out().is_playing(bench.now));
}

TEST_CASE("a response that has been generated whole is interrupted while it still plays") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.respond("r1", "i1", 4s, "one two three four");
  bench.pass(2250ms);
  bench.event(SpeechStarted{"c1", 2000});

  CHECK(bench.stops.size() == 1);
  REQUIRE(bench.cuts.size() == 1);
  CHECK(bench.cuts[0].heard_ms == 2000);
  CHECK(bench.turn("i1")->text == "one two");
}

TEST_CASE("late audio, text and words of an interrupted response are ignored") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(AssistantTextDelta{"r1", "i1", "one two"});
  bench.audio("r1", "i1", 1s);
  bench.pass(500ms);
  bench.event(SpeechStarted{"c1", 300});
  const std::size_t turns = bench.turns.size();

  bench.audio("r1", "i1", 2s);
  bench.audio("r1", "i2", 2s);
  bench.event(AssistantTextDelta{"r1", "i1", " three"});
  bench.event(AssistantWord{"r1", "i1", "three", 0, 100});
  bench.finish("r1", "i1", "one two three", ResponseStatus::cancelled);
  bench.pass(3s);

  CHECK(bench.ignored == 4s);
  CHECK(bench.turns.size() == turns);
  CHECK(bench.cuts.size() == 1);
  CHECK(bench.machine.play_out().queued_samples(bench.now) == 0);

  bench.respond("r2", "i3", 1s, "again");
  bench.pass(2s);
  CHECK(bench.turn("i3")->text == "again");
}

TEST_CASE("utterances in the queue that never began are truncated at nothing") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.respond("r1", "i1", 3s, "first");
  bench.respond("r2", "i2", 3s, "second");
  bench.pass(1s);
  bench.event(SpeechStarted{"c1", 800});

  REQUIRE(bench.cuts.size() == 2);
  CHECK(bench.cuts[0].item_id == "i1");
  CHECK(bench.cuts[0].heard_ms == 750);
  CHECK(bench.cuts[1].item_id == "i2");
  CHECK(bench.cuts[1].heard_ms == 0);
  CHECK(bench.turn("i2")->text.empty());
  CHECK(bench.turn("i2")->generated_text == "second");
}

TEST_CASE("speech into silence stops nothing and truncates nothing") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.respond("r1", "i1", 1s, "first");
  bench.pass(1100ms);
  bench.event(SpeechStarted{"c1", 1000});
  CHECK(bench.stops.empty());
  CHECK(bench.cuts.empty());
  CHECK_FALSE(bench.turn("i1")->interrupted);
}

TEST_CASE("a response that has generated nothing is ignored from then on and not truncated") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(SpeechStarted{"c1", 100});
  bench.audio("r1", "i1", 1s);
  CHECK(bench.ignored == 1s);
  CHECK(bench.cuts.empty());
}

TEST_CASE("a server that does not stop by itself is asked to, once") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.audio("r1", "i1", 500ms);
  bench.event(SpeechStarted{"c1", 100});
  for (int i = 0; i < 20; ++i) {
    bench.audio("r1", "i1", 100ms);
    bench.pass(100ms);
  }
  CHECK(bench.count<CancelResponse>() == 1);
}

TEST_CASE("with word times the cut is exact") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(AssistantTextDelta{"r1", "i1", "Morning or afternoon?"});
  bench.event(AssistantWord{"r1", "i1", "Morning", 0, 400});
  bench.event(AssistantWord{"r1", "i1", "or", 450, 150});
  bench.event(AssistantWord{"r1", "i1", "afternoon", 650, 800});
  bench.audio("r1", "i1", 2s);
  bench.pass(900ms);
  bench.event(SpeechStarted{"c1", 700});

  const Turn* turn = bench.turn("i1");
  CHECK(turn->text == "Morning or");
  CHECK_FALSE(turn->cut_is_estimated);
  REQUIRE(turn->words.size() == 2);
  CHECK(turn->words[1].start == 1450ms);
}

TEST_CASE(
    "wherever the caller interrupts, what is truncated was heard and never more than generated") {
  for (int ms = 0; ms < 4000; ms += 7) {
    INFO("after ", ms, " ms");
    Bench bench(MachineOptions{.recording_active = true});
    bench.start();
    bench.event(ResponseStarted{"r1"});
    bench.event(AssistantTextDelta{"r1", "i1", "a b c d e f"});
    std::int64_t generated_ms = 0;
    for (int at = 0; at < ms; at += 50) {
      if (at < 1000) {
        bench.audio("r1", "i1", 150ms);
        generated_ms += 150;
      }
      if (at == 1000) bench.finish("r1", "i1", "a b c d e f");
      bench.pass(std::chrono::milliseconds(std::min(50, ms - at)));
    }
    bench.event(SpeechStarted{"c1", ms});
    const bool was_playing = ms > 0 && ms < 3000;
    CHECK(bench.stops.size() == (was_playing ? 1 : 0));
    REQUIRE(bench.cuts.size() == (was_playing ? 1 : 0));
    if (was_playing) {
      CHECK(bench.cuts[0].heard_ms == std::min<std::int64_t>(generated_ms, std::max(0, ms - 250)));
      CHECK(bench.turn("i1")->interrupted);
    }
    CHECK(bench.pacer.empty());
  }
}

// ---- turns

TEST_CASE(
    "a caller's turn is timed without padding and silence, and gets its text whenever it comes") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.pass(4s);
  bench.event(SpeechStarted{"c1", 1000});
  bench.event(SpeechStopped{"c1", 3500});
  REQUIRE(bench.turn("c1") != nullptr);
  CHECK(bench.turn("c1")->text.empty());
  CHECK(bench.turn("c1")->start == 1s + 1400ms);
  CHECK(bench.turn("c1")->end == 1s + 3000ms);

  bench.pass(5s);
  bench.event(CallerTranscript{"c1", "Friday.", {{"Friday.", 450, 500}}});
  bench.event(CallerTranscript{"c1", "", {}});

  CHECK(bench.turns.size() == 2);
  CHECK(bench.turn("c1")->text == "Friday.");
  REQUIRE(bench.turn("c1")->words.size() == 1);
  CHECK(bench.turn("c1")->words[0].start == 1s + 1450ms);
}

TEST_CASE("a transcript that comes before the end of its speech waits for it") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.pass(4s);
  bench.event(CallerTranscript{"c1", "Friday.", {}});
  bench.event(SpeechStarted{"c1", 1000});
  CHECK(bench.turns.empty());
  bench.event(SpeechStopped{"c1", 3500});
  REQUIRE(bench.turns.size() == 1);
  CHECK(bench.turns[0].text == "Friday.");
}

TEST_CASE("in whatever order a turn's events come, its last form is the same") {
  std::vector<int> order = {0, 1, 2, 3, 4};
  do {
    Bench bench(MachineOptions{.recording_active = true});
    bench.start();
    bench.pass(4s);
    for (const int event : order) {
      if (event == 0) bench.event(SpeechStarted{"c1", 1000});
      if (event == 1) bench.event(SpeechStopped{"c1", 3500});
      if (event == 2) bench.event(CallerTranscript{"c1", "Friday.", {}});
      if (event == 3) bench.event(CallerTranscript{"c1", "", {}});
      if (event == 4) bench.event(SpeechStarted{"c1", 1000});
    }
    REQUIRE(bench.turn("c1") != nullptr);
    CHECK(bench.turn("c1")->text == "Friday.");
    CHECK(bench.turn("c1")->start == 2400ms);
    CHECK(bench.turn("c1")->end == 4000ms);
  } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("speech that never gets a text or an end is saved when the call ends") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.pass(4s);
  bench.event(SpeechStarted{"c1", 1000});
  bench.event(CallerTranscriptFailed{"c2", "audio_unintelligible"});
  bench.run(bench.machine.end(bench.now));
  REQUIRE(bench.turn("c1") != nullptr);
  CHECK(bench.turn("c1")->end == 5s);
  CHECK(bench.noted("caller_transcript_failed"));
}

TEST_CASE("an utterance cut by the end of the call keeps what was heard of it") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.respond("r1", "i1", 4s, "one two three four");
  bench.pass(2250ms);
  bench.run(bench.machine.end(bench.now));
  CHECK(bench.turn("i1")->text == "one two");
  CHECK(bench.turn("i1")->interrupted);
  CHECK(bench.cuts.empty());
}

TEST_CASE("a final text that differs from the deltas amends the turn") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(AssistantTextDelta{"r1", "i1", "one"});
  bench.audio("r1", "i1", 100ms);
  bench.event(AssistantAudioDone{"r1", "i1"});
  CHECK(bench.turn("i1")->text == "one");
  bench.event(AssistantTextDone{"r1", "i1", "one two"});
  CHECK(bench.turn("i1")->text == "one two");
}

TEST_CASE("a call to a function that nobody offers is answered, so that the assistant goes on") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(FunctionCall{"r1", "f1", "call_5", "find_slot", "{}"});
  CHECK(bench.count<ReturnFunctionOutput>() == 0);
  bench.event(ResponseEnded{"r1", ResponseStatus::completed, ""});
  CHECK(bench.count<ReturnFunctionOutput>() == 1);
  CHECK(bench.count<AskForResponse>() == 1);
}

// ---- sessions

TEST_CASE("a lost session is opened again with the conversation, at growing distances") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.respond("r1", "i1", 500ms, "Good morning.");
  bench.pass(1s);
  bench.event(SessionEnded{true, "1006"});
  const SteadyTime lost = bench.now;
  std::vector<Duration> at;
  while (bench.now < lost + 4s) {
    bench.pass(10ms);
    if (bench.count<OpenSession>() > at.size() + 1) {
      at.push_back(std::chrono::duration_cast<Duration>(bench.now - lost));
      bench.run(bench.machine.open_failed(bench.now, {.message = "refused"}));
    }
  }

  REQUIRE(at.size() >= 3);
  CHECK(at[0] >= 187ms);
  CHECK(at[0] <= 330ms);
  CHECK(at[1] - at[0] >= 375ms);
  CHECK(at[1] - at[0] <= 640ms);
  CHECK(at[2] - at[1] >= 750ms);
  CHECK(bench.all<OpenSession>().back().conversation.size() == 1);

  bench.ready("sess_2");
  CHECK(bench.count<AdoptSession>() == 2);
  CHECK(bench.count<TellAssistantState>() == 0);
}

TEST_CASE("a reply that the lost connection took away is asked for again") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(SessionEnded{true, "1006"});
  bench.pass(400ms);
  REQUIRE(bench.count<OpenSession>() == 2);
  bench.ready("sess_2");
  CHECK(bench.count<AskForResponse>() == 1);
}

TEST_CASE("an assistant that stays unreachable is excused, and the call ends after the notice") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.run(bench.machine.start(bench.now));
  bench.run(bench.machine.caller_attached(bench.now));
  bench.pass(4999ms);
  CHECK(bench.count<PlayApology>() == 0);
  bench.pass(1ms);
  REQUIRE(bench.count<PlayApology>() == 1);
  CHECK_FALSE(bench.all<TellAssistantState>().at(0).reachable);

  const ItemNumber item = bench.all<PlayApology>()[0].item;
  const std::string text = base64::encode(Bytes(static_cast<std::size_t>(samples(3s)) * 2));
  bench.machine.generated(item, bench.pacer.offer(item, 0, text).samples);
  bench.machine.generated_all(item);
  bench.pump();
  bench.pacer.keep();
  bench.pass(3200ms);
  CHECK(bench.count<HangUp>() == 0);
  bench.pass(100ms);
  CHECK(bench.count<HangUp>() == 1);
  CHECK(bench.count<SaveTurn>() == 0);
}

TEST_CASE("a refusal that no retry can mend is not waited out") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.run(bench.machine.start(bench.now));
  bench.run(bench.machine.caller_attached(bench.now));
  bench.run(bench.machine.open_failed(bench.now, {.kind = ErrorKind::refused, .message = "401"}));
  CHECK(bench.count<PlayApology>() == 1);
}

TEST_CASE("a call that is not to be hung up goes on trying and says when the assistant is back") {
  Bench bench(MachineOptions{.hang_up_when_unreachable = false, .recording_active = true});
  bench.run(bench.machine.start(bench.now));
  bench.run(bench.machine.caller_attached(bench.now));
  int tries = 0;
  const SteadyTime end = bench.now + 120s;
  while (bench.now < end) {
    if (bench.machine.opens_session()) {
      ++tries;
      bench.run(bench.machine.open_failed(bench.now, {.message = "away"}));
    }
    bench.pass(50ms);
  }
  CHECK(bench.count<HangUp>() == 0);
  CHECK(bench.count<PlayApology>() == 1);
  CHECK(tries > 8);
  CHECK(tries < 30);
  bench.pass(20s);
  bench.ready();
  CHECK(bench.all<TellAssistantState>().back().reachable);
}

TEST_CASE("a session is replaced before its time at a quiet moment, and turns keep their times") {
  Bench bench(MachineOptions{.session_rotate_after = 60s, .recording_active = true});
  bench.start();
  bench.pass(59s);
  bench.respond("r1", "i1", 5s, "Long answer.");
  bench.pass(3s);
  CHECK(bench.count<OpenSession>() == 1);  // the assistant is speaking
  bench.pass(5s);
  REQUIRE(bench.count<OpenSession>() == 2);
  CHECK(bench.all<OpenSession>()[1].conversation.size() == 1);
  bench.ready("sess_2");
  CHECK(bench.count<AdoptSession>() == 2);
  CHECK(bench.noted("session_rotated"));

  // The new session's clock begins at nothing.
  const Duration adopted = bench.machine.call_time(bench.now);
  bench.pass(3s);
  bench.event(SpeechStarted{"c9", 600});
  bench.event(SpeechStopped{"c9", 2500});
  CHECK(bench.turn("c9")->start == adopted + 1000ms);
  CHECK(bench.turn("c9")->end == adopted + 2000ms);
  CHECK(bench.turn("c9")->session_id == "sess_2");
}

TEST_CASE("a new session that finds the caller speaking is put away, and tried again later") {
  Bench bench(MachineOptions{.session_rotate_after = 60s, .recording_active = true});
  bench.start();
  bench.pass(61s);
  REQUIRE(bench.count<OpenSession>() == 2);
  bench.event(SpeechStarted{"c1", 60000});
  bench.ready("sess_2");
  CHECK(bench.count<DiscardSession>() == 1);
  bench.event(SpeechStopped{"c1", 62000});
  bench.event(CallerTranscript{"c1", "Yes.", {}});
  bench.pass(31s);
  CHECK(bench.count<OpenSession>() == 3);
  bench.ready("sess_3");
  CHECK(bench.count<AdoptSession>() == 2);
}

TEST_CASE("a session's own expiry brings its replacement forward") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.run(bench.machine.start(bench.now));
  bench.run(bench.machine.caller_attached(bench.now));
  bench.run(bench.machine.session_opened(
      bench.now, {.session_id = "s", .expires_at = bench.now + SteadyTime::duration(10min)}));
  bench.pass(6min + 59s);
  CHECK(bench.count<OpenSession>() == 1);
  bench.pass(2s);
  CHECK(bench.count<OpenSession>() == 2);
}

// ---- the caller's socket, and idle callers

TEST_CASE(
    "a lost socket ends what is being said, and the assistant takes it up when the caller is "
    "back") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(AssistantTextDelta{"r1", "i1", "one two three four"});
  bench.audio("r1", "i1", 4s);
  bench.pass(2250ms);
  bench.run(bench.machine.caller_lost(bench.now));
  CHECK(bench.count<CancelResponse>() == 1);
  REQUIRE(bench.cuts.size() == 1);
  CHECK(bench.cuts[0].heard_ms == 2000);
  bench.event(ResponseEnded{"r1", ResponseStatus::cancelled, "client_cancelled"});
  bench.pass(2s);
  CHECK(bench.count<AskForResponse>() == 0);

  bench.run(bench.machine.caller_attached(bench.now));
  CHECK(bench.count<AskForResponse>() == 1);
}

TEST_CASE("an idle caller is asked once and hung up on, and any word starts the time anew") {
  Bench bench(MachineOptions{
      .idle_caller_max = 20s, .idle_caller_prompt = "Are you there?", .recording_active = true});
  bench.start();
  bench.pass(9s);
  CHECK(bench.said.empty());
  bench.pass(2s);
  REQUIRE(bench.said.size() == 1);
  bench.respond("r1", "i1", 1s, "Are you there?");
  bench.pass(4s);
  bench.event(SpeechStarted{"c1", 14000});
  bench.event(SpeechStopped{"c1", 15000});
  bench.pass(19s);
  CHECK(bench.count<HangUp>() == 0);
  CHECK(bench.said.size() == 2);
  bench.respond("r2", "i2", 1s, "Are you there?");
  bench.pass(3s);
  CHECK(bench.count<HangUp>() == 1);
}

TEST_CASE("no order of events breaks the machine or its promises") {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    INFO("seed ", seed);
    std::mt19937_64 random(seed);
    MachineOptions options = with_words();
    options.recording_active = random() % 2 == 0;
    options.session_rotate_after = std::chrono::seconds(30 + random() % 30);
    options.hang_up_when_unreachable = random() % 2 == 0;
    if (random() % 2 == 0) options.idle_caller_max = 20s;
    options.idle_caller_prompt = "Hello?";
    Bench bench(options);
    bench.run(bench.machine.start(bench.now));
    const auto id = [&](const char* kind) { return kind + std::to_string(random() % 6); };
    for (int step = 0; step < 300; ++step) {
      switch (random() % 20) {
        case 0:
          bench.run(bench.machine.caller_attached(bench.now));
          break;
        case 1:
          if (random() % 5 == 0) bench.run(bench.machine.caller_lost(bench.now));
          break;
        case 2:
          bench.run(bench.machine.recording_active(bench.now, random() % 2 == 0));
          break;
        case 3:
          if (bench.machine.opens_session()) bench.ready("sess_" + std::to_string(step));
          break;
        case 4:
          if (bench.machine.opens_session())
            bench.run(bench.machine.open_failed(bench.now, {.message = "x"}));
          break;
        case 5:
          if (random() % 10 == 0) bench.event(SessionEnded{random() % 4 != 0, "x"});
          break;
        case 6:
          bench.event(SpeechStarted{id("c"), static_cast<std::int64_t>(random() % 60000)});
          break;
        case 7:
          bench.event(SpeechStopped{id("c"), static_cast<std::int64_t>(random() % 60000)});
          break;
        case 8:
          bench.event(CallerTranscript{id("c"), "text", {}});
          break;
        case 9:
          bench.event(ResponseStarted{id("r")});
          break;
        case 10:
          bench.event(ResponseEnded{id("r"), static_cast<ResponseStatus>(random() % 4), ""});
          break;
        case 11:
          bench.event(AssistantTextDelta{id("r"), id("i"), "some words "});
          break;
        case 12:
          bench.event(AssistantTextDone{id("r"), id("i"), "some words and more"});
          break;
        case 13:
          bench.event(AssistantAudioDone{id("r"), id("i")});
          break;
        case 14:
          bench.event(AssistantComplaint{"conversation_already_has_active_response", ""});
          break;
        case 15:
          bench.event(FunctionCall{id("r"), id("i"), "call", "f", "{}"});
          break;
        default:
          bench.audio(id("r"), id("i"), std::chrono::milliseconds(random() % 800));
      }
      bench.pass(std::chrono::milliseconds(random() % 700));
    }
    bench.run(bench.machine.end(bench.now));
    for (const TruncateItem& cut : bench.cuts) CHECK(cut.heard_ms >= 0);
    for (const Turn& turn : bench.turns) {
      CHECK(turn.end >= turn.start);
      CHECK(turn.end <= bench.machine.call_time(bench.now) + 200ms);
    }
    CHECK(bench.count<HangUp>() <= 1);
  }
}
