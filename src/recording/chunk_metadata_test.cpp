#include "recording/chunk_metadata.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace earshot;
using recording::parse_chunk_metadata;

namespace {

constexpr std::string_view published = R"({
  "resourceId": "0a1b2c3d-0000-4000-8000-000000000001",
  "callId": "1d2c3b4a-0000-4000-8000-000000000041",
  "chunkDocumentId": "0-weu-d3-0123456789abcdef0123456789abcdef",
  "chunkIndex": 0,
  "chunkStartTime": "2026-03-02T09:15:33.0012345Z",
  "chunkDuration": 209000,
  "pauseResumeIntervals": [{"startTime": "2026-03-02T09:17:00.0000000Z", "duration": 12000}],
  "recordingInfo": {
    "contentType": "audio", "channelType": "unmixed", "format": "wav",
    "audioConfiguration": {"sampleRate": 16000, "bitRate": 512000, "channels": 2},
    "videoConfiguration": null
  },
  "participants": [
    {"participantId": "4:+15550123", "channel": 0},
    {"participantId": "8:acs:x", "channel": 1}
  ]
})";

}  // namespace

TEST_CASE("the published document is read whole") {
  const auto read = parse_chunk_metadata(as_bytes(published));

  REQUIRE(read.has_value());
  CHECK(read->call_id == "1d2c3b4a-0000-4000-8000-000000000041");
  CHECK(read->document_id == "0-weu-d3-0123456789abcdef0123456789abcdef");
  CHECK(read->index == 0u);
  CHECK(to_iso8601(*read->start) == "2026-03-02T09:15:33.001234Z");
  CHECK(read->duration == Duration(209s));
  REQUIRE(read->pauses.size() == 1);
  CHECK(read->pauses[0].duration == Duration(12s));
  CHECK(read->content_type == "audio");
  CHECK(read->channel_type == "unmixed");
  CHECK(read->format == "wav");
  CHECK(read->sample_rate_hz == 16'000u);
  CHECK(read->channels == 2u);
  CHECK_FALSE(read->bit_depth.has_value());
  REQUIRE(read->participants.size() == 2);
  CHECK(read->participants[1].channel == 1u);
}

TEST_CASE("content and channel type are told apart by their values") {
  const auto read = parse_chunk_metadata(
      as_bytes(R"({"recordingInfo":{"contentType":"Mixed","channelType":"audioVideo"}})"));

  REQUIRE(read.has_value());
  CHECK(read->channel_type == "mixed");
  CHECK(read->content_type == "audioVideo");
}

TEST_CASE("numbers may be text, and a byte order mark may stand in front") {
  const auto read = parse_chunk_metadata(as_bytes(
      "\xEF\xBB\xBF{\"chunkIndex\":\"3\",\"chunkDuration\":\"1500.5\","
      "\"recordingInfo\":{\"audioConfiguration\":{\"sampleRate\":\"24000\",\"bitDepth\":16}}}"));

  REQUIRE(read.has_value());
  CHECK(read->index == 3u);
  CHECK(read->duration == Duration(1'500'500));
  CHECK(read->sample_rate_hz == 24'000u);
  CHECK(read->bit_depth == 16u);
}

TEST_CASE("values that cannot be are as if missing") {
  const auto read = parse_chunk_metadata(as_bytes(
      R"({"chunkIndex":-1,"chunkDuration":-5,"chunkStartTime":"yesterday","callId":7,
          "recordingInfo":{"audioConfiguration":{"sampleRate":1e300,"channels":1.5}},
          "participants":[3,{"participantId":""},{"channel":1},{"participantId":"a","channel":"x"}],
          "pauseResumeIntervals":[{"startTime":"x","duration":1},{"duration":1},7]})"));

  REQUIRE(read.has_value());
  CHECK_FALSE(read->index.has_value());
  CHECK_FALSE(read->duration.has_value());
  CHECK_FALSE(read->start.has_value());
  CHECK(read->call_id.empty());
  CHECK_FALSE(read->sample_rate_hz.has_value());
  CHECK_FALSE(read->channels.has_value());
  REQUIRE(read->participants.size() == 1);
  CHECK_FALSE(read->participants[0].channel.has_value());
  CHECK(read->pauses.empty());
}

TEST_CASE("a duration that would overflow is as if missing") {
  for (const auto* text :
       {"1e18", "1e400", "604800001", "\"nan\"", "\"inf\"", "\"1 \"", "\"\"", "true", "[]", "{}"}) {
    CAPTURE(text);
    const auto document = std::string(R"({"chunkDuration":)") + text + "}";
    const auto read = parse_chunk_metadata(as_bytes(document));
    if (read) CHECK_FALSE(read->duration.has_value());
  }
}

TEST_CASE("a lone pause interval may stand without its array") {
  const auto read = parse_chunk_metadata(as_bytes(
      R"({"pauseResumeIntervals":{"startTime":"2026-03-02T09:17:00Z","duration":"12000"}})"));

  REQUIRE(read.has_value());
  CHECK(read->pauses.size() == 1);
}

TEST_CASE("an empty object is good and says nothing") {
  const auto read = parse_chunk_metadata(as_bytes("{}"));

  REQUIRE(read.has_value());
  CHECK_FALSE(read->start.has_value());
}

TEST_CASE("what is no JSON object is invalid") {
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("\"x\""),
        std::string("{"), std::string("{\"a\":1,}"), std::string("\xFF\xFE"),
        std::string("{\"a\":\"\xC3\"}"), std::string(100'000, '['),
        std::string(recording::chunk_metadata_bytes_max + 1, ' ')}) {
    const auto read = parse_chunk_metadata(as_bytes(text));
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().kind == ErrorKind::invalid);
  }
}

TEST_CASE("participants beyond the bound are left out") {
  std::string document = R"({"participants":[)";
  for (int i = 0; i < 1'500; ++i)
    document += (i == 0 ? "" : ",") + std::string(R"({"participantId":"a"})");
  document += "]}";

  const auto read = parse_chunk_metadata(as_bytes(document));

  REQUIRE(read.has_value());
  CHECK(read->participants.size() == recording::chunk_metadata_items_max);
}
