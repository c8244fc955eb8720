#include "simulator/media_messages.hpp"

#include <doctest/doctest.h>

using namespace earshot::simulator;

TEST_CASE("all five spellings of outgoing audio are understood") {
  for (
      const char* text :
      {R"({"Kind":"AudioData","AudioData":{"Data":"AQACAA==","Timestamp":"x","Participant":null,"IsSilent":false},"StopAudio":null})",
       R"({"Kind":"AudioData","AudioData":{"Data":"AQACAA=="},"StopAudio":null})",
       R"({"kind":"audioData","audioData":{"data":"AQACAA==","isSilent":false},"stopAudio":{}})",
       R"({"kind":"AudioData","audioData":{"data":"AQACAA=="}})",
       R"({"kind":"AudioData","AudioData":{"data":"AQACAA=="},"StopAudio":null})"}) {
    CAPTURE(text);
    const auto message = decode_inbound(text);
    REQUIRE(message.kind == InboundKind::audio);
    CHECK(message.samples == std::vector<std::int16_t>{1, 2});
  }
}

TEST_CASE("StopAudio is understood in every spelling") {
  for (const char* text : {R"({"Kind":"StopAudio","AudioData":null,"StopAudio":{}})",
                           R"({"kind":"stopAudio","stopAudio":{}})"})
    CHECK(decode_inbound(text).kind == InboundKind::stop_audio);
}

TEST_CASE("a message that is not one is said to be bad, and why") {
  for (const char* text : {"", "[]", "{", R"({"kind":3})", R"({"kind":"AudioData"})",
                           R"({"kind":"AudioData","audioData":{"data":"!!!"}})",
                           R"({"kind":"AudioData","audioData":{"data":"AQAC"}})",
                           R"({"kind":"AudioData","audioData":{}})"}) {
    CAPTURE(text);
    const auto message = decode_inbound(text);
    CHECK(message.kind == InboundKind::bad);
    CHECK_FALSE(message.problem.empty());
  }
  CHECK(decode_inbound(R"({"kind":"Mark"})").kind == InboundKind::other);
}

TEST_CASE("audio leaves in the service's own shape") {
  const std::vector<std::int16_t> samples{1, 2};
  CHECK(
      audio_data_message(
          {.timestamp = "T", .participant_raw_id = "4:+15550100", .samples = samples}) ==
      R"({"kind":"AudioData","audioData":{"timestamp":"T","participantRawID":"4:+15550100","data":"AQACAA==","silent":false}})");
  CHECK(
      audio_metadata_message("s", 24000, 960) ==
      R"({"kind":"AudioMetadata","audioMetadata":{"subscriptionId":"s","encoding":"PCM","sampleRate":24000,"channels":1,"length":960}})");
}

TEST_CASE("silent frames come with samples, with empty data, or without data") {
  const std::vector<std::int16_t> samples{0, 0};
  AudioMessage message{.timestamp = "T", .samples = samples, .silent = true};
  CHECK(audio_data_message(message).find(R"("data":"AAAAAA==","silent":true)") !=
        std::string::npos);
  message.form = SilentFrames::empty_data;
  CHECK(audio_data_message(message).find(R"("data":"","silent":true)") != std::string::npos);
  message.form = SilentFrames::no_data;
  CHECK(audio_data_message(message).find("\"data\"") == std::string::npos);
  message.form = SilentFrames::not_marked;
  CHECK(audio_data_message(message).find(R"("silent":false)") != std::string::npos);
}
