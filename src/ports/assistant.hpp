#pragma once
// The AI assistant of a call as the bridge sees it: one session at a time. Implementation:
// voice_live. A session lives on the executor that opened it; every member is called there. Times
// in milliseconds are the session's own clocks (audio_start_ms counts appended audio; word offsets
// count from the item's first sample).

#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/turn.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace earshot {

struct SpeechStarted {
  std::string item_id;
  std::int64_t audio_start_ms = 0;
};  // already includes the prefix padding
struct SpeechStopped {
  std::string item_id;
  std::int64_t audio_end_ms = 0;
};  // still includes the silence window
struct ResponseStarted {
  std::string response_id;
  // What say() was given with the words that this response speaks. "": the service did not tell;
  // it may be any response, also one that its turn detection began.
  std::string request = {};
};
// What was asked for last was refused because a response runs: that one is the service's own. The
// request is kept, and made again when that response has ended.
struct RequestOvertaken {};
// `base64` is valid until the next call of next(); whole samples are not promised (keep a carry
// byte).
struct AssistantAudio {
  std::string response_id;
  std::string item_id;
  std::string_view base64;
};
struct AssistantAudioDone {
  std::string response_id;
  std::string item_id;
};
struct AssistantTextDelta {
  std::string response_id;
  std::string item_id;
  std::string text;
};
struct AssistantTextDone {
  std::string response_id;
  std::string item_id;
  std::string text;
};
struct AssistantWord {
  std::string response_id;
  std::string item_id;
  std::string text;
  std::int64_t offset_ms = 0;
  std::int64_t duration_ms = 0;
};
enum class ResponseStatus { completed, cancelled, incomplete, failed };
struct ResponseEnded {
  std::string response_id;
  ResponseStatus status = ResponseStatus::completed;
  std::string reason;
};
struct ItemTruncated {
  std::string item_id;
  std::int64_t audio_end_ms = 0;
};
struct CallerWord {
  std::string text;
  std::int64_t offset_ms = 0;
  std::int64_t duration_ms = 0;
};
struct CallerTranscript {
  std::string item_id;
  std::string text;
  std::vector<CallerWord> words;
};
struct CallerTranscriptFailed {
  std::string item_id;
  std::string code;
};
struct FunctionCall {
  std::string response_id;
  std::string item_id;
  std::string call_id;
  std::string name;
  std::string arguments;
};
// An `error` event that leaves the session open.
struct AssistantComplaint {
  std::string code;
  std::string message;
};
// The session is over; next() gives nothing more.
struct SessionEnded {
  bool may_retry = true;
  std::string reason;
};

using AssistantEvent =
    std::variant<SpeechStarted, SpeechStopped, ResponseStarted, RequestOvertaken, AssistantAudio,
                 AssistantAudioDone, AssistantTextDelta, AssistantTextDone, AssistantWord,
                 ResponseEnded, ItemTruncated, CallerTranscript, CallerTranscriptFailed,
                 FunctionCall, AssistantComplaint, SessionEnded>;

struct AssistantFunction {
  std::string name;
  std::string description;
  std::string parameters_json;  // JSON schema
};

struct AssistantSessionRequest {
  ContextId call;
  std::uint32_t sample_rate_hz = 24000;  // both ways; 16000 or 24000
  std::vector<Turn> conversation;        // to be re-injected, oldest first; bounded by the adapter
  std::vector<AssistantFunction> functions;
};

class AssistantSession {
 public:
  virtual ~AssistantSession() = default;
  virtual const std::string& session_id() const = 0;
  // Of the audio that the session really gives, from session.updated.
  virtual std::uint32_t output_rate_hz() const = 0;
  virtual std::uint32_t input_rate_hz() const = 0;
  virtual int prefix_padding_ms() const = 0;
  virtual int silence_window_ms() const = 0;
  // The server's own end of the session, when it said one.
  virtual std::optional<WallTime> expires_at() const = 0;

  // nullopt after SessionEnded.
  virtual Task<std::optional<AssistantEvent>> next() = 0;

  // None of these waits. False: the session has ended or its queue is full; dropped and counted.
  virtual bool append_audio(std::string_view base64) = 0;
  virtual bool create_response(std::string additional_instructions) = 0;
  // Spoken verbatim and added to the history (pre_generated_assistant_message). `request` comes
  // back in ResponseStarted where the service echoes it.
  virtual bool say(std::string text, std::string request) = 0;
  virtual bool cancel_response(std::string response_id) = 0;
  virtual bool truncate(std::string item_id, std::int64_t audio_end_ms) = 0;
  virtual bool return_function(std::string call_id, std::string output_json) = 0;
  virtual Task<void> close() = 0;
};

class Assistant {
 public:
  virtual ~Assistant() = default;
  // Ready for audio when it returns: session.created, session.update and session.updated are behind
  // it. One attempt; retries are the bridge's. Errors as of ports/call_control.hpp; `unavailable`
  // also when the quota of connects a minute is used up (retry_after_ms says when there is room).
  virtual Task<Result<std::unique_ptr<AssistantSession>>> open(AssistantSessionRequest request) = 0;
};

}  // namespace earshot
