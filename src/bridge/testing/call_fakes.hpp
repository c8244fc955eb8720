#pragma once
// A phone side, an assistant, a spool and an observer that do what a test says and keep what they
// were given, and a call made of them.

#include "base/base64.hpp"
#include "base/mailbox.hpp"
#include "bridge/call_bridge.hpp"
#include "net/testing/test_runtime.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <memory>
#include <string>
#include <vector>

namespace earshot::bridge::testing {

inline std::string pcm(Duration length, std::uint32_t rate, std::int16_t value = 1000) {
  Bytes bytes;
  for (std::int64_t i = 0; i < length.count() * rate / 1'000'000; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(value & 0xff));
    bytes.push_back(static_cast<std::uint8_t>((value >> 8) & 0xff));
  }
  return base64::encode(bytes);
}

inline Duration length_of(std::string_view base64, std::uint32_t rate) {
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
  std::size_t frame_bytes() const override { return std::size_t{phone.rate} / 50 * 2; }
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
  FakeSession(std::shared_ptr<Session> session, std::string id_in)
      : at(std::move(session)), id(std::move(id_in)) {}
  std::shared_ptr<Session> at;
  std::string id;
  Session::Incoming current;
  const std::string& session_id() const override { return id; }
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
  bool say(std::string text, std::string) override {
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
  void notice_played(const PlayedNotice& notice) override { notices.push_back(notice); }
  std::vector<PlayedNotice> notices;
  void assistant_state(bool is_reachable, const std::string&) override {
    reachable.push_back(is_reachable);
  }
  void wants_hang_up(const std::string& reason) override { hang_ups.push_back(reason); }
  void wants_recording(bool paused, const std::string& by, const std::string& asker) override {
    wishes.push_back((paused ? "pause " : "resume ") + by);
    askers.push_back(asker);
  }
  std::vector<std::string> wishes;
  std::vector<std::string> askers;
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

struct BridgedCall {
  explicit BridgedCall(BridgeOptions options_in = {}, BridgeStart start = {})
      : options(std::move(options_in)) {
    start.call = {"call-1"};
    start.connected_at = clock().wall_now();
    bridge =
        make_call_bridge({runtime.executor(), clock(), random, log, counters, assistant, spool},
                         options, std::move(start), observer);
  }
  ~BridgedCall() {
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

inline BridgeStart recording() { return {.recording_active = true}; }

}  // namespace earshot::bridge::testing
