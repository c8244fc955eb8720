#include "simulator/call.hpp"

#include "simulator/identifiers.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::simulator {
namespace {

constexpr std::size_t events_waiting_max = 1000;

}  // namespace

Call::Call(CallShop shop, CallPlan plan, ProgressSink progress)
    : shop_(shop),
      plan_(std::move(plan)),
      progress_(std::move(progress)),
      outbox_(shop.services.clock, events_waiting_max),
      tasks_(shop.services.executor, shop.services.clock, shop.services.log, "sim call"),
      media_tasks_(shop.services.executor, shop.services.clock, shop.services.log, "sim media"),
      outbox_task_(shop.services.executor, shop.services.clock, shop.services.log, "sim outbox") {
  Random& random = shop_.services.random;
  ids_ = {make_uuid(random), make_server_call_id(random), make_uuid(random)};
  call_id_ = make_uuid(random);
  incoming_call_context_ = make_incoming_call_context(random);
  caller_raw_id_ = phone_raw_id(plan_.from);
  called_raw_id_ = phone_raw_id(plan_.to);
  bot_raw_id_ = make_bot_raw_id(shop_.options.identity.audience, random);
  subscription_id_ = make_uuid(random);
  event_grid_url_ =
      plan_.event_grid_url.empty() ? shop_.options.event_grid_url : plan_.event_grid_url;
  changed_ = shop_.services.clock.make_signal();
  trouble_done_.resize(plan_.media_troubles.size());
  placed_at_ = rang_at_ = shop_.services.clock.steady_now();
  report_.connection_id = ids_.connection_id;
  report_.server_call_id = ids_.server_call_id;
  report_.call_id = call_id_;
  report_.correlation_id = ids_.correlation_id;
  report_.caller_raw_id = caller_raw_id_;
  report_.bot_raw_id = bot_raw_id_;
  report_.placed_at = shop_.services.clock.wall_now();
}

Task<void> Call::run_inbound() {
  progress("ringing", fmt::format("call placed, correlation {}", ids_.correlation_id));
  tasks_.spawn(announce());
  if (co_await wait_for_answer()) {
    co_await live();
  } else {
    progress("ended", report_.end_reason);
    report_.ended_at = shop_.services.clock.wall_now();
    co_await tasks_.join();
  }
}

Result<std::string> Call::prepare_outbound(CreateCallRequest request) {
  inbound_ = false;
  caller_raw_id_ = report_.caller_raw_id = request.target_raw_ids.front();
  called_raw_id_ = phone_raw_id(request.source_caller_id);
  callback_uri_ = std::move(request.callback_uri);
  operation_context_ = std::move(request.operation_context);
  media_options_ = std::move(request.media);
  phase_ = CallPhase::connecting;
  return properties();
}

Task<void> Call::run_outbound() {
  progress("ringing", "the application calls out");
  co_await shop_.services.clock.sleep_for(shop_.options.outbound_ring);
  report_.answered_at = shop_.services.clock.wall_now();
  co_await live();
}

Task<void> Call::announce() {
  IncomingCallFacts facts{.to_raw_id = called_raw_id_,
                          .from_raw_id = caller_raw_id_,
                          .server_call_id = ids_.server_call_id,
                          .display_name = plan_.display_name,
                          .sip_headers = plan_.sip_headers,
                          .incoming_call_context = incoming_call_context_,
                          .correlation_id = ids_.correlation_id};
  std::string body = incoming_call_body(shop_.delivery.envelope(), facts);
  const Delivery delivery =
      co_await shop_.delivery.event_grid(event_grid_url_, "IncomingCall", std::move(body));
  report_.event_grid_status = delivery.status;
  if (!delivery.accepted && phase_ == CallPhase::ringing)
    progress("event",
             delivery.status == 0
                 ? "IncomingCall: nobody answers at the application's address"
                 : fmt::format("IncomingCall: the application answered {}", delivery.status));
}

Task<bool> Call::wait_for_answer() {
  while (phase_ == CallPhase::ringing && report_.outcome == CallOutcome::ringing) {
    const SteadyTime deadline =
        std::min(placed_at_ + plan_.rings_for.value_or(24h), rang_at_ + shop_.options.ring_window);
    if (co_await changed_->wait_until(deadline) != Wake::timed_out) continue;
    if (phase_ != CallPhase::ringing || report_.outcome != CallOutcome::ringing) break;
    report_.outcome = CallOutcome::not_answered;
    report_.end_reason = "not answered";
  }
  if (report_.outcome == CallOutcome::ringing) co_return true;
  phase_ = CallPhase::ended;
  co_return false;
}

Task<Result<std::string>> Call::answer(AnswerRequest request) {
  if (phase_ == CallPhase::ended) co_return rest_failure(404, "8522", "Call not found.");
  if (phase_ != CallPhase::ringing)
    co_return rest_failure(400, "8523", "The call has been answered already.");
  callback_uri_ = std::move(request.callback_uri);
  operation_context_ = std::move(request.operation_context);
  media_options_ = std::move(request.media);
  phase_ = CallPhase::connecting;
  report_.answered_at = shop_.services.clock.wall_now();
  progress("answered", "the application answered");
  changed_->notify();
  auto text = properties();
  // The events that follow from this answer overtake it: by the time it is sent, they are posted.
  if (shop_.options.callbacks_before_response)
    co_await shop_.services.clock.sleep_for(shop_.options.connect_delay + 300ms);
  co_return text;
}

Result<void> Call::reject(const std::string& reason) {
  if (phase_ != CallPhase::ringing) return rest_failure(404, "8522", "Call not found.");
  report_.outcome = CallOutcome::rejected;
  report_.end_reason = "rejected: " + reason;
  changed_->notify();
  return ok();
}

Result<void> Call::redirect(const std::string& target_raw_id) {
  if (phase_ != CallPhase::ringing) return rest_failure(404, "8522", "Call not found.");
  const bool is_own = std::ranges::any_of(shop_.options.numbers, [&](const std::string& number) {
    return phone_raw_id(number) == target_raw_id;
  });
  if (is_own) {
    ring_at(target_raw_id);
    return ok();
  }
  report_.outcome = CallOutcome::redirected;
  report_.end_reason = "redirected to " + target_raw_id;
  changed_->notify();
  return ok();
}

// The same call, so the same correlation and server call id (reference
// acs-call-automation.md, 5.3).
void Call::ring_at(const std::string& raw_id) {
  called_raw_id_ = raw_id;
  plan_.to = raw_id.substr(raw_id.find(':') + 1);
  incoming_call_context_ = make_incoming_call_context(shop_.services.random);
  rang_at_ = shop_.services.clock.steady_now();
  progress("ringing", "redirected to " + plan_.to);
  tasks_.spawn(announce());
  changed_->notify();
}

void Call::hang_up() {
  if (phase_ == CallPhase::ringing) {
    report_.outcome = CallOutcome::not_answered;
    report_.end_reason = "given up while it rang";
    changed_->notify();
    return;
  }
  end("the application hung up",
      {.code = 200, .sub_code = 7000, .message = "The call was ended by Call Automation."});
}

void Call::end(std::string reason, ResultInfo result) {
  if (phase_ == CallPhase::ended || !report_.end_reason.empty()) return;
  report_.end_reason = std::move(reason);
  end_result_ = std::move(result);
}

bool Call::is_readable() const {
  if (phase_ != CallPhase::ended) return phase_ != CallPhase::ringing;
  return report_.outcome == CallOutcome::completed &&
         shop_.services.clock.wall_now() < report_.ended_at + shop_.options.disconnected_readable;
}

Result<std::string> Call::properties() const {
  static constexpr const char* states[] = {"unknown", "connecting", "connected", "disconnected"};
  CallProperties properties{.ids = ids_,
                            .state = states[static_cast<int>(phase_)],
                            .callback_uri = callback_uri_,
                            .target_raw_ids = {inbound_ ? called_raw_id_ : caller_raw_id_},
                            .source_raw_id = inbound_ ? caller_raw_id_ : called_raw_id_,
                            .answered_by_raw_id = bot_raw_id_,
                            .answered_for = inbound_ ? plan_.to : "",
                            .with_server_call_id = inbound_ || phase_ != CallPhase::connecting,
                            .has_media = media_options_.has_value(),
                            .media_subscription_id = subscription_id_,
                            .media_state = media_wanted_ ? "active" : "inactive"};
  return write_call_properties(properties);
}

Result<std::vector<std::string>> Call::participants() const {
  if (phase_ != CallPhase::connected)
    return rest_failure(400, "8501", "The call is not in the established state.");
  return std::vector<std::string>{caller_raw_id_, bot_raw_id_};
}

Task<void> Call::live() {
  outbox_task_.spawn(post_events());
  co_await connect();
  if (phase_ == CallPhase::connected) {
    report_.outcome = CallOutcome::completed;
    co_await converse();
  }
  co_await wind_up();
}

Task<void> Call::connect() {
  co_await shop_.services.clock.sleep_for(shop_.options.connect_delay);
  if (const Fault fault = shop_.faults.at("call.connect"); fault.drop || fault.status != 0) {
    report_.outcome = CallOutcome::answer_failed;
    report_.end_reason = "the answer failed";
    const ResultInfo result{.code = 408, .sub_code = 4506, .message = "Answering timed out."};
    post(callback_uri_,
         {call_event(inbound_ ? "AnswerFailed" : "CreateCallFailed", context(), result)});
    co_return;
  }
  const std::uint32_t rate_hz = media_options_ ? media_options_->rate_hz : 16000;
  report_.rate_hz = rate_hz;
  line_ = std::make_unique<PhoneLine>(PhoneLineOptions{.rate_hz = rate_hz,
                                                       .delay_min = shop_.options.line_delay_min,
                                                       .delay_max = shop_.options.line_delay_max},
                                      shop_.services.random);
  caller_ = std::make_unique<Caller>(plan_, rate_hz);
  echo_ = std::make_unique<EchoPath>(plan_.media_troubles, rate_hz);
  phase_ = CallPhase::connected;
  connected_at_ = shop_.services.clock.steady_now();
  report_.connected_at = shop_.services.clock.wall_now();
  progress("connected", "the call is connected");

  auto connected = call_event("CallConnected", context(), {});
  auto roster =
      participants_updated(context(), {{caller_raw_id_}, {bot_raw_id_}}, ++sequence_number_);
  if (shop_.options.batch_connected_events) {
    post(callback_uri_, {connected, roster});
  } else {
    post(callback_uri_, {shop_.options.participants_first ? roster : connected});
    post(callback_uri_, {shop_.options.participants_first ? connected : roster});
  }
  if (media_options_ && media_options_->start_at_once) {
    media_wanted_ = true;
    media_operation_context_ = operation_context_;
    media_tasks_.spawn(stream_media(false));
  }
}

Task<void> Call::converse() {
  for (int frame = 1; report_.end_reason.empty(); ++frame) {
    const Duration until = Duration(20ms) * frame;
    co_await shop_.services.clock.sleep_until(connected_at_ + until);
    tick(until);
  }
}

Task<void> Call::wind_up() {
  if (line_ != nullptr) {
    report_.talked = since_connected();
    // Whatever was still playing ends with the call.
    line_->stop(report_.talked);
    report_.played_runs = line_->runs();
    report_.samples_received = line_->samples_received();
    report_.samples_played = line_->samples_played();
    report_.samples_flushed = line_->samples_flushed();
  }
  phase_ = CallPhase::ended;
  report_.ended_at = shop_.services.clock.wall_now();
  progress("ended", report_.end_reason);
  auto disconnected = call_event("CallDisconnected", context(), end_result_);
  const bool was_connected = report_.outcome == CallOutcome::completed;
  if (was_connected && !shop_.options.recording_ends_first) post(callback_uri_, {disconnected});
  for (const auto& recording : recordings_)
    if (recording->phase() != RecordingPhase::stopped) stop_recording(recording);
  if (was_connected && shop_.options.recording_ends_first) post(callback_uri_, {disconnected});

  media_wanted_ = false;
  if (media_ != nullptr) co_await media_->close();
  co_await media_tasks_.join();
  // A recording that stops slowly tells of it after the call's end.
  co_await tasks_.join();
  outbox_.close();
  for (std::size_t i = 0; i < recordings_.size(); ++i) {
    const auto recording = recordings_[i];
    co_await recording->join();
    report_.recordings.push_back(recording->report());
  }
  co_await outbox_task_.join();
  progress("done", "everything of this call is finished");
}

EventContext Call::context() const {
  return {.ids = ids_,
          .operation_context = operation_context_,
          .event_id = make_uuid(shop_.services.random),
          .time = shop_.services.clock.wall_now()};
}

void Call::post(std::string url, std::vector<CallbackEvent> events) {
  if (!outbox_.try_push({std::move(url), std::move(events)}))
    shop_.services.log.warn("event was dropped: too many are waiting", {});
}

Task<void> Call::post_events() {
  while (auto next = co_await outbox_.next()) {
    Outgoing outgoing = std::move(*next);
    std::string name = outgoing.events.front().type;
    std::string body = events_array(outgoing.events);
    const Delivery delivery =
        co_await shop_.delivery.callback(outgoing.url, std::move(name), std::move(body));
    ++(delivery.accepted ? report_.callbacks_accepted : report_.callbacks_refused);
  }
}

Duration Call::since_connected() const {
  return std::chrono::duration_cast<Duration>(shop_.services.clock.steady_now() - connected_at_);
}

void Call::progress(std::string kind, std::string text) {
  ProgressEntry entry{
      .at = std::chrono::duration_cast<Duration>(shop_.services.clock.steady_now() - placed_at_),
      .kind = std::move(kind),
      .text = std::move(text)};
  if (report_.progress.size() < 10'000) report_.progress.push_back(entry);
  if (progress_) progress_(entry);
}

}  // namespace earshot::simulator
