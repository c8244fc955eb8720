#pragma once
// CallerAudio over the WebSocket that ACS opens for a call.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "base/task_group.hpp"
#include "net/websocket.hpp"
#include "ports/caller_audio.hpp"

#include <memory>

namespace earshot::acs {

struct MediaSocketOptions {
  // From the upgrade to AudioMetadata; then the socket is cut.
  Duration metadata_wait_max = 10s;
  // Other messages before AudioMetadata are dropped and counted, no more than these.
  int messages_before_metadata_max = 64;
};

struct MediaSocketCounters {
  explicit MediaSocketCounters(Counters& counters);
  Counter& frames;    // audio messages read
  Counter& nonsense;  // messages that could not be read
  Counter& ignored;   // of unknown kind, or before or besides AudioMetadata
  Counter& dropped;   // audio to the phone side that the socket did not take
  Counter& rejected;  // sockets closed for what they said first
};

// Waits for AudioMetadata. `unavailable`: the socket ended or said nothing in time; `invalid`: what
// it said is no stream that we take (it is closed with 1002 or 1003 then). `watchers` runs the
// watch over the time; it, `clock` and `counters` outlive the result.
Task<Result<std::unique_ptr<CallerAudio>>> open_media_socket(std::unique_ptr<net::WebSocket> socket,
                                                             Clock& clock, TaskGroup& watchers,
                                                             MediaSocketCounters& counters,
                                                             MediaSocketOptions options);

}  // namespace earshot::acs
