#pragma once
// The requests of a call to ACS, each with its outcome as an event. The actor hears of it by post,
// so nothing here touches the call.

#include "calls/call_director.hpp"

namespace earshot::calls::detail {

// Services outlive the requests. Coroutine parameters are values.
struct Requests {
  CallServices& services;
  CallControl& acs;  // of the call's own resource

  Task<CallEvent> answer(AnswerRequest request);
  // Its outcome changes nothing: an empty event list would be as good.
  Task<CallEvent> reject(ContextId call, Secret incoming_call_context, Repeatability repeatability);
  Task<CallEvent> hang_up(ContextId call, CallConnectionId connection);
  Task<CallEvent> poll_call(ContextId call, CallConnectionId connection);
  Task<CallEvent> start_recording(StartRecordingRequest request);
  Task<CallEvent> stop_recording(ContextId call, RecordingId recording);
  Task<CallEvent> pause_recording(ContextId call, RecordingId recording);
  Task<CallEvent> resume_recording(ContextId call, RecordingId recording);
  Task<CallEvent> poll_recording(ContextId call, RecordingId recording);
  Task<CallEvent> start_media_streaming(ContextId call, CallConnectionId connection);
};

}  // namespace earshot::calls::detail
