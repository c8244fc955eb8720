#include "recording/metadata_words.hpp"

namespace earshot::recording {

MetadataWords words_of(const ChunkMetadata& metadata) {
  MetadataWords words{.call_id = metadata.call_id,
                      .index = metadata.index,
                      .sample_rate_hz = metadata.sample_rate_hz,
                      .channels = metadata.channels,
                      .channel_type = metadata.channel_type,
                      .types_swapped = metadata.types_swapped};
  words.pauses.reserve(metadata.pauses.size());
  for (const auto& pause : metadata.pauses)
    words.pauses.push_back({pause.start, pause.start + pause.duration});
  for (const auto& participant : metadata.participants)
    if (participant.channel) words.participant_channels.push_back(*participant.channel);
  return words;
}

}  // namespace earshot::recording
