#include "voice_live/session_builder.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

namespace earshot::voice_live {

namespace json = boost::json;

namespace {

VoiceLiveOptions plain_options() {
  VoiceLiveOptions options;
  options.endpoint = "https://demo.services.ai.azure.com/api/projects/x";
  options.instructions = "You are Richard.";
  return options;
}

json::value session_of(const VoiceLiveOptions& options, std::uint32_t rate_hz = 24000) {
  AssistantSessionRequest request{.call = {"call-1"}, .sample_rate_hz = rate_hz};
  const auto message = json::parse(session_update(options, request, "evt-1"));
  CHECK(message.at("type").as_string() == "session.update");
  CHECK(message.at("event_id").as_string() == "evt-1");
  return message.at("session");
}

bool has(const json::value& object, const char* key) { return object.as_object().contains(key); }

}  // namespace

TEST_CASE("the address of a model's session replaces the endpoint's path") {
  const auto url = session_url(plain_options());

  REQUIRE(url.has_value());
  CHECK(url->text() ==
        "wss://demo.services.ai.azure.com/voice-live/realtime"
        "?api-version=2026-07-15&model=gpt-realtime");
}

TEST_CASE("the address of an agent's session names no model") {
  auto options = plain_options();
  options.agent = {.name = "front desk", .project = "clinic", .version = "3"};
  CHECK(session_url(options)->target ==
        "/voice-live/realtime?api-version=2026-07-15&agent-name=front%20desk"
        "&agent-project-name=clinic&agent-version=3");

  options.agent = {.id = "asst_1", .project = "clinic"};
  CHECK(session_url(options)->target ==
        "/voice-live/realtime?api-version=2026-07-15&agent-id=asst_1&agent-project-name=clinic");
}

TEST_CASE("an address that cannot work is refused") {
  const auto refused = [](auto change) {
    auto options = plain_options();
    change(options);
    const auto url = session_url(options);
    return !url.has_value() && url.error().kind == ErrorKind::invalid;
  };

  CHECK(refused([](auto& options) { options.endpoint = ""; }));
  CHECK(refused([](auto& options) { options.endpoint = "http://demo.example"; }));
  CHECK(refused([](auto& options) { options.model = ""; }));
  CHECK(refused([](auto& options) { options.agent.name = "a"; }));
  CHECK(refused([](auto& options) { options.api_version = ""; }));
  CHECK_FALSE(refused([](auto& options) { options.endpoint = "http://127.0.0.1:9"; }));
}

TEST_CASE("both directions run at the same rate") {
  const auto fast = session_of(plain_options(), 24000);
  CHECK(fast.at("input_audio_sampling_rate") == json::value(24000));
  CHECK(fast.at("output_audio_format") == json::value("pcm16"));

  const auto slow = session_of(plain_options(), 16000);
  CHECK(slow.at("input_audio_sampling_rate") == json::value(16000));
  CHECK(slow.at("output_audio_format") == json::value("pcm16_16000hz"));
  CHECK(slow.at("input_audio_format") == json::value("pcm16"));
}

TEST_CASE("the type of a voice is told from its name") {
  CHECK(voice_type({.name = "alloy"}, "gpt-realtime") == "openai");
  CHECK(voice_type({.name = "en-US-AvaNeural"}, "gpt-realtime") == "azure-standard");
  CHECK(voice_type({.name = "ava"}, "azure-realtime") == "azure-realtime-native");
  CHECK(voice_type({.name = "mine", .endpoint_id = "e"}, "gpt-4.1") == "azure-custom");
  CHECK(voice_type({.name = "mine", .model = "DragonLatestNeural"}, "gpt-4.1") == "azure-personal");
  CHECK(voice_type({.name = "alloy", .type = "azure-standard"}, "x") == "azure-standard");
}

TEST_CASE("an azure voice brings its temperature and word times, an OpenAI voice neither") {
  auto options = plain_options();
  options.voice.temperature = 0.7;
  auto session = session_of(options);
  CHECK(session.at("voice").at("temperature") == json::value(0.7));
  CHECK(session.at("output_audio_timestamp_types") == json::parse(R"(["word"])"));

  options.voice.name = "marin";
  session = session_of(options);
  CHECK(session.at("voice") == json::parse(R"({"type":"openai","name":"marin"})"));
  CHECK_FALSE(has(session, "output_audio_timestamp_types"));
}

TEST_CASE("turn detection carries only what its type has") {
  auto options = plain_options();
  options.turn_detection.remove_filler_words = true;
  options.turn_detection.end_of_utterance_model = "semantic_detection_v1";
  options.turn_detection.languages = {"en"};
  options.turn_detection.silence_duration_ms = 600;
  auto detection = session_of(options).at("turn_detection");
  CHECK(detection == json::parse(R"({"type":"azure_semantic_vad","create_response":true,
    "interrupt_response":true,"silence_duration_ms":600,"remove_filler_words":true,"languages":["en"]})"));

  options.model = "gpt-4.1";
  CHECK(session_of(options).at("turn_detection").at("end_of_utterance_detection").at("model") ==
        json::value("semantic_detection_v1"));

  options.model = "gpt-realtime";
  options.turn_detection.type = "semantic_vad";
  options.turn_detection.eagerness = "low";
  CHECK(session_of(options).at("turn_detection") ==
        json::parse(R"({"type":"semantic_vad","create_response":true,"interrupt_response":true,
                       "eagerness":"low"})"));

  options.turn_detection.type = "server_vad";
  CHECK_FALSE(has(session_of(options).at("turn_detection"), "remove_filler_words"));
}

TEST_CASE("the transcriber goes with the model") {
  auto options = plain_options();
  auto session = session_of(options);
  CHECK(session.at("input_audio_transcription").at("model") ==
        json::value("gpt-4o-mini-transcribe"));
  CHECK_FALSE(has(session, "include"));

  options.model = "gpt-4.1";
  options.phrases = {"Contoso"};
  options.transcription_language = "en-US";
  session = session_of(options);
  CHECK(session.at("input_audio_transcription") ==
        json::parse(R"({"model":"azure-speech","language":"en-US","phrase_list":["Contoso"]})"));
  CHECK(session.at("include") == json::parse(R"(["item.input_audio_transcription.phrases"])"));

  options.api_version = "2025-10-01";
  CHECK_FALSE(has(session_of(options), "include"));
}

TEST_CASE("what is off is said to be off") {
  auto options = plain_options();
  options.noise_reduction = "";
  auto session = session_of(options);
  CHECK(session.at("input_audio_noise_reduction").is_null());
  CHECK(session.at("input_audio_echo_cancellation").is_null());

  options.noise_reduction = "near_field";
  options.echo_cancellation = true;
  session = session_of(options);
  CHECK(session.at("input_audio_noise_reduction").at("type") == json::value("near_field"));
  CHECK(session.at("input_audio_echo_cancellation").at("type") ==
        json::value("server_echo_cancellation"));
}

TEST_CASE("an agent gets no instructions") {
  auto options = plain_options();
  CHECK(session_of(options).at("instructions") == json::value("You are Richard."));
  options.agent = {.name = "a", .project = "p"};
  CHECK_FALSE(has(session_of(options), "instructions"));
}

TEST_CASE("functions become tools, a broken schema an empty one") {
  AssistantSessionRequest request;
  request.functions = {
      {.name = "find", .description = "d", .parameters_json = R"({"type":"object"})"},
      {.name = "bad", .parameters_json = "{"}};
  const auto session = json::parse(session_update(plain_options(), request, "e")).at("session");

  CHECK(
      session.at("tools").at(0) ==
      json::parse(
          R"({"type":"function","name":"find","description":"d","parameters":{"type":"object"}})"));
  CHECK(session.at("tools").at(1).at("parameters") ==
        json::parse(R"({"type":"object","properties":{}})"));
  CHECK(session.at("tool_choice") == json::value("auto"));
}

}  // namespace earshot::voice_live
