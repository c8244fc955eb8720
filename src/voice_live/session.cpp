#include "voice_live/session.hpp"

#include "net/socket_watch.hpp"
#include "voice_live/detail/function_calls.hpp"
#include "voice_live/messages.hpp"
#include "voice_live/response_gate.hpp"
#include "voice_live/session_builder.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>

namespace earshot::voice_live {

namespace {

// One is tolerated; a service that fails twice in a session is left.
constexpr int server_errors_max = 1;
constexpr std::size_t outputs_held_max = detail::functions_max;

Error error_of(const ServiceFault& fault) {
  Error error{.kind = ErrorKind::invalid, .code = fault.code};
  if (fault.type == "server_error" || fault.code == "rate_limit_exceeded")
    error.kind = ErrorKind::unavailable;
  error.message =
      fmt::format("the service answered {}{}{}: {}", fault.code.empty() ? fault.type : fault.code,
                  fault.parameter.empty() ? "" : " for ", fault.parameter, fault.message);
  return error;
}

std::string describe(const net::WebSocketEnd& end) {
  return fmt::format("closed by {} with {}{}{}", end.by_peer ? "the service" : "us", end.code,
                     end.reason.empty() ? "" : ": ", end.reason);
}

// Format and rate must be what was asked for: a rate that is taken for another makes slow motion of
// every word. What the service does not repeat is taken as agreed.
Result<void> check_formats(const SessionDescription& session, std::uint32_t rate_hz) {
  const auto wrong = [](std::string_view name, const auto& said, const auto& asked) {
    return fail(ErrorKind::invalid,
                fmt::format("session.updated says {} {}, asked was {}", name, said, asked));
  };
  if (session.input_format && *session.input_format != "pcm16")
    return wrong("input_audio_format", *session.input_format, "pcm16");
  if (session.input_rate_hz && *session.input_rate_hz != rate_hz)
    return wrong("input_audio_sampling_rate", *session.input_rate_hz, rate_hz);
  const auto output = output_format_name(rate_hz);
  if (session.output_format && *session.output_format != output)
    return wrong("output_audio_format", *session.output_format, output);
  return ok();
}

class Session : public AssistantSession {
 public:
  Session(std::unique_ptr<net::WebSocket> socket, SessionServices services,
          std::shared_ptr<const VoiceLiveOptions> options, ContextId call)
      : socket_(std::move(socket)),
        clock_(services.clock),
        log_(services.log),
        counters_(services.counters),
        options_(std::move(options)),
        call_(std::move(call)),
        gate_(options_->responses_waiting_max) {}

  Task<Result<void>> start(AssistantSessionRequest request);

  const std::string& session_id() const override { return description_.id; }
  std::uint32_t output_rate_hz() const override { return rate_hz_; }
  std::uint32_t input_rate_hz() const override { return rate_hz_; }
  int prefix_padding_ms() const override {
    return static_cast<int>(description_.prefix_padding_ms.value_or(
        default_prefix_padding_ms(options_->turn_detection)));
  }
  int silence_window_ms() const override {
    return static_cast<int>(description_.silence_duration_ms.value_or(
        default_silence_window_ms(options_->turn_detection)));
  }
  std::optional<WallTime> expires_at() const override { return description_.expires_at; }

  Task<std::optional<AssistantEvent>> next() override;

  bool append_audio(std::string_view base64) override {
    if (!is_over_ && socket_->try_send(append_audio_message(base64))) return true;
    counters_.audio_dropped.add();
    return false;
  }
  bool create_response(std::string additional_instructions) override {
    auto id = next_event_id();
    auto message = create_response_message(id, additional_instructions);
    return ask({std::move(id), std::move(message)});
  }
  bool say(std::string text, std::string request) override {
    auto id = next_event_id();
    auto message = say_message(id, text, request);
    return ask({std::move(id), std::move(message)});
  }
  bool cancel_response(std::string response_id) override {
    return send(cancel_response_message(next_event_id(), response_id));
  }
  bool truncate(std::string item_id, std::int64_t audio_end_ms) override {
    return send(
        truncate_message(next_event_id(), item_id, std::max<std::int64_t>(audio_end_ms, 0)));
  }
  bool return_function(std::string call_id, std::string output_json) override;
  Task<void> close() override { co_await socket_->close(1000, ""); }

 private:
  Task<Result<SessionDescription>> await_description(bool is_update);
  void resume_conversation(const std::vector<Turn>& conversation);
  std::string next_event_id() { return fmt::format("evt-{:06}", ++events_sent_); }

  bool send(std::string message);
  bool ask(ResponseRequest request);
  void send_request(std::optional<ResponseRequest> request);
  void continue_after_functions();

  void take(AssistantEvent event);
  void take(const SessionDescription& session);
  void take(const FunctionItem& item);
  void take(ResponseFinished finished);
  void take(const ServiceFault& fault);
  void take(const ServiceWarning& warning);
  void take(const IgnoredMessage&) { counters_.ignored.add(); }
  void take(const MalformedMessage& malformed);

  std::unique_ptr<net::WebSocket> socket_;
  Clock& clock_;
  Log& log_;
  SessionCounters& counters_;
  std::shared_ptr<const VoiceLiveOptions> options_;
  ContextId call_;
  SessionDescription description_;
  std::uint32_t rate_hz_ = 0;
  ServerMessageDecoder decoder_;
  ResponseGate gate_;
  detail::FunctionCalls functions_;
  std::vector<std::string> outputs_held_;  // until their response is done
  bool has_returned_ = false;
  std::deque<AssistantEvent> pending_;  // told by next(), in order
  long long events_sent_ = 0;
  int server_errors_ = 0;
  std::optional<std::string> given_up_;  // why the session is to be ended from our side
  bool is_over_ = false;
};

Task<Result<void>> Session::start(AssistantSessionRequest request) {
  rate_hz_ = request.sample_rate_hz;
  auto created = co_await await_description(false);
  if (!created) co_return fail("session.created", created.error());
  if (!send(session_update(*options_, request, next_event_id())))
    co_return fail(ErrorKind::unavailable, "session.update could not be sent");
  auto updated = co_await await_description(true);
  if (!updated) co_return fail("session.update", updated.error());
  auto checked = check_formats(*updated, rate_hz_);
  if (!checked) co_return checked;
  if (updated->id.empty()) updated->id = created->id;
  if (!updated->expires_at) updated->expires_at = created->expires_at;
  description_ = std::move(*updated);
  resume_conversation(request.conversation);
  log_.info("assistant session opened", {{"call", call_.text},
                                         {"session", description_.id},
                                         {"model", description_.model},
                                         {"rate", rate_hz_}});
  co_return ok();
}

Task<Result<SessionDescription>> Session::await_description(bool is_update) {
  for (;;) {
    const auto text = co_await socket_->receive();
    if (!text) {
      const auto end = socket_->end();
      co_return fail(end.code == 1008 ? ErrorKind::refused : ErrorKind::unavailable, describe(end));
    }
    auto message = decoder_.decode(*text);
    if (auto* session = std::get_if<SessionDescription>(&message);
        session && session->is_update == is_update)
      co_return std::move(*session);
    if (const auto* fault = std::get_if<ServiceFault>(&message)) {
      counters_.faults.add();
      co_return Failure(error_of(*fault));
    }
    counters_.ignored.add();
  }
}

// The newest turns, as heard, within the bounds.
void Session::resume_conversation(const std::vector<Turn>& conversation) {
  std::size_t bytes = 0;
  std::size_t turns = 0;
  auto first = conversation.end();
  while (first != conversation.begin() && turns < options_->turns_resumed_max) {
    bytes += std::prev(first)->text.size();
    if (bytes > options_->turn_bytes_resumed_max) break;
    --first;
    ++turns;
  }
  for (; first != conversation.end(); ++first)
    if (!first->text.empty()) send(turn_message(next_event_id(), first->speaker, first->text));
}

Task<std::optional<AssistantEvent>> Session::next() {
  for (;;) {
    if (!pending_.empty()) {
      std::optional<AssistantEvent> event(std::move(pending_.front()));
      pending_.pop_front();
      co_return event;
    }
    if (is_over_) co_return std::nullopt;
    if (given_up_) {
      is_over_ = true;
      co_await socket_->close(1000, "");
      co_return SessionEnded{.may_retry = true, .reason = *given_up_};
    }
    const auto text = co_await socket_->receive();
    if (!text) {
      is_over_ = true;
      const auto end = socket_->end();
      // 1008 is about who we are or what we sent: the same again would end the same way.
      co_return SessionEnded{.may_retry = end.code != 1008, .reason = describe(end)};
    }
    std::visit([this](auto&& message) { take(std::forward<decltype(message)>(message)); },
               decoder_.decode(*text));
  }
}

bool Session::send(std::string message) {
  if (!is_over_ && socket_->try_send(std::move(message))) return true;
  counters_.messages_dropped.add();
  return false;
}

bool Session::ask(ResponseRequest request) {
  const auto id = request.event_id;
  auto message = request.message;
  switch (gate_.want(std::move(request), clock_.steady_now())) {
    case ResponseGate::Taken::queued:
      return !is_over_;
    case ResponseGate::Taken::full:
      counters_.messages_dropped.add();
      return false;
    case ResponseGate::Taken::send_now:
      break;
  }
  if (send(std::move(message))) return true;
  gate_.failed(id, "not sent");
  return false;
}

void Session::send_request(std::optional<ResponseRequest> request) {
  if (request && !send(std::move(request->message))) gate_.failed(request->event_id, "not sent");
}

bool Session::return_function(std::string call_id, std::string output_json) {
  const auto response = functions_.response_of(call_id);
  if (!response || is_over_) return false;
  auto message = function_output_message(next_event_id(), call_id, output_json);
  functions_.returned(call_id);
  has_returned_ = true;
  if (gate_.is_active(*response) && outputs_held_.size() < outputs_held_max) {
    outputs_held_.push_back(std::move(message));
    return true;
  }
  const bool sent = send(std::move(message));
  continue_after_functions();
  return sent;
}

void Session::continue_after_functions() {
  if (!has_returned_ || !functions_.all_returned() || !outputs_held_.empty()) return;
  has_returned_ = false;
  create_response("");
}

void Session::take(AssistantEvent event) {
  if (const auto* started = std::get_if<ResponseStarted>(&event))
    gate_.started(started->response_id);
  // A second, empty transcript of an item that has one has been seen.
  if (const auto* transcript = std::get_if<CallerTranscript>(&event);
      transcript && transcript->text.empty()) {
    counters_.ignored.add();
    return;
  }
  pending_.push_back(std::move(event));
}

void Session::take(const SessionDescription& session) {
  if (session.expires_at) description_.expires_at = session.expires_at;
  counters_.ignored.add();
}

void Session::take(const FunctionItem& item) {
  if (auto call = functions_.learn(item)) pending_.push_back(std::move(*call));
}

void Session::take(ResponseFinished finished) {
  for (const auto& item : finished.functions) take(item);
  functions_.response_done(finished.ended.response_id);
  log_.info("assistant response ended", {{"call", call_.text},
                                         {"session", description_.id},
                                         {"response", finished.ended.response_id},
                                         {"reason", finished.ended.reason},
                                         {"input_tokens", finished.input_tokens},
                                         {"output_tokens", finished.output_tokens}});
  pending_.push_back(std::move(finished.ended));
  for (auto& output : outputs_held_) send(std::move(output));
  outputs_held_.clear();
  send_request(gate_.finished(clock_.steady_now()));
  continue_after_functions();
}

void Session::take(const ServiceFault& fault) {
  counters_.faults.add();
  const auto outcome = gate_.failed(fault.event_id, fault.code);
  if (outcome == ResponseGate::Fault::waits) return pending_.push_back(RequestOvertaken{});
  // Races with the end of a response: nobody need know.
  if (fault.code == "response_cancel_not_active" || fault.code == "input_audio_buffer_commit_empty")
    return;
  log_.warn("assistant complained", {{"call", call_.text},
                                     {"session", description_.id},
                                     {"type", fault.type},
                                     {"code", fault.code},
                                     {"parameter", fault.parameter}});
  if (outcome == ResponseGate::Fault::lost) send_request(gate_.next(clock_.steady_now()));
  const bool is_server_error = fault.type == "server_error";
  if (is_server_error && ++server_errors_ > server_errors_max)
    given_up_ = "the service failed repeatedly";
  if (fault.code == "session_expired") given_up_ = "the session has expired";
  pending_.push_back(AssistantComplaint{.code = fault.code.empty() ? fault.type : fault.code,
                                        .message = fault.message});
}

void Session::take(const ServiceWarning& warning) {
  counters_.warnings.add();
  log_.warn("assistant warned", {{"call", call_.text},
                                 {"session", description_.id},
                                 {"code", warning.code},
                                 {"parameter", warning.parameter}});
}

void Session::take(const MalformedMessage& malformed) {
  counters_.malformed.add();
  log_.warn("assistant message not understood",
            {{"call", call_.text}, {"session", description_.id}, {"what", malformed.what}});
}

}  // namespace

SessionCounters::SessionCounters(Counters& counters)
    : audio_dropped(counters.counter("earshot_voice_live_audio_dropped_total",
                                     "audio messages to Voice Live dropped")),
      messages_dropped(counters.counter("earshot_voice_live_messages_dropped_total",
                                        "other messages to Voice Live dropped")),
      ignored(counters.counter("earshot_voice_live_ignored_total",
                               "events of Voice Live of no meaning to us")),
      malformed(counters.counter("earshot_voice_live_malformed_total",
                                 "messages of Voice Live that could not be read")),
      faults(counters.counter("earshot_voice_live_errors_total", "error events of Voice Live")),
      warnings(counters.counter("earshot_voice_live_warnings_total", "warnings of Voice Live")) {}

Task<Result<std::unique_ptr<AssistantSession>>> open_session(
    std::unique_ptr<net::WebSocket> socket, SessionServices services,
    std::shared_ptr<const VoiceLiveOptions> options, AssistantSessionRequest request) {
  auto& wire = *socket;
  const auto deadline = services.clock.steady_now() + options->handshake_timeout;
  auto session = std::make_unique<Session>(std::move(socket), services, options, request.call);
  const net::SocketWatch watch(wire, services.clock, services.watchers, deadline);
  auto started = co_await session->start(std::move(request));
  if (!started) {
    if (watch.has_cut())
      co_return fail(ErrorKind::unavailable, "Voice Live did not open the session in time");
    wire.abort();
    co_return fail("Voice Live", started.error());
  }
  co_return std::move(session);
}

}  // namespace earshot::voice_live
