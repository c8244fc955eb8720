#pragma once
// Whose voice is on which channel of a chunk. Its metadata says it (participants[].channel); where
// it does not, our own request does: we have the caller pinned to channel 0, and nobody but the
// assistant is there besides. Pure.

#include "domain/audio.hpp"
#include "recording/chunk_metadata.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace earshot::recording {

enum class Voice { unknown, caller, assistant, other };

// For each channel of the file. `caller` as we know the number or identifier ("+15550123",
// "4:+15550123"; "" = not known). In a mixed recording no channel is anybody's: `unknown`. Without
// metadata, or where it names nobody for a channel, the first is the caller's and the second the
// assistant's.
std::vector<Voice> channel_voices(std::uint16_t channels, RecordingChannels kind,
                                  const std::optional<ChunkMetadata>& metadata,
                                  std::string_view caller);

// Is this the participant with that number or identifier?
bool is_same_party(std::string_view participant, std::string_view caller);

// What is given out of all channels.
enum class ChannelPick { all, mixed, caller, assistant, numbered };
struct ChannelChoice {
  ChannelPick pick = ChannelPick::all;
  std::uint16_t number = 0;  // of `numbered`
  bool operator==(const ChannelChoice&) const = default;
};
// "", "all", "mixed", "caller", "assistant", "0" … "63"; nullopt for anything else.
std::optional<ChannelChoice> parse_channel_choice(std::string_view text);
// "" for all of them; otherwise as above.
std::string to_text(const ChannelChoice& choice);

}  // namespace earshot::recording
