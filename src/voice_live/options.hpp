#pragma once
// How an assistant's sessions are to be. Names and values are those of the Voice Live API,
// api-version 2026-07-15.

#include "base/secret.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace earshot::voice_live {

struct VoiceOptions {
  std::string name = "en-US-Ava:DragonHDLatestNeural";
  std::string type;                   // empty: told from the name (session_builder.hpp)
  std::string endpoint_id;            // azure-custom
  std::string model;                  // azure-personal
  std::string rate;                   // "1.05"; azure voices
  std::optional<double> temperature;  // 0 to 1; azure HD voices
};

struct TurnDetectionOptions {
  std::string type = "azure_semantic_vad";
  std::optional<double> threshold;
  std::optional<int> prefix_padding_ms;
  std::optional<int> speech_duration_ms;
  std::optional<int> silence_duration_ms;
  bool remove_filler_words = false;
  std::vector<std::string> languages;
  // "semantic_detection_v1"; left out with gpt-realtime models, which refuse it.
  std::string end_of_utterance_model;
  std::string eagerness;  // semantic_vad only
  bool interrupt_response = true;
  bool auto_truncate = false;
};

// A Foundry agent instead of a model: `name` (or `id`, classic agents) and `project`.
struct AgentOptions {
  std::string name;
  std::string id;
  std::string project;
  std::string version;
  bool wanted() const { return !name.empty() || !id.empty(); }
};

struct VoiceLiveOptions {
  std::string endpoint;  // https://<resource>.services.ai.azure.com; its path is replaced
  std::string api_version = "2026-07-15";
  std::string model = "gpt-realtime";
  AgentOptions agent;
  std::optional<Secret> api_key;  // none: Entra ID
  std::string token_scope = "https://ai.azure.com/.default";

  std::string instructions;  // not sent to an agent, which has its own
  VoiceOptions voice;
  TurnDetectionOptions turn_detection;
  std::string noise_reduction = "azure_deep_noise_suppression";  // empty: off
  bool echo_cancellation = false;
  std::string transcription_model;     // empty: what goes with the model
  std::string transcription_language;  // empty: told by the service
  std::vector<std::string> phrases;    // azure-speech only
  bool word_timestamps = true;         // of azure voices
  std::optional<double> temperature;   // of the model
  std::optional<int> response_tokens_max;

  Duration connect_timeout = 10s;
  Duration handshake_timeout = 10s;  // from the upgrade to session.updated
  std::size_t message_bytes_max = 10 << 20;
  std::size_t turns_resumed_max = 40;             // newest of a conversation that is brought along
  std::size_t turn_bytes_resumed_max = 24 << 10;  // all of them together
  std::size_t responses_waiting_max = 16;
};

}  // namespace earshot::voice_live
