// The audio of a call: 20 ms by 20 ms the caller's sound goes up, the phone's queue plays, and the
// recordings hear both.
#include "simulator/call.hpp"
#include "simulator/identifiers.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::simulator {
namespace {

constexpr Duration frame_length = 20ms;
constexpr std::size_t held_max = 3000;  // a minute of frames

double seconds(std::int64_t samples, std::uint32_t rate_hz) {
  return static_cast<double>(samples) / rate_hz;
}

}  // namespace

void Call::tick(Duration until) {
  const Duration start = until - frame_length;
  line_->play_to(until);
  const auto played = line_->take(caller_->frame_samples());
  notice_assistant(played);

  std::vector<std::string> started;
  CallerFrame frame = caller_->next(played, started);
  for (const auto& label : started) progress("speaks", "caller: " + label);

  const WallTime wall = report_.connected_at + start;
  for (const auto& recording : recordings_) recording->add(frame.samples, played, wall);
  next_frame_start_ = until;
  do_troubles(until);
  // Behind the recorder, which has each party by itself.
  if (echo_->add(played, frame.samples)) frame.silent = false;
  send_frame(frame, start);
  end_when_due(until);
}

void Call::notice_assistant(std::span<const std::int16_t> played) {
  if (!is_audible(played)) {
    assistant_quiet_ += frame_length;
    return;
  }
  if (assistant_quiet_ >= 700ms) progress("assistant", "the assistant is heard");
  assistant_quiet_ = Duration::zero();
}

void Call::send_frame(const CallerFrame& frame, Duration start) {
  if (media_ == nullptr || !media_wanted_) return;
  const std::string timestamp = frame_time(report_.connected_at + start);
  const AudioMessage message{.timestamp = timestamp,
                             .participant_raw_id = shop_.options.participant_in_frames
                                                       ? std::string_view(caller_raw_id_)
                                                       : std::string_view(),
                             .samples = frame.samples,
                             .silent = frame.silent,
                             .form = shop_.options.silent_frames};
  send_or_hold(audio_data_message(message), start);
  while (next_dtmf_ < plan_.dtmf.size() && plan_.dtmf[next_dtmf_].at <= start) {
    const auto& tone = plan_.dtmf[next_dtmf_++].tone;
    if (media_options_->dtmf) send_or_hold(dtmf_message(tone), start);
  }
}

void Call::send_or_hold(std::string message, Duration start) {
  for (const auto& trouble : plan_.media_troubles) {
    if (start < trouble.at || start >= trouble.at + trouble.length) continue;
    if (trouble.kind == MediaTroubleKind::lose) {
      ++report_.frames_lost;
      return;
    }
    if (trouble.kind == MediaTroubleKind::stall && held_.size() < held_max) {
      held_.push_back(std::move(message));
      return;
    }
  }
  for (auto& held : held_)
    ++(media_->send(std::move(held)) ? report_.frames_sent : report_.frames_lost);
  held_.clear();
  ++(media_->send(std::move(message)) ? report_.frames_sent : report_.frames_lost);
}

void Call::do_troubles(Duration until) {
  for (std::size_t i = 0; i < plan_.media_troubles.size(); ++i) {
    const auto& trouble = plan_.media_troubles[i];
    if (trouble.kind != MediaTroubleKind::cut || trouble_done_[i] || trouble.at > until) continue;
    trouble_done_[i] = true;
    progress("trouble", "the media socket was cut");
    if (media_ != nullptr) media_->cut();
  }
  if (next_recording_stop_ < plan_.recording_stops_at.size() &&
      plan_.recording_stops_at[next_recording_stop_] <= until) {
    ++next_recording_stop_;
    for (const auto& recording : recordings_) {
      if (recording->phase() == RecordingPhase::stopped) continue;
      progress("trouble", "the recording stopped unasked");
      stop_recording(recording);
    }
  }
}

void Call::end_when_due(Duration until) {
  const bool due = until >= plan_.length_max || (plan_.hang_up_at && until >= *plan_.hang_up_at) ||
                   (plan_.hang_up_after_quiet && caller_->has_said_everything() &&
                    !line_->is_playing() && caller_->quiet_for() >= *plan_.hang_up_after_quiet);
  if (due)
    end("the caller hung up", {.code = 200,
                               .sub_code = 560000,
                               .message = "The remote party ended the call.",
                               .sip_code = 0,
                               .q850_code = 16});
}

void Call::receive(InboundMessage message) {
  switch (message.kind) {
    case InboundKind::audio:
      if (!media_options_->bidirectional) return;
      ++report_.audio_messages;
      line_->push(message.samples, since_connected());
      return;
    case InboundKind::stop_audio: {
      const Duration at = since_connected();
      const bool playing = line_->is_playing();
      const std::int64_t dropped = line_->stop(at);
      report_.stop_audios.push_back(
          {.at = at, .samples_dropped = dropped, .while_playing = playing});
      if (playing)
        progress("barge-in", fmt::format("StopAudio: {:.2f} s of the assistant not played",
                                         seconds(dropped, media_options_->rate_hz)));
      return;
    }
    case InboundKind::bad:
      if (report_.bad_messages++ == 0)
        shop_.services.log.warn("media message was not understood", {{"why", message.problem}});
      return;
    case InboundKind::other:
      return;
  }
}

void Call::media_event_out(std::string type, std::string details, ResultInfo result) {
  EventContext event = context();
  event.operation_context = media_operation_context_;
  post(media_callback_uri_.empty() ? callback_uri_ : media_callback_uri_,
       {media_event(event, {.type = std::move(type), .details = std::move(details)}, result)});
}

Task<void> Call::stream_media(bool asked) {
  if (media_running_) co_return;
  media_running_ = true;
  bool again = asked && report_.sockets_opened > 0;
  for (int attempt = 0; media_wanted_ && phase_ == CallPhase::connected;) {
    // A client of its own for each socket: the reader of the old one may still hold on to it.
    auto client = std::make_unique<MediaClient>(
        shop_.services, shop_.options, shop_.identity, shop_.faults,
        MediaClientSettings{ids_, *media_options_, subscription_id_},
        [this](InboundMessage message) { receive(std::move(message)); });
    MediaClient* const opening = client.get();
    auto opened = co_await opening->open();
    if (opened && phase_ == CallPhase::connected) {
      media_ = std::move(client);
      ++report_.sockets_opened;
      progress("media", again ? "the media socket is open again" : "the media socket is open");
      media_event_out("MediaStreamingStarted",
                      again ? "streamConnectionReestablished" : "subscriptionStarted", {});
      again = true;
      attempt = 0;
      co_await media_->read();
      if (phase_ != CallPhase::connected) break;
      media_event_out("MediaStreamingStopped",
                      media_wanted_ ? "streamConnectionInterrupted" : "subscriptionStopped", {});
      if (!media_wanted_) break;
      progress("media", "the media socket has ended");
    } else if (!opened) {
      ++report_.sockets_refused;
      progress("media", "the media socket was not opened: " + opened.error().message);
      media_event_out("MediaStreamingFailed",
                      again ? "streamConnectionUnsuccessful" : "initialWebSocketConnectionFailed",
                      {.code = 400,
                       .sub_code = 8581,
                       .message = "Action failed, transport url invalid or server not reachable"});
      if (!again) break;  // the very first one is not tried again
    }
    if (shop_.options.media_reconnect != MediaReconnect::by_itself ||
        ++attempt > shop_.options.media_reconnects_max)
      break;
    co_await shop_.services.clock.sleep_for(shop_.options.media_reconnect_delay * attempt);
  }
  media_running_ = false;
}

Result<void> Call::start_media(OperationRequest request) {
  if (phase_ != CallPhase::connected)
    return rest_failure(400, "8501", "The call is not in the established state.");
  if (!media_options_)
    return rest_failure(400, "8500", "The call was answered without mediaStreamingOptions.");
  media_operation_context_ = std::move(request.operation_context);
  media_callback_uri_ = std::move(request.callback_uri);
  if (shop_.options.media_reconnect == MediaReconnect::never && report_.sockets_opened > 0) {
    media_event_out("MediaStreamingFailed", "streamConnectionUnsuccessful",
                    {.code = 500, .sub_code = 8603, .message = "Media streaming failed."});
    return ok();
  }
  media_wanted_ = true;
  media_tasks_.spawn(stream_media(true));
  return ok();
}

Result<void> Call::stop_media(OperationRequest request) {
  if (phase_ != CallPhase::connected)
    return rest_failure(400, "8501", "The call is not in the established state.");
  media_operation_context_ = std::move(request.operation_context);
  media_callback_uri_ = std::move(request.callback_uri);
  media_wanted_ = false;
  if (media_ != nullptr && media_->is_open())
    media_tasks_.spawn(media_->close());
  else
    media_event_out("MediaStreamingStopped", "subscriptionStopped", {});
  return ok();
}

Task<Result<std::string>> Call::start_recording(StartRecordingRequest request) {
  if (phase_ == CallPhase::ended) co_return rest_failure(404, "8522", "Call not found.");
  if (phase_ != CallPhase::connected)
    co_return rest_failure(400, "8501", "The call is not in the established state.");
  for (const auto& recording : recordings_)
    if (recording->phase() != RecordingPhase::stopped)
      co_return rest_failure(400, "8553",
                             "Only one recording of a given type is supported in a call.");
  RecordedCall recorded{.ids = ids_,
                        .call_id = call_id_,
                        .caller_raw_id = caller_raw_id_,
                        .bot_raw_id = bot_raw_id_,
                        .event_grid_url = event_grid_url_,
                        .rate_hz = report_.rate_hz,
                        .troubles = plan_.recording};
  auto recording = std::make_shared<RecordingSession>(
      shop_.recordings, std::move(recorded), std::move(request),
      [this](const ProgressEntry& entry) { progress(entry.kind, entry.text); });
  recordings_.push_back(recording);
  const std::string state = recording->request().pause_on_start ? "inactive" : "active";
  std::string text = write_recording_state(recording->id(), state);
  tasks_.spawn(run_recording_start(recording));
  if (shop_.options.callbacks_before_response)
    co_await shop_.services.clock.sleep_for(shop_.options.recording_start_delay + 300ms);
  co_return text;
}

Task<void> Call::run_recording_start(std::shared_ptr<RecordingSession> recording) {
  co_await shop_.services.clock.sleep_for(shop_.options.recording_start_delay);
  if (phase_ != CallPhase::connected || recording->phase() != RecordingPhase::starting) co_return;
  const Fault fault = shop_.faults.at("recording.start");
  if (fault.delay > Duration::zero()) co_await shop_.services.clock.sleep_for(fault.delay);
  if (fault.drop || fault.status != 0) {
    recording->stop(report_.connected_at + next_frame_start_);
    progress("trouble", "the recording failed to start");
    post(recording->request().state_callback_uri,
         {start_recording_failed(
             context(), recording->id(),
             {.code = 500, .sub_code = 9999, .message = "Unknown internal server error."})});
    co_return;
  }
  if (phase_ != CallPhase::connected) co_return;
  // Its first audio is that of the frame in the making.
  recording->activate(report_.connected_at + next_frame_start_, next_frame_start_);
  progress("recording", "the recording is " + recording->state());
  recording_event(*recording, recording->state());
}

void Call::recording_event(const RecordingSession& recording, std::string state) {
  const std::string& url = recording.request().state_callback_uri;
  if (url.empty()) return;
  post(url, {recording_state_changed(context(), {.recording_id = recording.id(),
                                                 .state = std::move(state),
                                                 .started = recording.started()})});
}

std::shared_ptr<RecordingSession> Call::find_recording(const std::string& recording_id) {
  for (const auto& recording : recordings_)
    if (recording->id() == recording_id && recording->phase() != RecordingPhase::stopped)
      return recording;
  return nullptr;
}

void Call::pause_recording(RecordingSession& recording) {
  recording.pause(report_.connected_at + next_frame_start_);
  progress("recording", "the recording is paused");
  recording_event(recording, "inactive");
}

void Call::resume_recording(RecordingSession& recording) {
  recording.resume(report_.connected_at + next_frame_start_);
  progress("recording", "the recording goes on");
  recording_event(recording, "active");
}

void Call::stop_recording(const std::shared_ptr<RecordingSession>& recording) {
  if (recording->is_stopping()) return;
  recording->begin_stop();
  const Fault fault = shop_.faults.at("recording.stop");
  if (fault.delay == Duration::zero()) return recording_stopped(*recording);
  progress("trouble", "the recording takes its time to stop");
  tasks_.spawn(stop_recording_later(recording, fault.delay));
}

Task<void> Call::stop_recording_later(std::shared_ptr<RecordingSession> recording, Duration delay) {
  co_await shop_.services.clock.sleep_for(delay);
  recording_stopped(*recording);
}

void Call::recording_stopped(RecordingSession& recording) {
  const bool had_started = recording.phase() != RecordingPhase::starting;
  recording.stop(report_.connected_at + next_frame_start_);
  if (!had_started) return;
  progress("recording", "the recording has stopped");
  recording_event(recording, "inactive");
}

}  // namespace earshot::simulator
