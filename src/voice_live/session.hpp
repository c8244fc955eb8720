#pragma once
// One Voice Live session over a WebSocket that is open. Lives on one executor.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "base/task_group.hpp"
#include "net/websocket.hpp"
#include "ports/assistant.hpp"
#include "voice_live/options.hpp"

#include <memory>

namespace earshot::voice_live {

struct SessionCounters {
  explicit SessionCounters(Counters& counters);
  Counter& audio_dropped;     // appends that the socket did not take
  Counter& messages_dropped;  // other messages that it did not take, and responses beyond the queue
  Counter& ignored;           // events of types that we need nothing from
  Counter& malformed;         // messages that could not be read
  Counter& faults;            // `error` events
  Counter& warnings;
};

// All outlive the session, except `watchers`, which is needed only while it opens.
struct SessionServices {
  Clock& clock;
  Log& log;
  SessionCounters& counters;
  TaskGroup& watchers;
};

// session.created -> session.update -> session.updated -> the conversation so far. Ready for audio
// when it returns. `invalid`: the service refused the configuration, or gives another audio format
// than was asked for; `refused`: it closed with 1008; `unavailable`: anything else.
//
// Functions: an AssistantSession::return_function is sent once its response is done, and when the
// last one of a response has been returned the session asks for the next response by itself.
Task<Result<std::unique_ptr<AssistantSession>>> open_session(
    std::unique_ptr<net::WebSocket> socket, SessionServices services,
    std::shared_ptr<const VoiceLiveOptions> options, AssistantSessionRequest request);

}  // namespace earshot::voice_live
