#include "recording/audio_layouts.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>

namespace earshot::recording {
namespace {

// No two clocks drift apart by more; where a span's samples and its length differ by more than
// this, something else is wrong, and speech must not be squeezed to hide it.
constexpr std::uint64_t stretch_per_mille_max = 5;

bool may_stretch(std::uint64_t frames, std::uint64_t source_frames) {
  const auto more = std::max(frames, source_frames);
  const auto less = std::min(frames, source_frames);
  return (more - less) * 1'000 <= more * stretch_per_mille_max;
}

Result<std::uint32_t> common_rate(const std::vector<LayoutSource>& sources) {
  if (sources.empty()) return fail(ErrorKind::not_found, "the recording has no audio yet");
  const auto rate = sources.front().format.sample_rate_hz;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto& format = sources[i].format;
    if (format.frame_bytes() == 0 || format.sample_rate_hz == 0)
      return fail(ErrorKind::conflict, fmt::format("part {}'s audio format is not known", i));
    if (format.sample_rate_hz != rate)
      return fail(ErrorKind::conflict,
                  fmt::format("part {} has {} Hz, part 0 has {} Hz; a merge brings them together",
                              i, format.sample_rate_hz, rate));
  }
  return rate;
}

// The united channel for a voice: its own, which is made when it is not there yet.
std::uint16_t channel_for(Voice voice, std::vector<Voice>& voices, std::vector<bool>& taken) {
  for (std::size_t i = 0; i < voices.size(); ++i)
    if (!taken[i] && voices[i] == voice) return static_cast<std::uint16_t>(i);
  voices.push_back(voice);
  taken.push_back(false);
  return static_cast<std::uint16_t>(voices.size() - 1);
}

}  // namespace

OutputChannels unite_channels(const std::vector<LayoutSource>& sources) {
  OutputChannels united;
  std::vector<std::vector<std::uint16_t>> goes_to;  // by source and its channel
  for (const auto& source : sources) {
    const auto& voices = source.voices;
    const bool known = std::ranges::none_of(voices, [](Voice v) { return v == Voice::unknown; });
    std::vector<bool> taken(united.voices.size(), false);
    std::vector<std::uint16_t> targets;
    for (std::uint16_t i = 0; i < source.format.channels; ++i) {
      std::uint16_t target = i;
      if (known && i < voices.size()) {
        target = channel_for(voices[i], united.voices, taken);
      } else if (target >= united.voices.size()) {
        united.voices.resize(target + 1u, Voice::unknown);
        if (i < voices.size()) united.voices[target] = voices[i];
        taken.resize(target + 1u, false);
      }
      taken[target] = true;
      targets.push_back(target);
    }
    goes_to.push_back(std::move(targets));
  }
  for (const auto& targets : goes_to) {
    ChannelMap map(united.voices.size());
    for (std::size_t i = 0; i < targets.size(); ++i)
      map[targets[i]].push_back(static_cast<std::uint16_t>(i));
    united.maps.push_back(std::move(map));
  }
  return united;
}

Result<std::vector<ChannelMap>> choose_channels(const OutputChannels& united,
                                                ChannelChoice choice) {
  if (choice.pick == ChannelPick::all) return united.maps;
  if (choice.pick == ChannelPick::mixed) {
    std::vector<ChannelMap> mixed;
    for (const auto& map : united.maps) {
      ChannelMap one(1);
      for (const auto& from : map) one[0].insert(one[0].end(), from.begin(), from.end());
      std::ranges::sort(one[0]);
      mixed.push_back(std::move(one));
    }
    return mixed;
  }
  std::size_t channel = choice.number;
  if (choice.pick == ChannelPick::numbered) {
    if (channel >= united.voices.size())
      return fail(ErrorKind::not_found, fmt::format("there is no channel {}; the audio has {}",
                                                    channel, united.voices.size()));
  } else {
    const auto voice = choice.pick == ChannelPick::caller ? Voice::caller : Voice::assistant;
    const auto at = std::ranges::find(united.voices, voice);
    if (at == united.voices.end())
      return fail(ErrorKind::conflict,
                  fmt::format("the {} has no channel of its own in this audio{}", to_text(choice),
                              united.voices.size() == 1 ? ", which is mixed" : ""));
    channel = static_cast<std::size_t>(at - united.voices.begin());
  }
  std::vector<ChannelMap> chosen;
  chosen.reserve(united.maps.size());
  for (const auto& map : united.maps) chosen.push_back({map[channel]});
  return chosen;
}

Result<PcmLayout> joined_layout(const std::vector<LayoutSource>& sources, ChannelChoice choice) {
  const auto rate = common_rate(sources);
  if (!rate) return Failure(rate.error());
  auto maps = choose_channels(unite_channels(sources), choice);
  if (!maps) return Failure(maps.error());
  std::vector<PcmSpan> spans;
  spans.reserve(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i)
    spans.push_back({.frames = sources[i].frames,
                     .source = i,
                     .source_first = 0,
                     .source_frames = sources[i].frames,
                     .channels = (*maps)[i]});
  const AudioFormat format{.sample_rate_hz = *rate,
                           .channels = static_cast<std::uint16_t>(maps->front().size()),
                           .bits_per_sample = 16};
  return PcmLayout(format, std::move(spans));
}

std::uint64_t frame_of(Duration call_time, const Timeline& timeline, std::uint32_t rate_hz) {
  const auto at = std::clamp(call_time, timeline.from, timeline.to) - timeline.from;
  return static_cast<std::uint64_t>((at.count() * std::int64_t{rate_hz} + 500'000) / 1'000'000);
}

Result<PcmLayout> timeline_layout(const Timeline& timeline, const std::vector<SpanAudio>& plays,
                                  const std::vector<LayoutSource>& sources, ChannelChoice choice) {
  const auto rate = common_rate(sources);
  if (!rate) return Failure(rate.error());
  auto maps = choose_channels(unite_channels(sources), choice);
  if (!maps) return Failure(maps.error());
  std::vector<PcmSpan> spans;
  for (std::size_t i = 0; i < timeline.spans.size(); ++i) {
    const auto from = frame_of(timeline.spans[i].from, timeline, *rate);
    const auto length = frame_of(timeline.spans[i].to, timeline, *rate) - from;
    const auto& play = plays.at(i);
    std::uint64_t there = 0;
    if (play.source != pcm_silence) {
      const auto all = sources.at(play.source).frames;
      there = play.first_frame < all ? std::min(play.frames, all - play.first_frame) : 0;
    }
    // What is torn off keeps its place, so the rest is as long as it was.
    const bool stretched = there == play.frames && may_stretch(length, there);
    const auto heard = stretched && there > 0 ? length : std::min(length, there);
    if (heard > 0)
      spans.push_back({.frames = heard,
                       .source = play.source,
                       .source_first = play.first_frame,
                       .source_frames = stretched ? there : heard,
                       .channels = (*maps)[play.source]});
    spans.push_back({.frames = length - heard});
  }
  const AudioFormat format{.sample_rate_hz = *rate,
                           .channels = static_cast<std::uint16_t>(maps->front().size()),
                           .bits_per_sample = 16};
  return PcmLayout(format, std::move(spans));
}

}  // namespace earshot::recording
