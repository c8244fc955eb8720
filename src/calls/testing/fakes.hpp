#pragma once
// What stands around the calls in their tests: an ACS that does as it is told, bridges and sockets
// that only note what is done with them, a spool in memory.

#include "calls/call_director.hpp"
#include "ports/event_spool.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace earshot::calls::testing {

// Of every resource; which were asked for is noted.
class FakeAcs : public CallControl, public CallControls {
 public:
  std::vector<std::string> resources;
  CallControl& of(const std::string& resource) override {
    resources.push_back(resource);
    return *this;
  }

  // "answer", "start R1", "stop R1", …, in order.
  std::vector<std::string> asked;
  std::map<std::string, std::deque<Error>> failures;  // by verb; the next so many fail
  std::map<RecordingId, bool> recordings;
  bool call_alive = false;
  RemoteCallState call_state = RemoteCallState::connected;
  std::optional<AnswerRequest> answered;
  std::vector<StartRecordingRequest> starts;

  void fail_next(std::string verb, Error error) { failures[verb].push_back(std::move(error)); }
  int count(const std::string& verb) const {
    return static_cast<int>(std::ranges::count_if(
        asked, [&](const auto& one) { return one == verb || one.starts_with(verb + " "); }));
  }
  static Error absent() {
    return Error{
        .kind = ErrorKind::not_found, .message = "Not found.", .status = 404, .code = "8522"};
  }

  Task<Result<CallProperties>> answer(AnswerRequest request) override {
    if (auto error = note("answer")) co_return Failure(*error);
    answered = std::move(request);
    call_alive = true;
    co_return properties();
  }
  Task<Result<void>> reject(ContextId, Secret, Repeatability) override {
    co_return outcome("reject");
  }
  Task<Result<void>> hang_up(ContextId, CallConnectionId) override {
    if (auto error = note("hang_up")) co_return Failure(*error);
    if (!call_alive) co_return Failure(absent());
    call_alive = false;
    co_return ok();
  }
  Task<Result<CallProperties>> get_call(ContextId, CallConnectionId) override {
    if (auto error = note("get_call")) co_return Failure(*error);
    if (!call_alive) co_return Failure(absent());
    co_return properties();
  }
  Task<Result<RecordingStatus>> start_recording(StartRecordingRequest request) override {
    starts.push_back(request);
    if (auto error = note("start")) co_return Failure(*error);
    const RecordingId id{"R" + std::to_string(recordings.size() + 1)};
    recordings[id] = !request.pause_on_start;
    co_return RecordingStatus{id, recordings[id]};
  }
  Task<Result<void>> stop_recording(ContextId, RecordingId id) override {
    if (auto error = note("stop", id)) co_return Failure(*error);
    if (!recordings[id]) co_return Failure(absent());
    recordings[id] = false;
    co_return ok();
  }
  Task<Result<void>> pause_recording(ContextId, RecordingId id) override {
    auto paused = outcome("pause", id);
    if (paused) recordings[id] = false;  // ACS has no word of its own for paused
    co_return paused;
  }
  Task<Result<void>> resume_recording(ContextId, RecordingId id) override {
    auto resumed = outcome("resume", id);
    if (resumed) recordings[id] = true;
    co_return resumed;
  }
  Task<Result<RecordingStatus>> get_recording(ContextId, RecordingId id) override {
    if (auto error = note("get_recording", id)) co_return Failure(*error);
    if (!call_alive) co_return Failure(absent());
    co_return RecordingStatus{id, recordings[id]};
  }
  Task<Result<void>> start_media_streaming(ContextId, CallConnectionId) override {
    co_return outcome("start_media");
  }
  Task<Result<void>> stop_media_streaming(ContextId, CallConnectionId) override {
    co_return outcome("stop_media");
  }

 private:
  std::optional<Error> note(const std::string& verb, const RecordingId& id = {}) {
    asked.push_back(id.empty() ? verb : verb + " " + id.text);
    auto& waiting = failures[verb];
    if (waiting.empty()) return std::nullopt;
    auto error = std::move(waiting.front());
    waiting.pop_front();
    return error;
  }
  Result<void> outcome(const std::string& verb, const RecordingId& id = {}) {
    if (auto error = note(verb, id)) return Failure(*error);
    return ok();
  }
  CallProperties properties() const {
    return {.connection_id = {"conn"},
            .server_call_id = {"server"},
            .correlation_id = {"corr"},
            .state = call_state};
  }
};

class FakeAudio : public CallerAudio {
 public:
  explicit FakeAudio(int& aborted) : aborted_(aborted) {}
  AudioFormat format() const override { return {.sample_rate_hz = 24000, .channels = 1}; }
  std::size_t frame_bytes() const override { return 960; }
  Task<std::optional<CallerMessage>> next() override { co_return std::nullopt; }
  bool send_audio(std::string_view) override { return true; }
  bool send_stop_audio() override { return true; }
  Task<void> close() override { co_return; }
  void abort() override { ++aborted_; }
  std::string end_reason() const override { return ""; }

 private:
  int& aborted_;
};

class FakeBridge : public CallBridge {
 public:
  FakeBridge(BridgeServices services, BridgeStart start_in, BridgeObserver& observer_in)
      : start(std::move(start_in)),
        observer(observer_in),
        gate(start.recording_active),
        is_private(start.is_private),
        services_(services),
        ended_(services.clock.make_signal()) {}

  void attach(std::unique_ptr<CallerAudio> audio, Executor& where,
              std::move_only_function<void()> done) override {
    ++sockets;
    if (audio_) drop();
    audio_ = std::move(audio);
    where_ = &where;
    done_ = std::move(done);
  }
  void recording_active(bool active) override { gate = active; }
  void set_private(bool on) override { is_private = on; }
  void recording_steered(std::string asker, bool done, std::string) override {
    steered.emplace_back(std::move(asker), done);
  }
  void end(std::string reason) override {
    end_reason = std::move(reason);
    over_ = true;
    services_.executor.post([this] { ended_->notify(); });
  }
  Task<void> run() override {
    while (!over_) co_await ended_->wait();
    if (audio_) drop();
  }
  // The socket ends by itself.
  void lose_socket() {
    drop();
    observer.caller_audio_lost("the socket ended");
  }

  BridgeStart start;
  BridgeObserver& observer;
  bool gate;
  bool is_private;
  std::vector<std::pair<std::string, bool>> steered;
  int sockets = 0;
  std::string end_reason;

 private:
  void drop() {
    audio_.reset();
    where_->post(std::move(done_));
  }
  BridgeServices services_;
  std::unique_ptr<Signal> ended_;
  bool over_ = false;
  std::unique_ptr<CallerAudio> audio_;
  Executor* where_ = nullptr;
  std::move_only_function<void()> done_;
};

class MemoryEventSpool : public EventSpool {
 public:
  bool broken = false;
  std::vector<SpooledEvents> appends;

  Task<Result<void>> append(std::vector<InboundEvent> events, WallTime received_at) override {
    if (broken) co_return fail(ErrorKind::unavailable, "the disk is full");
    appends.push_back({std::move(events), received_at});
    co_return ok();
  }
  Task<Result<std::vector<SpooledEvents>>> read_all() override { co_return appends; }
  Task<Result<void>> truncate(std::size_t count) override {
    appends.erase(appends.begin(), appends.begin() + static_cast<std::ptrdiff_t>(count));
    co_return ok();
  }
};

class NoTapSpool : public TapSpool {
 public:
  std::unique_ptr<TapRun> start_run(ContextId) override { return nullptr; }
  Task<Result<std::vector<SpooledRun>>> runs(ContextId) override { co_return none(); }
  Task<Result<std::vector<SpooledRun>>> all_runs() override { co_return none(); }
  Task<Result<Bytes>> read(ContextId, std::uint32_t, SpoolKind, std::uint64_t,
                           std::uint64_t) override {
    co_return Bytes{};
  }
  Task<Result<void>> remove(ContextId, std::uint32_t) override { co_return ok(); }
  Task<void> flush() override { co_return; }

 private:
  static std::vector<SpooledRun> none() { return {}; }
};

class NoAssistant : public Assistant {
 public:
  Task<Result<std::unique_ptr<AssistantSession>>> open(AssistantSessionRequest) override {
    co_return fail(ErrorKind::refused, "no assistant in this test");
  }
};

class KeptAlerts : public AlertSink {
 public:
  std::vector<Alert> raised;
  void raise(const Alert& alert) override { raised.push_back(alert); }
  bool has(std::string_view kind) const {
    return std::ranges::any_of(raised, [&](const auto& alert) { return alert.kind == kind; });
  }
};

}  // namespace earshot::calls::testing
