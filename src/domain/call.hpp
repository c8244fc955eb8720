#pragma once
// One phone call, as it is stored: what is true of it now. How it changes is
// domain/call_machine.hpp; what happened is the journal. No personal data: numbers, names and raw
// bodies stand in rows of their own (ports/call_store.hpp).

#include "base/time.hpp"
#include "domain/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace earshot {

enum class CallPhase {
  ringing,       // IncomingCall is stored; nothing was sent yet
  answering,     // the answer was sent; CallConnected is awaited
  connected,     // CallConnected was seen
  ended,         // CallDisconnected was seen, or ACS no longer knows the call
  not_answered,  // stale, refused by us, or the answer failed: never connected
};

// What we want of the call's recording, which ACS's active/inactive alone cannot tell.
enum class RecordingWish { record, pause, stop };

// What comes first. The word is the call's, so that another setting leaves calls in progress alone.
enum class RecordingConsent {
  record_first,  // the notice is in the recording
  notice_first,  // started paused, resumed once the notice was played; nothing is kept before
};

// That the recording notice was played to its end, by the account of the play-out queue.
struct PlayedNotice {
  Duration from{0};  // call time
  Duration to{0};
  std::int64_t samples = 0;  // that were played, of the phone side's rate
  std::uint32_t rate_hz = 0;
  std::string text_sha256;  // of the notice as it is configured, in hex
  bool operator==(const PlayedNotice&) const = default;
};

enum class RecordingPhase {
  none,      // not asked for yet
  starting,  // asked for; no word that it is active
  active,
  paused,    // by our command
  stopping,  // our stop was sent
  stopped,   // by our stop, by the end of the call, or found gone
  failed,    // ACS said it cannot
};

struct Call {
  ContextId id;
  CallPhase phase = CallPhase::ringing;
  CorrelationId correlation_id;
  ServerCallId server_call_id;
  CallConnectionId connection_id;
  // One call answered per (correlationId, called number): correlation id, "/", SHA-256 of the
  // number, in hex.
  std::string ring_key;
  // The unguessable `?k=` of this call's callback and media URLs.
  std::string link_key;
  // Repeatability-Request-ID and first-sent time of the answer, stored before it is sent, so that a
  // retry after a crash is the same request.
  std::string answer_request_id;
  std::optional<WallTime> answer_first_sent;
  std::string resource;  // label of the ACS resource that the call came in on; "" = the only one

  WallTime received_at{};                // IncomingCall arrived here
  std::optional<WallTime> rang_at;       // IncomingCall's own time
  std::optional<WallTime> answered_at;   // our answer was accepted
  std::optional<WallTime> connected_at;  // CallConnected's time: zero of the call's clock
  std::optional<WallTime> ended_at;
  std::string end_reason;  // "remote party hung up (200/560000)"; words for the operator
  int end_code = 0;
  int end_sub_code = 0;

  RecordingWish recording_wish = RecordingWish::record;
  RecordingPhase recording_phase = RecordingPhase::none;
  RecordingId recording_id;                // of the newest recording
  std::string recording_start_request_id;  // persisted before sending
  std::optional<WallTime> recording_start_first_sent;
  bool recording_start_paused = false;  // what that start asked for
  int recording_starts = 0;             // starts sent in this call, all recordings
  bool recording_state_event_seen =
      false;  // any RecordingStateChanged arrived for the newest recording

  RecordingConsent consent = RecordingConsent::record_first;
  std::optional<PlayedNotice> notice;  // none: not played, or not to its end
  bool is_private = false;             // nothing of the call may be kept but what ACS writes

  bool media_connected = false;
  int media_restarts = 0;
  // Its caller's data was erased, by a request of that time, or is being erased: nothing more of
  // what was said, or by whom, is stored of it. Set by erasures; a commit of the call leaves it.
  std::optional<WallTime> erased_at;
  // With erased_at: no erasure of it is settled yet, so that it may still be refused, and the call
  // be like any other again.
  bool erasing = false;
  int version = 0;  // raised by every commit; a commit of another version is a conflict
  bool operator==(const Call&) const = default;

  // It must not be recorded yet.
  bool awaits_notice() const { return consent == RecordingConsent::notice_first && !notice; }
};

}  // namespace earshot
