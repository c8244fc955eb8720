#pragma once
// How chunks, timeline and tap become one piece of audio: `acs` (what ACS wrote, joined),
// `repaired` (on the call's clock, gaps filled or silent, pauses silent). Pure; the sources are
// counted in the order in which they are given.

#include "base/result.hpp"
#include "domain/timeline.hpp"
#include "recording/channel_voices.hpp"
#include "recording/pcm_layout.hpp"

#include <cstdint>
#include <vector>

namespace earshot::recording {

// PCM that is stored: a chunk, a second copy, a rendered repair, a tap.
struct LayoutSource {
  AudioFormat format;
  std::uint64_t frames = 0;
  std::vector<Voice> voices;  // of its channels
};

// The channels of a whole that is made of several sources: as many as the one with most, each voice
// on one of its own. Voices that are not known keep their channel's number.
struct OutputChannels {
  std::vector<Voice> voices;
  // What each source gives to them.
  std::vector<ChannelMap> maps;
};
OutputChannels unite_channels(const std::vector<LayoutSource>& sources);

// Picks of the united channels. `conflict` when the voice that is asked for has no channel of its
// own, `not_found` when the number is too high.
Result<std::vector<ChannelMap>> choose_channels(const OutputChannels& united, ChannelChoice choice);

// All of every source, one behind the other. `not_found` without sources; `conflict` when sample
// rates differ (a merge converts them), or the choice cannot be met.
Result<PcmLayout> joined_layout(const std::vector<LayoutSource>& sources, ChannelChoice choice);

// What a span of the timeline plays; null: silence.
struct SpanAudio {
  std::size_t source = pcm_silence;
  std::uint64_t first_frame = 0;
  std::uint64_t frames = 0;
};

// The timeline from its beginning to its end. `plays` has an entry for each span. Samples beyond a
// source's end are silence. Fails as above.
Result<PcmLayout> timeline_layout(const Timeline& timeline, const std::vector<SpanAudio>& plays,
                                  const std::vector<LayoutSource>& sources, ChannelChoice choice);

// The frame of the whole at which a call time falls.
std::uint64_t frame_of(Duration call_time, const Timeline& timeline, std::uint32_t rate_hz);

}  // namespace earshot::recording
