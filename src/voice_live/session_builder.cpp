#include "voice_live/session_builder.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>
#include <fmt/format.h>

namespace earshot::voice_live {

namespace json = boost::json;

namespace {

constexpr std::string_view default_transcriber = "azure-speech";

bool is_realtime_model(const VoiceLiveOptions& options) {
  return !options.agent.wanted() && (options.model.starts_with("gpt-realtime") ||
                                     options.model.starts_with("gpt-4o-realtime"));
}

bool contains(std::initializer_list<std::string_view> list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

bool has_phrase_events(const VoiceLiveOptions& options) {
  // Dated versions compare as text; "v1" has another session shape.
  return options.api_version >= "2026-04-10" && options.api_version.starts_with("20");
}

json::value to_json(const std::vector<std::string>& texts) {
  json::array list;
  for (const auto& text : texts) list.emplace_back(text);
  return list;
}

json::object voice(const VoiceLiveOptions& options) {
  const auto& wish = options.voice;
  const auto type = voice_type(wish, options.model);
  json::object result{{"type", type}, {"name", wish.name}};
  if (!type.starts_with("azure-") || type == "azure-realtime-native") return result;
  if (!wish.endpoint_id.empty()) result["endpoint_id"] = wish.endpoint_id;
  if (!wish.model.empty()) result["model"] = wish.model;
  if (!wish.rate.empty()) result["rate"] = wish.rate;
  if (wish.temperature) result["temperature"] = *wish.temperature;
  return result;
}

json::object turn_detection(const VoiceLiveOptions& options) {
  const auto& wish = options.turn_detection;
  json::object result{{"type", wish.type},
                      {"create_response", true},
                      {"interrupt_response", wish.interrupt_response}};
  if (wish.auto_truncate) result["auto_truncate"] = true;
  if (wish.type == "semantic_vad") {
    if (!wish.eagerness.empty()) result["eagerness"] = wish.eagerness;
    return result;
  }
  if (wish.threshold) result["threshold"] = *wish.threshold;
  if (wish.prefix_padding_ms) result["prefix_padding_ms"] = *wish.prefix_padding_ms;
  if (wish.speech_duration_ms) result["speech_duration_ms"] = *wish.speech_duration_ms;
  if (wish.silence_duration_ms) result["silence_duration_ms"] = *wish.silence_duration_ms;
  if (wish.type.starts_with("azure_")) {
    if (wish.remove_filler_words) result["remove_filler_words"] = true;
    if (!wish.languages.empty()) result["languages"] = to_json(wish.languages);
  }
  if (!wish.end_of_utterance_model.empty() && !is_realtime_model(options))
    result["end_of_utterance_detection"] = {{"model", wish.end_of_utterance_model}};
  return result;
}

std::string transcriber(const VoiceLiveOptions& options) {
  if (!options.transcription_model.empty()) return options.transcription_model;
  return is_realtime_model(options) ? "gpt-4o-mini-transcribe" : std::string(default_transcriber);
}

json::object transcription(const VoiceLiveOptions& options) {
  json::object result{{"model", transcriber(options)}};
  if (!options.transcription_language.empty()) result["language"] = options.transcription_language;
  if (!options.phrases.empty() && transcriber(options) == default_transcriber)
    result["phrase_list"] = to_json(options.phrases);
  return result;
}

json::array tools(const std::vector<AssistantFunction>& functions) {
  json::array list;
  for (const auto& function : functions) {
    boost::system::error_code error;
    auto parameters = json::parse(function.parameters_json, error);
    if (error || !parameters.is_object())
      parameters = json::object{{"type", "object"}, {"properties", json::object()}};
    list.push_back(json::object{{"type", "function"},
                                {"name", function.name},
                                {"description", function.description},
                                {"parameters", std::move(parameters)}});
  }
  return list;
}

}  // namespace

Result<net::Url> session_url(const VoiceLiveOptions& options) {
  auto url = net::parse_url(options.endpoint);
  if (!url) return fail("Voice Live endpoint", url.error());
  if (!url->is_tls() && !net::is_loopback(url->host))
    return fail(ErrorKind::invalid,
                "Voice Live endpoint: must be https (http is for loopback only)");
  if (options.api_version.empty())
    return fail(ErrorKind::invalid, "Voice Live: the api-version is empty");
  url->scheme = url->is_tls() ? "wss" : "ws";
  url->user_info.clear();
  url->target = "/voice-live/realtime?api-version=" + net::percent_encode(options.api_version);
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) url->target += fmt::format("&{}={}", name, net::percent_encode(value));
  };
  if (!options.agent.wanted()) {
    if (options.model.empty())
      return fail(ErrorKind::invalid, "Voice Live: neither a model nor an agent is named");
    add("model", options.model);
    return url;
  }
  if (options.agent.project.empty())
    return fail(ErrorKind::invalid, "Voice Live: an agent needs its project's name");
  if (options.agent.name.empty())
    add("agent-id", options.agent.id);
  else
    add("agent-name", options.agent.name);
  add("agent-project-name", options.agent.project);
  if (!options.agent.name.empty()) add("agent-version", options.agent.version);
  return url;
}

std::string voice_type(const VoiceOptions& voice, std::string_view model) {
  if (!voice.type.empty()) return voice.type;
  if (!voice.endpoint_id.empty()) return "azure-custom";
  if (!voice.model.empty()) return "azure-personal";
  if (contains(
          {"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"},
          voice.name))
    return "openai";
  if (model == "azure-realtime") return "azure-realtime-native";
  return "azure-standard";
}

std::string output_format_name(std::uint32_t sample_rate_hz) {
  return sample_rate_hz == 24000 ? "pcm16" : fmt::format("pcm16_{}hz", sample_rate_hz);
}

int default_prefix_padding_ms(const TurnDetectionOptions& options) {
  if (options.prefix_padding_ms) return *options.prefix_padding_ms;
  return options.type.starts_with("azure_") ? 420 : 400;
}

int default_silence_window_ms(const TurnDetectionOptions& options) {
  return options.silence_duration_ms.value_or(500);
}

std::string session_update(const VoiceLiveOptions& options, const AssistantSessionRequest& request,
                           std::string_view event_id) {
  json::object session{
      {"modalities", json::array{"text", "audio"}},
      {"voice", voice(options)},
      {"input_audio_format", "pcm16"},
      {"input_audio_sampling_rate", request.sample_rate_hz},
      {"output_audio_format", output_format_name(request.sample_rate_hz)},
      {"turn_detection", turn_detection(options)},
      {"input_audio_transcription", transcription(options)},
      {"input_audio_noise_reduction", nullptr},
      {"input_audio_echo_cancellation", nullptr},
      {"metadata", {{"call_id", request.call.text}}},
  };
  if (!options.agent.wanted()) session["instructions"] = options.instructions;
  if (!options.noise_reduction.empty())
    session["input_audio_noise_reduction"] = {{"type", options.noise_reduction}};
  if (options.echo_cancellation)
    session["input_audio_echo_cancellation"] = {{"type", "server_echo_cancellation"}};
  if (transcriber(options) == default_transcriber && has_phrase_events(options))
    session["include"] = json::array{"item.input_audio_transcription.phrases"};
  const auto type = voice_type(options.voice, options.model);
  if (options.word_timestamps && type.starts_with("azure-") && type != "azure-realtime-native")
    session["output_audio_timestamp_types"] = json::array{"word"};
  if (!request.functions.empty()) {
    session["tools"] = tools(request.functions);
    session["tool_choice"] = "auto";
  }
  if (options.temperature) session["temperature"] = *options.temperature;
  if (options.response_tokens_max)
    session["max_response_output_tokens"] = *options.response_tokens_max;
  return json::serialize(
      json::object{{"type", "session.update"},
                   {"event_id", json::string_view(event_id.data(), event_id.size())},
                   {"session", std::move(session)}});
}

}  // namespace earshot::voice_live
