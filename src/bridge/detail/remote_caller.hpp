#pragma once
// A media socket that lives on another thread than its call's bridge: what comes in is handed over
// through a bounded queue, what goes out is posted. Used on the bridge's executor.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "ports/caller_audio.hpp"

#include <memory>

namespace earshot::bridge {

inline constexpr std::size_t handover_messages_max = 256;  // about five seconds of frames
inline constexpr std::size_t handover_posts_max = 256;     // outgoing and not yet taken

// `audio` is touched only on `where` from now on. `dropped` counts messages that found a queue
// full. All references outlive the socket.
std::unique_ptr<CallerAudio> make_remote_caller(std::unique_ptr<CallerAudio> audio, Executor& where,
                                                Executor& home, Clock& clock, Counter& dropped);

}  // namespace earshot::bridge
