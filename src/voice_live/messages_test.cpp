#include "voice_live/messages.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

namespace earshot::voice_live {

namespace json = boost::json;

namespace {

template <class Message>
Message as(std::string_view text) {
  static ServerMessageDecoder decoder;
  auto message = decoder.decode(text);
  CAPTURE(text);
  REQUIRE(std::holds_alternative<Message>(message));
  return std::get<Message>(std::move(message));
}

template <class Event>
Event event(std::string_view text) {
  auto message = as<AssistantEvent>(text);
  REQUIRE(std::holds_alternative<Event>(message));
  return std::get<Event>(std::move(message));
}

}  // namespace

TEST_CASE("audio is a view into its message") {
  const std::string text =
      R"({"type":"response.audio.delta","event_id":"e","response_id":"resp_19","item_id":"item_B7","output_index":0,"content_index":0,"delta":"AAABAAIA"})";
  const auto audio = event<AssistantAudio>(text);

  CHECK(audio.response_id == "resp_19");
  CHECK(audio.item_id == "item_B7");
  CHECK(audio.base64 == "AAABAAIA");
  CHECK(audio.base64.data() == text.data() + text.find("AAABAAIA"));
}

TEST_CASE("audio is the same in every spelling of its message") {
  for (
      const std::string_view text : {
          R"({ "type" : "response.audio.delta", "response_id": "r", "item_id": "i", "delta": "AA+/" })",
          R"({"type":"response.output_audio.delta","delta":"AA+/","item_id":"i","response_id":"r"})",
          R"({"response_id":"r","item_id":"i","delta":"AA\/A","type":"response.audio.delta"})",
          R"({"type":"response.audio.delta","response_id":"r","item_id":"i","delta":"AA+/","new":{"a":[1.5]}})",
      }) {
    const auto audio = event<AssistantAudio>(text);
    CHECK(audio.response_id == "r");
    CHECK(audio.item_id == "i");
    CHECK(audio.base64.starts_with("AA"));
  }
}

TEST_CASE("of an id that stands twice the first one holds, in every shape of the message") {
  for (const std::string_view end : {"", R"(,"new":{})"})
    for (const std::string_view first : {"", "one"}) {
      const auto ids = std::string(R"("item_id":")") + std::string(first) +
                       R"(","item_id":"two","response_id":")" + std::string(first) +
                       R"(","response_id":"two")";
      const auto audio = event<AssistantAudio>(R"({"type":"response.audio.delta",)" + ids +
                                               R"(,"delta":"AAAA")" + std::string(end) + "}");
      CHECK(audio.item_id == first);
      CHECK(audio.response_id == first);
    }
}

TEST_CASE("audio that is not base64 is malformed") {
  as<MalformedMessage>(R"({"type":"response.audio.delta","delta":"not base64"})");
  as<MalformedMessage>(R"({"type":"response.audio.delta","delta":7})");
  as<MalformedMessage>(R"({"type":"response.audio.delta"})");
}

TEST_CASE("a megabyte of audio is one message") {
  const std::string delta(2 << 20, 'A');
  CHECK(event<AssistantAudio>(R"({"type":"response.audio.delta","delta":")" + delta + "\"}")
            .base64.size() == delta.size());
}

TEST_CASE("a session tells its effective configuration") {
  const auto session = as<SessionDescription>(
      R"({"type":"session.created","event_id":"e","session":{"id":"sess_9","model":"gpt-realtime",
        "input_audio_format":"pcm16","output_audio_format":"pcm16_16000hz","input_audio_sampling_rate":16000,
        "turn_detection":{"type":"server_vad","prefix_padding_ms":400,"silence_duration_ms":500},
        "expires_at":1784125200}})");

  CHECK_FALSE(session.is_update);
  CHECK(session.id == "sess_9");
  CHECK(session.output_format == "pcm16_16000hz");
  CHECK(session.input_rate_hz == 16000);
  CHECK(session.prefix_padding_ms == 400);
  CHECK(to_unix_ms(session.expires_at.value()) == 1784125200000);
  const auto bare = as<SessionDescription>(
      R"({"type":"session.updated","session":{"turn_detection":null,"expires_at":-5}})");
  CHECK(bare.is_update);
  CHECK_FALSE(bare.input_format.has_value());
  CHECK_FALSE(bare.expires_at.has_value());
}

TEST_CASE("the caller's speech is told with its times") {
  CHECK(event<SpeechStarted>(
            R"({"type":"input_audio_buffer.speech_started","audio_start_ms":5140,"item_id":"A1"})")
            .audio_start_ms == 5140);
  CHECK(event<SpeechStopped>(
            R"({"type":"input_audio_buffer.speech_stopped","audio_end_ms":7980.0,"item_id":"A1"})")
            .audio_end_ms == 7980);
}

TEST_CASE("a transcript of the caller brings its words") {
  const auto transcript = event<CallerTranscript>(
      R"({"type":"conversation.item.input_audio_transcription.completed","item_id":"A1",
        "transcript":"I need","phrases":[{"text":"I need","words":[
          {"text":"I","offset_milliseconds":420,"duration_milliseconds":80},7,
          {"text":"need","offset_milliseconds":520,"duration_milliseconds":200}]},null]})");

  CHECK(transcript.text == "I need");
  REQUIRE(transcript.words.size() == 2);
  CHECK(transcript.words[1].text == "need");
  CHECK(transcript.words[1].offset_ms == 520);
  CHECK(event<CallerTranscriptFailed>(
            R"({"type":"conversation.item.input_audio_transcription.failed","item_id":"A1",
               "error":{"code":"audio_unintelligible"}})")
            .code == "audio_unintelligible");
}

TEST_CASE("what the assistant says is told under the names of either dialect") {
  for (const std::string type :
       {"response.audio_transcript.delta", "response.output_audio_transcript.delta",
        "response.text.delta", "response.output_text.delta"})
    CHECK(event<AssistantTextDelta>(R"({"type":")" + type +
                                    R"(","response_id":"r","item_id":"i","delta":"Mor\u00e4"})")
              .text == "Mor\u00e4");
  for (const std::string type :
       {"response.audio_transcript.done", "response.output_audio_transcript.done"})
    CHECK(event<AssistantTextDone>(R"({"type":")" + type + R"(","transcript":"Morning"})").text ==
          "Morning");
  CHECK(event<AssistantTextDone>(R"({"type":"response.output_text.done","text":"Hi"})").text ==
        "Hi");
  CHECK(
      event<AssistantAudioDone>(R"({"type":"response.output_audio.done","item_id":"i"})").item_id ==
      "i");
  const auto word = event<AssistantWord>(
      R"({"type":"response.audio_timestamp.delta","response_id":"r","item_id":"i",
         "audio_offset_ms":50,"audio_duration_ms":360,"text":"Morning","timestamp_type":"word"})");
  CHECK(word.offset_ms == 50);
  CHECK(word.duration_ms == 360);
}

TEST_CASE("a response ends with its status, its reason, its functions and its usage") {
  const auto finished = as<ResponseFinished>(
      R"({"type":"response.done","response":{"id":"r","status":"cancelled",
        "status_details":{"type":"cancelled","reason":"turn_detected"},
        "output":[{"type":"message","id":"m"},
          {"type":"function_call","id":"f","call_id":"call_5","name":"find","arguments":"{}","status":"completed"}],
        "usage":{"total_tokens":512,"input_tokens":430,"output_tokens":82}}})");

  CHECK(finished.ended.status == ResponseStatus::cancelled);
  CHECK(finished.ended.reason == "turn_detected");
  REQUIRE(finished.functions.size() == 1);
  CHECK(finished.functions[0].call_id == "call_5");
  CHECK(finished.functions[0].is_completed);
  CHECK(finished.input_tokens == 430);
  CHECK(finished.output_tokens == 82);
  CHECK(as<ResponseFinished>(
            R"({"type":"response.done","response":{"id":"r","status":"failed",
               "status_details":{"type":"failed","error":{"code":"message_creation_failed"}}}})")
            .ended.reason == "message_creation_failed");
  CHECK(
      event<ResponseStarted>(R"({"type":"response.created","response":{"id":"r"}})").response_id ==
      "r");
  CHECK(
      event<ResponseStarted>(
          R"({"type":"response.created","response":{"id":"r","metadata":{"earshot_request":"ask-1"}}})")
          .request == "ask-1");
  CHECK(
      event<ResponseStarted>(R"({"type":"response.created","response":{"id":"r","metadata":null}})")
          .request.empty());
  CHECK(event<ItemTruncated>(
            R"({"type":"conversation.item.truncated","item_id":"i","audio_end_ms":1480})")
            .audio_end_ms == 1480);
}

TEST_CASE("faults and warnings are told with the event that caused them") {
  const auto fault = as<ServiceFault>(
      R"({"type":"error","error":{"type":"invalid_request_error","code":"response_cancel_not_active",
         "message":"Cancellation failed","param":null,"event_id":"evt-0310"}})");
  CHECK(fault.code == "response_cancel_not_active");
  CHECK(fault.event_id == "evt-0310");
  CHECK(as<ServiceWarning>(R"({"type":"warning","warning":{"message":"m","code":"c","param":"p"}})")
            .parameter == "p");
}

TEST_CASE("events that we need nothing from are ignored by name") {
  CHECK(as<IgnoredMessage>(R"({"type":"rate_limits.updated","rate_limits":[]})").type ==
        "rate_limits.updated");
  CHECK(as<IgnoredMessage>(R"({"type":"response.output_item.added","item":{"type":"message"}})")
            .type == "response.output_item.added");
  CHECK(as<IgnoredMessage>(R"({"type":")" + std::string(5000, 'x') + "\"}").type.size() == 64);
}

TEST_CASE("garbage is malformed") {
  for (const std::string_view text :
       {"", "{", "[]", "null", "\xff\xfe", "{}", R"({"type":7})", R"({"type":"error"})",
        R"({"type":"error","error":"x"})", R"({"type":"session.updated"})",
        R"({"type":"response.done"})", R"({"type":"response.created","response":[]})",
        R"({"type":"warning"})"})
    as<MalformedMessage>(text);
}

TEST_CASE("what we send is spelt as the service reads it") {
  const auto is = [](const std::string& message, const char* expected) {
    CHECK(json::parse(message) == json::parse(expected));
  };

  CHECK(append_audio_message("AAD/") == R"({"type":"input_audio_buffer.append","audio":"AAD/"})");
  is(create_response_message("e1", ""), R"({"type":"response.create","event_id":"e1"})");
  is(create_response_message("e1", "Be \"short\"."),
     R"({"type":"response.create","event_id":"e1","additional_instructions":"Be \"short\"."})");
  is(say_message("e2", "This call is recorded.", "ask-1"),
     R"({"type":"response.create","event_id":"e2","response":{"pre_generated_assistant_message":
        {"type":"message","role":"assistant","content":[{"type":"text","text":"This call is recorded."}]},
        "metadata":{"earshot_request":"ask-1"}}})");
  is(cancel_response_message("e3", "resp_19"),
     R"({"type":"response.cancel","event_id":"e3","response_id":"resp_19"})");
  is(truncate_message("e4", "item_B7", 1480),
     R"({"type":"conversation.item.truncate","event_id":"e4","item_id":"item_B7","content_index":0,"audio_end_ms":1480})");
  is(function_output_message("e5", "call_5", R"({"slots":[]})"),
     R"({"type":"conversation.item.create","event_id":"e5","item":{"type":"function_call_output",
        "call_id":"call_5","output":"{\"slots\":[]}"}})");
  is(turn_message("e6", Speaker::caller, "Friday"),
     R"({"type":"conversation.item.create","event_id":"e6","item":{"type":"message","role":"user",
        "content":[{"type":"input_text","text":"Friday"}]}})");
  is(turn_message("e7", Speaker::assistant, "Morning?"),
     R"({"type":"conversation.item.create","event_id":"e7","item":{"type":"message","role":"assistant",
        "content":[{"type":"text","text":"Morning?"}]}})");
}

}  // namespace earshot::voice_live
