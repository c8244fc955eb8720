#include "calls/detail/requests.hpp"

namespace earshot::calls::detail {
namespace {

std::optional<Error> error_of(const Result<void>& result) {
  return result ? std::nullopt : std::optional(result.error());
}

Error unknown_connection() {
  return Error{.kind = ErrorKind::unavailable, .message = "the call's connection id is not known"};
}

}  // namespace

Task<CallEvent> Requests::answer(AnswerRequest request) {
  const ContextId call = request.call;
  auto answered = co_await acs.answer(std::move(request));
  if (!answered) {
    services.log.warn("call could not be answered",
                      {{"call", call.text}, {"why", answered.error().message}});
    co_return call_event::AnswerError{answered.error()};
  }
  services.log.info("call answered",
                    {{"call", call.text}, {"connection", answered->connection_id.text}});
  co_return call_event::AnswerAccepted{answered->connection_id, answered->server_call_id,
                                       answered->correlation_id};
}

Task<CallEvent> Requests::reject(ContextId call, Secret incoming_call_context,
                                 Repeatability repeatability) {
  auto rejected =
      co_await acs.reject(call, std::move(incoming_call_context), std::move(repeatability));
  if (!rejected)
    services.log.warn("call could not be rejected",
                      {{"call", call.text}, {"why", rejected.error().message}});
  // The call is closed already; this event is a no-op there.
  co_return call_event::AnswerError{};
}

Task<CallEvent> Requests::hang_up(ContextId call, CallConnectionId connection) {
  if (connection.empty()) co_return call_event::HangUpDone{unknown_connection()};
  auto done = co_await acs.hang_up(std::move(call), std::move(connection));
  co_return call_event::HangUpDone{error_of(done)};
}

Task<CallEvent> Requests::poll_call(ContextId call, CallConnectionId connection) {
  using call_event::CallPoll;
  if (connection.empty()) co_return call_event::CallPolled{CallPoll::unknown, {}, {}};
  auto found = co_await acs.get_call(std::move(call), std::move(connection));
  if (!found) {
    const auto result = means_absent(found.error()) ? CallPoll::gone : CallPoll::unknown;
    co_return call_event::CallPolled{result, {}, {}};
  }
  CallPoll result = CallPoll::connected;
  switch (found->state) {
    case RemoteCallState::connecting:
      result = CallPoll::connecting;
      break;
    case RemoteCallState::disconnecting:
      result = CallPoll::disconnecting;
      break;
    case RemoteCallState::disconnected:
      result = CallPoll::gone;
      break;
    case RemoteCallState::connected:
    case RemoteCallState::other:  // being transferred and the like: it lives
      break;
  }
  co_return call_event::CallPolled{result, found->connection_id, found->server_call_id};
}

Task<CallEvent> Requests::start_recording(StartRecordingRequest request) {
  const ContextId call = request.call;
  services.log.info(
      request.container_url ? "Starting recording (BYOS)" : "Starting recording (service-managed)",
      {{"call", call.text},
       {"serverCallId", request.server_call_id.text},
       {"channels", request.channels == RecordingChannels::unmixed ? "unmixed" : "mixed"},
       {"format", request.format == RecordingFormat::mp3 ? "mp3" : "wav"}});
  if (request.channels == RecordingChannels::unmixed) {
    // Pins the caller to channel 0; without it the first to speak would be there.
    auto personal = co_await services.store.load_personal(call);
    if (personal) request.caller_raw_id = personal->caller;
  }
  auto started = co_await acs.start_recording(std::move(request));
  if (!started) {
    services.log.warn(
        "recording could not be started",
        {{"call", call.text}, {"why", started.error().message}, {"code", started.error().code}});
    co_return call_event::RecordingStartError{started.error()};
  }
  services.log.info("recording started", {{"call", call.text}, {"recording", started->id.text}});
  co_return call_event::RecordingStarted{started->id};
}

Task<CallEvent> Requests::stop_recording(ContextId call, RecordingId recording) {
  auto done = co_await acs.stop_recording(call, recording);
  if (done)
    services.log.info("recording stopped", {{"call", call.text}, {"recording", recording.text}});
  co_return call_event::RecordingStopDone{recording, error_of(done)};
}

Task<CallEvent> Requests::pause_recording(ContextId call, RecordingId recording) {
  auto done = co_await acs.pause_recording(std::move(call), recording);
  co_return call_event::RecordingPauseDone{recording, error_of(done)};
}

Task<CallEvent> Requests::resume_recording(ContextId call, RecordingId recording) {
  auto done = co_await acs.resume_recording(std::move(call), recording);
  co_return call_event::RecordingResumeDone{recording, error_of(done)};
}

Task<CallEvent> Requests::poll_recording(ContextId call, RecordingId recording) {
  using call_event::RecordingPoll;
  auto found = co_await acs.get_recording(std::move(call), recording);
  if (found)
    co_return call_event::RecordingPolled{
        recording, found->active ? RecordingPoll::active : RecordingPoll::inactive};
  co_return call_event::RecordingPolled{
      recording, means_absent(found.error()) ? RecordingPoll::gone : RecordingPoll::unknown};
}

Task<CallEvent> Requests::start_media_streaming(ContextId call, CallConnectionId connection) {
  if (connection.empty()) co_return call_event::MediaStartDone{unknown_connection()};
  auto done = co_await acs.start_media_streaming(std::move(call), std::move(connection));
  co_return call_event::MediaStartDone{error_of(done)};
}

}  // namespace earshot::calls::detail
