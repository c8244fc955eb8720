#include "recording/channel_voices.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <memory>

namespace earshot::recording {
namespace {

constexpr std::uint16_t channel_number_max = 63;

Voice voice_of(const ChunkParticipant& participant, std::string_view caller) {
  if (is_same_party(participant.id, caller)) return Voice::caller;
  // An application that answers calls takes part under an identifier of its ACS resource.
  if (participant.id.starts_with("8:acs:") || participant.id.starts_with("28:"))
    return Voice::assistant;
  return Voice::other;
}

}  // namespace

bool is_same_party(std::string_view participant, std::string_view caller) {
  if (participant.empty() || caller.empty()) return false;
  const auto bare = [](std::string_view id) { return id.starts_with("4:") ? id.substr(2) : id; };
  return bare(participant) == bare(caller);
}

std::vector<Voice> channel_voices(std::uint16_t channels, RecordingChannels kind,
                                  const std::optional<ChunkMetadata>& metadata,
                                  std::string_view caller) {
  std::vector<Voice> voices(channels, Voice::unknown);
  if (kind == RecordingChannels::mixed || channels == 0) return voices;
  bool told = false;
  if (metadata)
    for (const auto& participant : metadata->participants) {
      if (!participant.channel || *participant.channel >= channels) continue;
      voices[*participant.channel] = voice_of(participant, caller);
      told = true;
    }
  if (told) {
    // A caller who withholds the number is known under another identifier: who is left, is it.
    if (std::ranges::find(voices, Voice::caller) == voices.end() &&
        std::ranges::count(voices, Voice::other) == 1)
      *std::ranges::find(voices, Voice::other) = Voice::caller;
    return voices;
  }
  voices[0] = Voice::caller;
  if (channels > 1) voices[1] = Voice::assistant;
  return voices;
}

std::optional<ChannelChoice> parse_channel_choice(std::string_view text) {
  if (text.empty() || text == "all") return ChannelChoice{};
  if (text == "mixed") return ChannelChoice{.pick = ChannelPick::mixed};
  if (text == "caller") return ChannelChoice{.pick = ChannelPick::caller};
  if (text == "assistant") return ChannelChoice{.pick = ChannelPick::assistant};
  ChannelChoice choice{.pick = ChannelPick::numbered};
  const auto* const begin = std::to_address(text.begin());
  const auto* const end = begin + text.size();
  const auto [stopped, error] = std::from_chars(begin, end, choice.number);
  if (error != std::errc() || stopped != end || choice.number > channel_number_max)
    return std::nullopt;
  return choice;
}

std::string to_text(const ChannelChoice& choice) {
  switch (choice.pick) {
    case ChannelPick::all:
      return "";
    case ChannelPick::mixed:
      return "mixed";
    case ChannelPick::caller:
      return "caller";
    case ChannelPick::assistant:
      return "assistant";
    case ChannelPick::numbered:
      return fmt::format("{}", choice.number);
  }
  return "";
}

}  // namespace earshot::recording
