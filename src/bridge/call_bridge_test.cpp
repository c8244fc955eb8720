#include "bridge/call_bridge.hpp"

#include "base/base64.hpp"
#include "base/mailbox.hpp"
#include "bridge/ledger_format.hpp"
#include "bridge/tap_format.hpp"
#include "net/testing/test_runtime.hpp"

#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>
#include <map>

using namespace earshot;

namespace {

std::string pcm(Duration length, std::uint32_t rate, std::int16_t value = 1000) {
  Bytes bytes;
  for (std::int64_t i = 0; i < length.count() * rate / 1'000'000; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(value & 0xff));
    bytes.push_back(static_cast<std::uint8_t>((value >> 8) & 0xff));
  }
  return base64::encode(bytes);
}

Duration length_of(std::string_view base64, std::uint32_t rate) {
  return Duration(static_cast<std::int64_t>(base64::decoded_size(base64)) / 2 * 1'000'000 / rate);
}

// ---- a phone side that keeps what it was sent

struct Phone {
  explicit Phone(Clock& clock_in) : clock(clock_in), messages(clock_in, 10'000) {}
  struct Incoming {
    CallerMessage message;
    std::string text;
  };
  Clock& clock;
  std::uint32_t rate = 24000;
  Mailbox<Incoming> messages;
  std::vector<std::pair<SteadyTime, std::string>> audio;
  std::vector<SteadyTime> stops;
  std::string end_reason = "closed by ACS";
  bool is_closed = false;
  bool is_destroyed = false;
  bool is_done = false;
  bool is_full = false;

  void speak(std::string base64, std::optional<WallTime> stamp = std::nullopt) {
    Incoming incoming{CallerFrame{.base64 = {}, .timestamp = stamp, .silent = base64.empty()},
                      std::move(base64)};
    CHECK(messages.try_push(std::move(incoming)));
  }
  Duration sent() const {
    Duration sum{0};
    for (const auto& [time, text] : audio) sum += length_of(text, rate);
    return sum;
  }
};

struct PhoneSocket : CallerAudio {
  explicit PhoneSocket(Phone& phone_in) : phone(phone_in) {}
  ~PhoneSocket() override { phone.is_destroyed = true; }
  Phone& phone;
  Phone::Incoming current;
  AudioFormat format() const override { return {phone.rate, 1, 16}; }
  std::size_t frame_bytes() const override { return phone.rate / 50 * 2; }
  Task<std::optional<CallerMessage>> next() override {
    auto incoming = co_await phone.messages.next();
    if (!incoming) co_return std::nullopt;
    current = std::move(*incoming);
    if (auto* frame = std::get_if<CallerFrame>(&current.message)) frame->base64 = current.text;
    co_return current.message;
  }
  bool send_audio(std::string_view base64) override {
    if (phone.is_full) return false;
    phone.audio.emplace_back(phone.clock.steady_now(), base64);
    return true;
  }
  bool send_stop_audio() override {
    phone.stops.push_back(phone.clock.steady_now());
    return true;
  }
  Task<void> close() override {
    phone.is_closed = true;
    phone.messages.close();
    co_return;
  }
  void abort() override { phone.messages.close(); }
  std::string end_reason() const override { return phone.end_reason; }
};

// ---- an assistant that does what the test says

struct Session {
  explicit Session(Clock& clock) : events(clock, 10'000) {}
  struct Incoming {
    AssistantEvent event;
    std::string text;
  };
  AssistantSessionRequest request;
  Mailbox<Incoming> events;
  std::uint32_t rate = 24000;
  std::vector<std::string> appended;
  std::vector<std::string> said;
  std::vector<std::pair<std::string, std::int64_t>> truncated;
  int responses_created = 0;
  bool is_closed = false;

  void tell(AssistantEvent event) { CHECK(events.try_push({std::move(event), ""})); }
  void audio(const std::string& response, const std::string& item, std::string base64) {
    CHECK(events.try_push({AssistantAudio{response, item, {}}, std::move(base64)}));
  }
  Duration appended_length() const {
    Duration sum{0};
    for (const std::string& text : appended) sum += length_of(text, rate);
    return sum;
  }
};

struct FakeSession : AssistantSession {
  FakeSession(std::shared_ptr<Session> session, std::string id)
      : at(std::move(session)), id_(std::move(id)) {}
  std::shared_ptr<Session> at;
  std::string id_;
  Session::Incoming current;
  const std::string& session_id() const override { return id_; }
  std::uint32_t output_rate_hz() const override { return at->rate; }
  std::uint32_t input_rate_hz() const override { return at->rate; }
  int prefix_padding_ms() const override { return 400; }
  int silence_window_ms() const override { return 500; }
  std::optional<WallTime> expires_at() const override { return std::nullopt; }
  Task<std::optional<AssistantEvent>> next() override {
    auto incoming = co_await at->events.next();
    if (!incoming) co_return std::nullopt;
    current = std::move(*incoming);
    if (auto* audio = std::get_if<AssistantAudio>(&current.event)) audio->base64 = current.text;
    co_return current.event;
  }
  bool append_audio(std::string_view base64) override {
    at->appended.emplace_back(base64);
    return true;
  }
  bool create_response(std::string) override {
    ++at->responses_created;
    return true;
  }
  bool say(std::string text) override {
    at->said.push_back(std::move(text));
    return true;
  }
  bool cancel_response(std::string) override { return true; }
  bool truncate(std::string item, std::int64_t ms) override {
    at->truncated.emplace_back(std::move(item), ms);
    return true;
  }
  bool return_function(std::string, std::string) override { return true; }
  Task<void> close() override {
    at->is_closed = true;
    at->events.close();
    co_return;
  }
};

struct FakeAssistant : Assistant {
  explicit FakeAssistant(Clock& clock_in) : clock(clock_in) {}
  Clock& clock;
  bool is_away = false;
  Duration opening_takes{0};
  std::uint32_t rate = 24000;
  int attempts = 0;
  std::vector<std::shared_ptr<Session>> sessions;
  Task<Result<std::unique_ptr<AssistantSession>>> open(AssistantSessionRequest request) override {
    ++attempts;
    if (opening_takes > 0s) co_await clock.sleep_for(opening_takes);
    if (is_away) co_return fail(ErrorKind::unavailable, "away");
    auto session = std::make_shared<Session>(clock);
    session->request = std::move(request);
    session->rate = rate;
    sessions.push_back(session);
    co_return std::make_unique<FakeSession>(session, "sess_" + std::to_string(sessions.size()));
  }
};

// ---- a spool in memory

struct MemorySpool : TapSpool {
  struct Kept {
    Bytes tap;
    Bytes ledger;
    bool finished = false;
  };
  std::vector<std::shared_ptr<Kept>> kept;
  struct Run : TapRun {
    std::shared_ptr<Kept> kept;
    bool append(SpoolKind kind, ByteView bytes) override {
      Bytes& to = kind == SpoolKind::tap ? kept->tap : kept->ledger;
      to.insert(to.end(), bytes.begin(), bytes.end());
      return true;
    }
    void finish() override { kept->finished = true; }
  };
  std::unique_ptr<TapRun> start_run(ContextId) override {
    auto run = std::make_unique<Run>();
    run->kept = kept.emplace_back(std::make_shared<Kept>());
    return run;
  }
  Task<Result<std::vector<SpooledRun>>> runs(ContextId) override {
    co_return std::vector<SpooledRun>{};
  }
  Task<Result<std::vector<SpooledRun>>> all_runs() override { co_return std::vector<SpooledRun>{}; }
  Task<Result<Bytes>> read(ContextId, std::uint32_t, SpoolKind, std::uint64_t,
                           std::uint64_t) override {
    co_return Bytes{};
  }
  Task<Result<void>> remove(ContextId, std::uint32_t) override { co_return ok(); }
  Task<void> flush() override { co_return; }
};

struct Observer : BridgeObserver {
  std::vector<Turn> turns;
  std::string tones;
  std::vector<std::string> lost;
  int back = 0;
  std::vector<bool> reachable;
  std::vector<std::string> hang_ups;
  std::vector<std::string> notes;
  void turn_changed(const Turn& turn) override { turns.push_back(turn); }
  void dtmf(const std::string& tone) override { tones += tone; }
  void caller_audio_lost(const std::string& reason) override { lost.push_back(reason); }
  void caller_audio_back() override { ++back; }
  void assistant_state(bool is_reachable, const std::string&) override {
    reachable.push_back(is_reachable);
  }
  void wants_hang_up(const std::string& reason) override { hang_ups.push_back(reason); }
  void noted(const std::string& type, const std::string&) override { notes.push_back(type); }
  bool has_note(const std::string& type) const {
    return std::ranges::find(notes, type) != notes.end();
  }
};

// Another thread's executor, as far as the bridge can tell.
struct OtherExecutor : Executor {
  explicit OtherExecutor(Executor& executor) : under(executor) {}
  Executor& under;
  void post(std::move_only_function<void()> work) override { under.post(std::move(work)); }
  void spawn(Task<void> task, std::move_only_function<void(std::exception_ptr)> done) override {
    under.spawn(std::move(task), std::move(done));
  }
  bool runs_here() const override { return under.runs_here(); }
};

struct Call {
  explicit Call(BridgeOptions options_in = {}, BridgeStart start = {})
      : options(std::move(options_in)) {
    start.call = {"call-1"};
    start.connected_at = clock().wall_now();
    bridge =
        make_call_bridge({runtime.executor(), clock(), random, log, counters, assistant, spool},
                         options, std::move(start), observer);
  }
  ~Call() {
    if (!is_over) end();
  }
  net::ManualClock& clock() { return runtime.clock(); }
  void begin() {
    runtime.executor().spawn(bridge->run(), [this](std::exception_ptr failure) {
      CHECK(failure == nullptr);
      is_over = true;
    });
    attach(phone);
    runtime.run_ready();
  }
  void attach(Phone& to, Executor* where = nullptr) {
    bridge->attach(std::make_unique<PhoneSocket>(to),
                   where != nullptr ? *where : runtime.executor(), [&to] { to.is_done = true; });
    runtime.run_ready();
  }
  // The caller speaks in real time, a frame every 20 ms.
  void speak(Duration length, std::int16_t value = 1000) { speak(phone, length, value); }
  void speak(Phone& from, Duration length, std::int16_t value = 1000) {
    const std::string frame = pcm(20ms, from.rate, value);
    for (Duration at{0}; at < length; at += 20ms) {
      runtime.advance(20ms);
      from.speak(frame, clock().wall_now());
      runtime.run_ready();
    }
  }
  Session& session() { return *assistant.sessions.back(); }
  void end() {
    bridge->end("test");
    runtime.advance(30s);
    CHECK(is_over);
  }
  const Turn* turn(const std::string& item) const {
    for (auto at = observer.turns.rbegin(); at != observer.turns.rend(); ++at)
      if (at->item_id == item) return &*at;
    return nullptr;
  }

  net::TestRuntime runtime;
  BridgeOptions options;
  SeededRandom random{7};
  MemoryLog log;
  Counters counters;
  FakeAssistant assistant{runtime.clock()};
  MemorySpool spool;
  Observer observer;
  Phone phone{runtime.clock()};
  std::shared_ptr<CallBridge> bridge;
  bool is_over = false;
};

BridgeStart recording() { return {.recording_active = true}; }

}  // namespace

TEST_CASE(
    "the caller's frames reach the assistant and the assistant's the caller with their base64 "
    "untouched") {
  Call call({}, recording());
  call.begin();
  call.speak(1s);
  CHECK(call.session().appended.size() == 50);
  CHECK(call.session().appended[7] == pcm(20ms, 24000));

  call.session().tell(ResponseStarted{"r1"});
  const std::string delta = pcm(100ms, 24000, -77);
  call.session().audio("r1", "i1", delta);
  call.runtime.run_ready();
  REQUIRE(call.phone.audio.size() == 1);
  CHECK(call.phone.audio[0].second == delta);
  CHECK(call.phone.audio[0].first == call.clock().steady_now());
}

TEST_CASE("StopAudio leaves at the very instant of speech_started") {
  Call call({}, recording());
  call.begin();
  call.session().tell(ResponseStarted{"r1"});
  call.session().tell(AssistantTextDelta{"r1", "i1", "one two three four"});
  call.session().audio("r1", "i1", pcm(4s, 24000));
  call.runtime.run_ready();
  CHECK(call.phone.sent() == 200ms);
  call.speak(2260ms);
  CHECK(call.phone.sent() > 2300ms);
  CHECK(call.phone.sent() <= 2460ms);

  const SteadyTime now = call.clock().steady_now();
  call.session().tell(SpeechStarted{"c1", 1900});
  call.session().audio("r1", "i1", pcm(1s, 24000));
  call.runtime.run_ready();

  CHECK(call.phone.stops == std::vector<SteadyTime>{now});
  REQUIRE(call.session().truncated.size() == 1);
  CHECK(call.session().truncated[0] == std::pair<std::string, std::int64_t>{"i1", 2010});
  const Duration sent = call.phone.sent();
  call.speak(2s);
  CHECK(call.phone.sent() == sent);
  CHECK(call.turn("i1")->text == "one two");
  CHECK(call.counters.counter("earshot_bridge_interruptions_total", "").value() == 1);
}

TEST_CASE("notice and greeting are said when the recording is active") {
  Call call({.greeting = "Hello", .recording_notice = "Recorded."});
  call.begin();
  call.speak(1s);
  CHECK(call.session().said.empty());
  call.bridge->recording_active(true);
  call.runtime.run_ready();
  CHECK(call.session().said == std::vector<std::string>{"Recorded."});
}

TEST_CASE("without word of the recording the first words are said after three seconds") {
  Call call({.greeting = "Hello"});
  call.begin();
  call.runtime.advance(2999ms);
  CHECK(call.session().said.empty());
  call.runtime.advance(1ms);
  CHECK(call.session().said == std::vector<std::string>{"Hello"});
}

TEST_CASE(
    "audio before the session is ready waits, the oldest goes, and the rest follows at twice real "
    "time") {
  Call call({}, recording());
  call.assistant.opening_takes = 3s;
  call.begin();
  call.speak(3s);
  CHECK(call.session().appended.size() <= 2);
  call.speak(1s);
  CHECK(call.session().appended_length() <= 2040ms);
  CHECK(call.session().appended_length() >= 1900ms);
  call.speak(2s);
  CHECK(call.session().appended_length() == 5s);
  call.end();
  CHECK(call.counters.counter("earshot_bridge_early_frames_dropped_total", "").value() ==
        doctest::Approx(50).epsilon(0.03));
}

TEST_CASE("a silent frame without data is zeros for the assistant") {
  Call call({}, recording());
  call.begin();
  call.phone.speak("");
  call.runtime.run_ready();
  REQUIRE(call.session().appended.size() == 1);
  CHECK(call.session().appended[0] == pcm(20ms, 24000, 0));
}

TEST_CASE("a phone side at another rate than the assistant is resampled both ways") {
  Call call({}, recording());
  call.phone.rate = 16000;
  call.begin();
  call.speak(2s);
  CHECK(call.session().appended_length() > 1900ms);
  CHECK(call.session().appended_length() <= 2s);
  call.session().tell(ResponseStarted{"r1"});
  for (int i = 0; i < 10; ++i) {
    call.session().audio("r1", "i1", pcm(100ms, 24000));
    call.speak(100ms);
  }
  call.session().tell(AssistantAudioDone{"r1", "i1"});
  call.speak(500ms);
  CHECK(call.phone.sent() >= 999ms);
  CHECK(call.phone.sent() <= 1001ms);
}

TEST_CASE("nonsense from either side is counted and harms nothing") {
  Call call({}, recording());
  call.begin();
  call.phone.speak("!!!!");
  call.phone.speak("AAA=");
  call.phone.speak("AA==");
  CHECK(call.phone.messages.try_push({CallerNonsense{"what?"}, ""}));
  call.session().tell(ResponseStarted{"r1"});
  call.session().audio("r1", "i1", "????");
  call.session().audio("r1", "i1", "abc");
  call.session().audio("r1", "i1", pcm(100ms, 24000));
  call.runtime.run_ready();
  call.speak(100ms);
  CHECK(call.phone.audio.size() == 1);
  CHECK(call.observer.has_note("media_message_unreadable"));
  call.end();
  CHECK(call.counters.counter("earshot_bridge_caller_nonsense_total", "").value() >= 3);
  CHECK(call.counters.counter("earshot_bridge_assistant_deltas_refused_total", "").value() == 2);
}

TEST_CASE("ledger and tap hold both sides, each at its time") {
  Call call({}, recording());
  call.begin();
  call.speak(1s, 4000);
  call.session().tell(ResponseStarted{"r1"});
  call.session().audio("r1", "i1", pcm(500ms, 24000, -9000));
  call.speak(1s, 4000);
  call.end();

  REQUIRE(call.spool.kept.size() == 1);
  CHECK(call.spool.kept[0]->finished);
  const auto ledger = read_ledger(call.spool.kept[0]->ledger);
  REQUIRE(ledger.has_value());
  REQUIRE(ledger->seconds.size() >= 2);
  CHECK(ledger->seconds[0].caller_frames == 50);
  CHECK(ledger->seconds[0].assistant_frames == 0);
  CHECK(ledger->seconds[1].assistant_frames >= 25);
  auto tap = TapReader::open(call.spool.kept[0]->tap);
  REQUIRE(tap.has_value());
  std::map<std::int64_t, std::pair<std::int16_t, std::int16_t>> samples;
  while (const auto block = tap->next())
    for (std::uint32_t i = 0; i < block->frames; ++i) {
      std::int16_t pair[2];
      std::memcpy(pair, block->samples.data() + i * 4, 4);
      samples[std::int64_t{block->second} * 24000 + block->first_frame + i] = {pair[0], pair[1]};
    }
  CHECK(samples[12000] == std::pair<std::int16_t, std::int16_t>{4000, 0});
  CHECK(samples[30000] == std::pair<std::int16_t, std::int16_t>{4000, -9000});
  CHECK(samples[40000] == std::pair<std::int16_t, std::int16_t>{4000, 0});
}

TEST_CASE("a lost socket is told, shows as a hole, and the newer one goes on") {
  Call call({}, recording());
  call.begin();
  call.speak(1s);
  call.phone.messages.close();
  call.runtime.run_ready();
  CHECK(call.observer.lost == std::vector<std::string>{"closed by ACS"});
  CHECK(call.phone.is_done);
  call.runtime.advance(3s);

  Phone second(call.clock());
  call.attach(second);
  CHECK(call.observer.back == 1);
  call.speak(second, 1s);
  CHECK(call.session().appended.size() == 100);
  call.end();
  CHECK(second.is_done);
  const auto ledger = read_ledger(call.spool.kept[0]->ledger);
  REQUIRE(ledger.has_value());
  CHECK(ledger->seconds[0].caller_frames == 50);
  CHECK(ledger->seconds[2].caller_frames == 0);
  CHECK(ledger->seconds[2].caller_levels[10] == 0);
  CHECK(ledger->seconds[4].caller_frames == 50);
}

TEST_CASE("the newer of two sockets wins and the older is closed and given back") {
  Call call({}, recording());
  call.begin();
  call.speak(500ms);
  Phone second(call.clock());
  call.attach(second);
  CHECK(call.phone.is_closed);
  CHECK(call.phone.is_destroyed);
  CHECK(call.phone.is_done);
  CHECK(call.observer.lost.empty());
  call.speak(second, 500ms);
  CHECK(call.session().appended.size() == 50);
  CHECK(call.observer.has_note("media_socket_replaced"));
  call.end();
}

TEST_CASE("a socket on another thread works through its queue") {
  Call call({}, recording());
  OtherExecutor other(call.runtime.executor());
  call.runtime.executor().spawn(call.bridge->run(),
                                [&](std::exception_ptr) { call.is_over = true; });
  call.attach(call.phone, &other);
  call.speak(1s);
  CHECK(call.session().appended.size() == 50);
  call.session().tell(ResponseStarted{"r1"});
  call.session().audio("r1", "i1", pcm(100ms, 24000));
  call.runtime.run_ready();
  CHECK(call.phone.audio.size() == 1);
  call.session().tell(SpeechStarted{"c1", 500});
  call.runtime.run_ready();
  CHECK(call.phone.stops.size() == 1);
  call.end();
  CHECK(call.phone.is_done);
  CHECK(call.phone.is_destroyed);
}

TEST_CASE(
    "a media socket that is silent for 30 seconds is told lost, and back with its first frame") {
  Call call({}, recording());
  call.begin();
  call.speak(1s);
  call.runtime.advance(29s);
  CHECK(call.observer.lost.empty());
  call.runtime.advance(2s);
  CHECK(call.observer.lost.size() == 1);
  call.speak(100ms);
  CHECK(call.observer.back == 1);
}

TEST_CASE("a lost session is opened again with the conversation and gets the audio that waited") {
  Call call({}, recording());
  call.begin();
  call.speak(1s);
  call.session().tell(ResponseStarted{"r1"});
  call.session().tell(AssistantTextDelta{"r1", "i1", "Good morning."});
  call.session().audio("r1", "i1", pcm(500ms, 24000));
  call.session().tell(AssistantAudioDone{"r1", "i1"});
  call.session().tell(ResponseEnded{"r1", ResponseStatus::completed, ""});
  call.speak(1s);
  call.session().tell(SessionEnded{true, "1006"});
  call.speak(1s);

  REQUIRE(call.assistant.sessions.size() == 2);
  REQUIRE(call.session().request.conversation.size() == 1);
  CHECK(call.session().request.conversation[0].text == "Good morning.");
  CHECK(call.session().appended_length() == 1s);
  CHECK(call.observer.reachable.empty());
}

TEST_CASE("an unreachable assistant is excused with the bundled notice, then the call is hung up") {
  Call call({}, recording());
  call.assistant.is_away = true;
  call.begin();
  call.speak(4900ms);
  CHECK(call.phone.audio.empty());
  call.speak(6s);
  CHECK(call.observer.reachable == std::vector<bool>{false});
  CHECK(call.phone.sent() > 4s);
  CHECK(call.observer.hang_ups.size() == 1);
  CHECK(call.assistant.attempts >= 4);
}

TEST_CASE("keys pressed are told") {
  Call call({}, recording());
  call.begin();
  CHECK(call.phone.messages.try_push({CallerDtmf{"3"}, ""}));
  call.runtime.run_ready();
  CHECK(call.observer.tones == "3");
}

TEST_CASE("the end of the call closes session and socket and finishes the run") {
  Call call({}, recording());
  call.begin();
  call.speak(300ms);
  call.end();
  CHECK(call.session().is_closed);
  CHECK(call.phone.is_closed);
  CHECK(call.phone.is_done);
  CHECK(call.spool.kept[0]->finished);
}

TEST_CASE("an end before anything came leaves a finished ledger and nothing open") {
  Call call({}, recording());
  call.runtime.executor().spawn(call.bridge->run(),
                                [&](std::exception_ptr) { call.is_over = true; });
  call.runtime.run_ready();
  call.runtime.advance(1500ms);
  call.end();
  REQUIRE(call.spool.kept.size() == 1);
  const auto ledger = read_ledger(call.spool.kept[0]->ledger);
  REQUIRE(ledger.has_value());
  CHECK(ledger->seconds.size() == 2);
}

TEST_CASE("a socket that arrives after the end is closed and given back") {
  Call call({}, recording());
  call.begin();
  call.end();
  Phone late(call.clock());
  call.attach(late);
  call.runtime.run_ready();
  CHECK(late.is_closed);
  CHECK(late.is_done);
}
