#pragma once
// The address of a session, and the one session.update that makes it what we need. Pure.

#include "base/result.hpp"
#include "net/url.hpp"
#include "ports/assistant.hpp"
#include "voice_live/options.hpp"

#include <string>
#include <string_view>

namespace earshot::voice_live {

// wss://host/voice-live/realtime?api-version=…&model=… (or the agent's parameters). `invalid` says
// what is missing.
Result<net::Url> session_url(const VoiceLiveOptions& options);

// "openai", "azure-realtime-native" or "azure-standard", from a voice's name.
std::string voice_type(const VoiceOptions& voice, std::string_view model);

// pcm16 means 24 kHz on the way out; there is no field for the output's rate.
std::string output_format_name(std::uint32_t sample_rate_hz);

std::string session_update(const VoiceLiveOptions& options, const AssistantSessionRequest& request,
                           std::string_view event_id);

// What turn detection adds in front of and behind speech when the service does not say.
int default_prefix_padding_ms(const TurnDetectionOptions& options);
int default_silence_window_ms(const TurnDetectionOptions& options);

}  // namespace earshot::voice_live
