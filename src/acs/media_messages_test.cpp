#include "acs/media_messages.hpp"

#include <doctest/doctest.h>

namespace earshot::acs {

namespace {

template <class Message>
Message as(std::string_view text) {
  static MediaDecoder decoder;
  const auto message = decoder.decode(text);
  REQUIRE(std::holds_alternative<Message>(message));
  return std::get<Message>(message);
}

}  // namespace

TEST_CASE("the first message tells the format of the stream") {
  const auto metadata = as<MediaMetadata>(
      R"({"kind":"AudioMetadata","audioMetadata":{"subscriptionId":"b8","encoding":"PCM","sampleRate":24000,"channels":1,"length":960}})");

  CHECK(metadata.encoding == "PCM");
  CHECK(metadata.sample_rate_hz == 24000);
  CHECK(metadata.channels == 1);
  CHECK(metadata.frame_bytes == 960);
}

TEST_CASE("audio of the usual shape is a view into the message") {
  const std::string text =
      R"({"kind":"AudioData","audioData":{"timestamp":"2026-03-02T09:15:34.120Z","participantRawID":"4:+15550123","data":"AAD//wEA","silent":false}})";
  const auto audio = as<MediaAudio>(text);

  CHECK(audio.base64 == "AAD//wEA");
  CHECK(audio.base64.data() == text.data() + text.find("AAD//wEA"));
  CHECK(to_iso8601(audio.timestamp.value()) == "2026-03-02T09:15:34.120000Z");
  CHECK_FALSE(audio.silent);
}

TEST_CASE("audio is the same in every spelling of its message") {
  for (
      const std::string_view text : {
          R"({"kind":"AudioData","audioData":{"data":"AAD//wEA","silent":false,"timestamp":"2026-03-02T09:15:34Z"}})",
          R"( { "Kind" : "audiodata", "AudioData" : { "Data" : "AAD//wEA", "TimeStamp":"2026-03-02T09:15:34.0000000+00:00" }, "stopAudio": {} } )",
          R"({"audioData":{"participantRawID":null,"timestamp":"2026-03-02T09:15:34Z","data":"AAD\/\/wEA","new":[1,{"a":2}]},"kind":"AudioData"})",
          R"({"kind":"AudioData","audioData":{"participantRawID":"4:\u002b1","timestamp":"2026-03-02T09:15:34Z","data":"AAD//wEA"}})",
      }) {
    const auto audio = as<MediaAudio>(text);
    CHECK(audio.base64 == "AAD//wEA");
    CHECK(to_iso8601(audio.timestamp.value()) == "2026-03-02T09:15:34.000000Z");
    CHECK_FALSE(audio.silent);
  }
}

TEST_CASE("a silent frame may come with data, with empty data and without") {
  CHECK(as<MediaAudio>(R"({"kind":"AudioData","audioData":{"data":"AAAAAAAA","silent":true}})")
            .base64 == "AAAAAAAA");
  for (const std::string_view text : {
           R"({"kind":"AudioData","audioData":{"data":"","silent":true}})",
           R"({"kind":"AudioData","audioData":{"silent":true}})",
           R"({"kind":"AudioData","audioData":{"data":null,"silent":false}})",
           R"({"kind":"AudioData","audioData":{}})",
       }) {
    const auto audio = as<MediaAudio>(text);
    CHECK(audio.base64.empty());
    CHECK(audio.silent);
  }
}

TEST_CASE("a time that cannot be read leaves the audio usable") {
  const auto audio =
      as<MediaAudio>(R"({"kind":"AudioData","audioData":{"timestamp":"noon","data":"AAA="}})");

  CHECK(audio.base64 == "AAA=");
  CHECK_FALSE(audio.timestamp.has_value());
}

TEST_CASE("tones are read with and without the optional members") {
  CHECK(as<MediaDtmf>(R"({"kind":"DtmfData","dtmfData":{"data":"3"}})").tone == "3");
  CHECK(
      as<MediaDtmf>(
          R"({"kind":"DtmfData","dtmfData":{"timestamp":"x","participantRawID":"4:+1","data":"#"}})")
          .tone == "#");
}

TEST_CASE("a kind that is not known is no error") {
  as<MediaUnknown>(R"({"kind":"TranscriptionData","transcriptionData":{"text":"hello"}})");
}

TEST_CASE("what cannot be read is called nonsense") {
  for (const std::string_view text : {
           "",
           "{",
           "[]",
           "null",
           "\x01\x02\xff",
           R"({"kind":7})",
           R"({"kind":"AudioData"})",
           R"({"kind":"AudioData","audioData":"text"})",
           R"({"kind":"AudioData","audioData":{"data":"AAA"}})",
           R"({"kind":"AudioData","audioData":{"data":"AA=="}})",
           R"({"kind":"AudioData","audioData":{"data":"A A="}})",
           R"({"kind":"AudioData","audioData":{"data":"A=A="}})",
           R"({"kind":"AudioData","audioData":{"data":7}})",
           R"({"kind":"AudioData","audioData":{"data":"AAA="}}x)",
           R"({"kind":"AudioData","audioData":{"data":"AAA=",}})",
           R"({"kind":"AudioMetadata"})",
           R"({"kind":"DtmfData","dtmfData":{"data":""}})",
       }) {
    CAPTURE(text);
    as<MediaNonsense>(text);
  }
}

TEST_CASE("absurd numbers in the format read as nothing") {
  const auto metadata = as<MediaMetadata>(
      R"({"kind":"AudioMetadata","audioMetadata":{"sampleRate":1e99,"channels":-1,"length":"960"}})");

  CHECK(metadata.sample_rate_hz == 0);
  CHECK(metadata.channels == -1);
  CHECK(metadata.frame_bytes == 0);
}

TEST_CASE("outgoing messages are spelt as the service is known to take them") {
  CHECK(encode_audio("AAD//wEA") ==
        R"({"Kind":"AudioData","AudioData":{"Data":"AAD//wEA"},"StopAudio":null})");
  CHECK(encode_stop_audio() == R"({"Kind":"StopAudio","AudioData":null,"StopAudio":{}})");
}

}  // namespace earshot::acs
