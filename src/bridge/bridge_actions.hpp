#pragma once
// What the bridge machine wants done. Executed in order, at the instant they were decided.

#include "bridge/play_out_queue.hpp"
#include "domain/turn.hpp"

#include <string>
#include <variant>
#include <vector>

namespace earshot::bridge {

// StopAudio to the phone side, before anything else.
struct StopPlaying {};
// Forget what waits in the pacer, except of `kept`.
struct DropBacklog {
  ItemNumber kept = no_item;
};
struct TruncateItem {
  std::string item_id;
  std::int64_t heard_ms = 0;
};
struct CancelResponse {
  std::string response_id;
};
struct AskForResponse {
  std::string instructions;
};
struct SayText {
  std::string text;
  std::string request;  // tells the response that speaks it from others
};
struct ReturnFunctionOutput {
  std::string call_id;
  std::string output_json;
};
// Pause or resume the recording; function_done() has what came of it.
struct SteerRecording {
  bool paused = false;
  std::string call_id;
};
struct SaveTurn {
  Turn turn;
};
// One at a time; the answer is session_opened() or open_failed().
struct OpenSession {
  std::vector<Turn> conversation;
};
// The session that was opened takes over; an older one is closed.
struct AdoptSession {};
// The session that was opened is not wanted: close it.
struct DiscardSession {};
// The spoken notice that the assistant is unreachable: play it as item `item`.
struct PlayApology {
  ItemNumber item = no_item;
};
struct TellAssistantState {
  bool reachable = true;
  std::string reason;
};
struct HangUp {
  std::string reason;
};
// The recording notice was played to its end; times are the call's.
struct TellNoticePlayed {
  Duration from{0};
  Duration to{0};
  std::int64_t samples = 0;
  std::uint32_t rate_hz = 0;
};
struct NoteEvent {
  std::string type;
  std::string detail_json;
};

using BridgeAction = std::variant<StopPlaying, DropBacklog, TruncateItem, CancelResponse,
                                  AskForResponse, SayText, ReturnFunctionOutput, SteerRecording,
                                  SaveTurn, OpenSession, AdoptSession, DiscardSession, PlayApology,
                                  TellAssistantState, HangUp, TellNoticePlayed, NoteEvent>;
using BridgeActions = std::vector<BridgeAction>;

}  // namespace earshot::bridge
