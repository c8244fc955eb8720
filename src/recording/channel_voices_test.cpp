#include "recording/channel_voices.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;

namespace {

ChunkMetadata told(std::vector<ChunkParticipant> participants) {
  ChunkMetadata metadata;
  metadata.participants = std::move(participants);
  return metadata;
}

std::vector<Voice> voices(std::uint16_t channels, const std::optional<ChunkMetadata>& metadata,
                          std::string_view caller = "4:+15550123") {
  return channel_voices(channels, RecordingChannels::unmixed, metadata, caller);
}

using enum Voice;

}  // namespace

TEST_CASE("the metadata's participants say whose voice is on which channel") {
  const auto metadata = told({{"8:acs:0a1b_01", 0}, {"4:+15550123", 1}});

  CHECK(voices(2, metadata) == std::vector{assistant, caller});
  CHECK(voices(2, metadata, "+15550123") == std::vector{assistant, caller});
  CHECK(voices(3, metadata) == std::vector{assistant, caller, unknown});
}

TEST_CASE("without metadata our own request counts, which pins the caller to channel 0") {
  CHECK(voices(2, std::nullopt) == std::vector{caller, assistant});
  CHECK(voices(1, std::nullopt) == std::vector{caller});
  CHECK(voices(3, told({})) == std::vector{caller, assistant, unknown});
  // Metadata of a file with more channels than there are is of no use either.
  CHECK(voices(1, told({{"4:+15550123", 3}})) == std::vector{caller});
}

TEST_CASE("a caller who withholds the number is the one who is left") {
  const auto metadata = told({{"8:acs:0a1b_01", 1}, {"4:anonymous", 0}});

  CHECK(voices(2, metadata, "") == std::vector{caller, assistant});
  // With two strangers nobody knows which.
  CHECK(voices(2, told({{"4:one", 0}, {"4:two", 1}}), "") == std::vector{other, other});
}

TEST_CASE("a mixed recording has nobody's channel") {
  CHECK(channel_voices(1, RecordingChannels::mixed, told({{"4:+15550123", 0}}), "+15550123") ==
        std::vector{unknown});
  CHECK(channel_voices(0, RecordingChannels::unmixed, std::nullopt, "").empty());
}

TEST_CASE("a choice of channels is read and written the same") {
  for (const char* text : {"mixed", "caller", "assistant", "0", "1", "63"}) {
    const auto choice = parse_channel_choice(text);
    REQUIRE(choice.has_value());
    CHECK(to_text(*choice) == text);
  }
  CHECK(parse_channel_choice("") == ChannelChoice{});
  CHECK(parse_channel_choice("all") == ChannelChoice{});
  for (const char* text : {"64", "-1", "1x", "left", " 0", "99999999999"})
    CHECK_FALSE(parse_channel_choice(text).has_value());
}
