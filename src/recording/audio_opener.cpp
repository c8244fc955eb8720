#include "recording/audio_opener.hpp"

#include "base/crypto.hpp"
#include "recording/archived_audio.hpp"
#include "recording/call_audio.hpp"
#include "recording/discovery_progress.hpp"
#include "recording/joined_bytes.hpp"
#include "recording/mender.hpp"
#include "recording/mp3_samples.hpp"
#include "recording/repair_format.hpp"
#include "recording/resampled_samples.hpp"
#include "recording/tap_runs.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

bool begins_with_mp3(const std::vector<Chunk>& chunks) {
  const auto is_audio = [](const Chunk& chunk) { return chunk.data_bytes > 0; };
  const auto first = std::ranges::find_if(chunks, is_audio);
  return first != chunks.end() && is_mp3(*first);
}

std::string identity_of(const Chunk& chunk) {
  return fmt::format("{}|{}|{}|{}|{}\n", chunk.index.value, chunk.audio.text, chunk.etag,
                     chunk.data_offset, chunk.data_bytes);
}

std::string identity_of(const Span& span) {
  return fmt::format("{}-{} {} {} {} {} {} {}\n", span.from.count(), span.to.count(),
                     static_cast<int>(span.kind), static_cast<int>(span.source),
                     span.recording.text, span.chunk.value, span.first_frame, span.frames);
}

std::string etag_of(std::string_view identity) {
  return fmt::format("\"{}\"", crypto::to_hex(crypto::sha256(as_bytes(identity))).substr(0, 32));
}

std::string stamp_of(const AudioSubject& subject) {
  if (subject.recordings.empty())
    return file_stamp(subject.call.connected_at.value_or(subject.call.received_at));
  const auto& first = subject.recordings.front();
  return file_stamp(first.active_at.value_or(first.requested_at));
}

// "recording-20260302T091533Z-repaired-caller.wav"
std::string file_name_of(const AudioSubject& subject, AudioRequest request) {
  auto name = "recording-" + stamp_of(subject);
  if (request.source != AudioSource::acs) name += fmt::format("-{}", to_text(request.source));
  if (const auto channels = to_text(request.channels); !channels.empty()) name += "-" + channels;
  return name + ".wav";
}

}  // namespace

std::string_view to_text(AudioSource source) {
  switch (source) {
    case AudioSource::acs:
      return "acs";
    case AudioSource::repaired:
      return "repaired";
    case AudioSource::tap:
      return "tap";
  }
  return "unknown";
}

std::optional<AudioSource> parse_audio_source(std::string_view text) {
  if (text.empty()) return AudioSource::acs;
  for (const auto source : {AudioSource::acs, AudioSource::repaired, AudioSource::tap})
    if (text == to_text(source)) return source;
  return std::nullopt;
}

std::string file_stamp(WallTime at) {
  auto text = to_iso8601(std::chrono::floor<std::chrono::seconds>(at));
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text.substr(0, 15) + "Z";
}

Task<Result<OpenedAudio>> AudioOpener::open(AudioSubject subject, AudioRequest request) {
  const auto call = subject.call.id;
  if (request.source != AudioSource::tap) {
    auto readable = co_await check_readable(services_.blobs, subject.chunks, call);
    if (!readable) co_return Failure(readable.error());
  }
  auto opened = co_await open_readable(std::move(subject), request);
  if (!opened && is_archived(opened.error())) co_return archived(call, std::nullopt);
  co_return opened;
}

Task<Result<OpenedAudio>> AudioOpener::open_readable(AudioSubject subject, AudioRequest request) {
  const bool as_it_is = services_.conversion == nullptr && request.source == AudioSource::acs;
  if (as_it_is && begins_with_mp3(subject.chunks)) {
    if (request.channels.pick != ChannelPick::all)
      co_return fail(ErrorKind::conflict,
                     "channels of an mp3 recording are picked by a merge, which decodes it");
    co_return co_await open_mp3(std::move(subject));
  }
  OpenedAudio audio{
      .reader = nullptr, .file_name = file_name_of(subject, request), .etag = {}, .format = {}};
  if (request.source == AudioSource::acs) audio.missing = missing_chunks(subject.chunks);
  auto opened = co_await open_samples(std::move(subject), request);
  if (!opened) co_return Failure(opened.error());
  audio.etag = etag_of(fmt::format("{} {}\n{}", to_text(request.source), to_text(request.channels),
                                   opened->identity));
  audio.format = opened->audio->layout().format();
  audio.reader = std::move(opened->audio);
  co_return audio;
}

Task<Result<std::unique_ptr<WavAudio>>> AudioOpener::open_wav(AudioSubject subject,
                                                              AudioRequest request) {
  auto opened = co_await open_samples(std::move(subject), request);
  if (!opened) co_return Failure(opened.error());
  co_return std::move(opened->audio);
}

Task<Result<OpenedAudio>> AudioOpener::open_mp3(AudioSubject subject) {
  std::string identity = "mp3\n";
  std::vector<BytePart> parts;
  for (const auto& chunk : subject.chunks) {
    if (chunk.data_bytes == 0) continue;
    identity += identity_of(chunk);
    parts.push_back(
        {.source = std::make_unique<ChunkBytes>(services_.chunks, chunk.audio, chunk.etag),
         .name = chunk.audio.text,
         .offset = chunk.data_offset,
         .bytes = chunk.data_bytes});
  }
  co_return OpenedAudio{.reader = std::make_unique<JoinedBytes>("audio/mpeg", std::move(parts)),
                        .file_name = "recording-" + stamp_of(subject) + ".mp3",
                        .etag = etag_of(identity),
                        .format = {},
                        .missing = missing_chunks(subject.chunks)};
}

Task<Result<AudioOpener::Opened>> AudioOpener::open_samples(AudioSubject subject,
                                                            AudioRequest request) {
  if (request.source == AudioSource::tap)
    co_return co_await open_tap_audio(std::move(subject), request.channels);
  if (services_.conversion == nullptr && begins_with_mp3(subject.chunks))
    co_return fail(ErrorKind::conflict, "an mp3 recording becomes samples by a merge");
  if (request.source == AudioSource::repaired)
    co_return co_await open_repaired(std::move(subject), request.channels);
  co_return co_await open_acs(std::move(subject), request.channels);
}

Task<Result<AudioOpener::Sources>> AudioOpener::open_chunks(std::vector<Recording> recordings,
                                                            std::vector<Chunk> chunks) {
  const bool mp3_too = services_.conversion != nullptr;
  auto audio = co_await chunk_audio(services_.store, services_.chunks, std::move(recordings),
                                    std::move(chunks), mp3_too);
  if (!audio) co_return Failure(audio.error());
  Sources sources;
  for (auto& one : *audio) {
    auto samples = co_await open_samples_of(services_.chunks, one.chunk, services_.conversion);
    if (!samples) co_return Failure(samples.error());
    // Decoded, it may be other than its row says.
    one.layout.format = (*samples)->format();
    one.layout.frames = (*samples)->frames();
    one.layout.voices.resize(one.layout.format.channels, Voice::unknown);
    sources.identity += identity_of(one.chunk);
    sources.layouts.push_back(std::move(one.layout));
    sources.samples.push_back(std::move(*samples));
    sources.chunks.push_back(std::move(one.chunk));
  }
  co_return sources;
}

Task<Result<AudioOpener::Opened>> AudioOpener::open_acs(AudioSubject subject,
                                                        ChannelChoice channels) {
  auto sources = co_await open_chunks(std::move(subject.recordings), std::move(subject.chunks));
  if (!sources) co_return Failure(sources.error());
  std::vector<SpanAudio> no_spans;
  bring_to_one_rate(*sources, no_spans);
  auto layout = joined_layout(sources->layouts, channels);
  if (!layout) co_return Failure(layout.error());
  co_return Opened{
      .audio = std::make_unique<WavAudio>(std::move(*layout), std::move(sources->samples)),
      .identity = std::move(sources->identity)};
}

// What was filled from the tap, behind the chunks.
Task<Result<void>> AudioOpener::open_repair(const AudioSubject* subject, Sources* sources) {
  const auto name = repair_blob(subject->call, static_cast<std::uint32_t>(subject->verdict));
  auto info = co_await services_.blobs.info(name);
  if (!info) co_return fail("open what was filled from the tap", info.error());
  auto head = co_await services_.blobs.read(name, 0, repair_header_bytes, info->etag);
  if (!head) co_return fail("open what was filled from the tap", head.error());
  auto header = read_repair_header(*head);
  if (!header) co_return Failure(header.error());
  sources->identity += fmt::format("repair {} {}\n", name.text, info->etag);
  std::unique_ptr<SampleSource> samples = std::make_unique<StoredSamples>(
      std::make_unique<BlobBytes>(services_.blobs, name, info->etag), name.text, header->format,
      repair_header_bytes, header->frames);
  // What was mended beside mp3 without a decoder has each party by itself; beside mixed chunks it
  // is mixed too.
  const std::vector<Voice> mixed{Voice::unknown};
  const auto is_mixed = [&](const LayoutSource& one) { return one.voices == mixed; };
  if (header->voices != mixed && !sources->layouts.empty() &&
      std::ranges::all_of(sources->layouts, is_mixed)) {
    samples = std::make_unique<MixedSamples>(std::move(samples));
    header->voices = mixed;
  }
  sources->layouts.push_back(
      {.format = samples->format(), .frames = header->frames, .voices = std::move(header->voices)});
  sources->samples.push_back(std::move(samples));
  co_return ok();
}

Task<Result<void>> AudioOpener::open_second_copies(const AudioSubject* subject, Sources* sources) {
  if (services_.second_copies == nullptr) co_return ok();
  std::vector<Chunk> copies;
  for (const auto& recording : subject->recordings) {
    const bool mends = std::ranges::any_of(subject->timeline->spans, [&](const Span& span) {
      return span.source == SpanSource::acs_second_copy && span.recording == recording.id;
    });
    if (!mends) continue;
    auto kept = co_await services_.second_copies->all_of(recording.id);
    if (!kept) co_return Failure(kept.error());
    for (auto& copy : *kept)
      if (copy.unusable.empty()) copies.push_back(std::move(copy.chunk));
  }
  if (copies.empty()) co_return ok();
  auto opened = co_await open_chunks(subject->recordings, std::move(copies));
  if (!opened) co_return Failure(opened.error());
  std::ranges::move(opened->layouts, std::back_inserter(sources->layouts));
  std::ranges::move(opened->samples, std::back_inserter(sources->samples));
  std::ranges::move(opened->chunks, std::back_inserter(sources->chunks));
  sources->identity += opened->identity;
  co_return ok();
}

Task<Result<AudioOpener::Opened>> AudioOpener::open_repaired(AudioSubject subject,
                                                             ChannelChoice channels) {
  if (!subject.timeline)
    co_return fail(ErrorKind::conflict,
                   "the recording was not verified yet; until then there is source=acs");
  auto sources = co_await open_chunks(subject.recordings, subject.chunks);
  if (!sources) co_return Failure(sources.error());
  const auto chunks = static_cast<std::ptrdiff_t>(sources->chunks.size());
  if (auto opened = co_await open_second_copies(&subject, &*sources); !opened)
    co_return Failure(opened.error());
  const auto& spans = subject.timeline->spans;
  const bool rendered = std::ranges::any_of(spans, [](const Span& span) {
    return span.kind == SpanKind::repaired && span.source == SpanSource::tap;
  });
  const auto repair = sources->samples.size();
  if (rendered)
    if (auto opened = co_await open_repair(&subject, &*sources); !opened)
      co_return Failure(opened.error());
  std::vector<SpanAudio> plays;
  for (const auto& span : spans) {
    sources->identity += identity_of(span);
    SpanAudio play{.first_frame = span.first_frame, .frames = span.frames};
    if (span.source == SpanSource::tap) {
      play.source = repair;
    } else if (span.source != SpanSource::none) {
      const bool copied = span.source == SpanSource::acs_second_copy;
      const auto begin = sources->chunks.begin() + (copied ? chunks : 0);
      const auto end = copied ? sources->chunks.end() : begin + chunks;
      const auto at = std::find_if(begin, end, [&](const Chunk& chunk) {
        return chunk.recording == span.recording && chunk.index == span.chunk;
      });
      // Silence under the name of a repair would be a lie.
      if (at == end && copied)
        co_return fail(ErrorKind::not_found,
                       fmt::format("ACS's second copy of chunk {}, which mends this recording, is "
                                   "gone; verify the call anew",
                                   span.chunk.value));
      if (at != end) play.source = static_cast<std::size_t>(at - sources->chunks.begin());
    }
    plays.push_back(play);
  }
  bring_to_one_rate(*sources, plays);
  auto layout = timeline_layout(*subject.timeline, plays, sources->layouts, channels);
  if (!layout) co_return Failure(layout.error());
  co_return Opened{
      .audio = std::make_unique<WavAudio>(std::move(*layout), std::move(sources->samples)),
      .identity = std::move(sources->identity)};
}

// To the highest that there is, which loses nothing; `plays` counts in the sources' own frames.
// What has no known rate stays as it is, for the layout to refuse.
void AudioOpener::bring_to_one_rate(Sources& sources, std::vector<SpanAudio>& plays) const {
  if (services_.conversion == nullptr) return;
  std::uint32_t rate = 0;
  for (const auto& layout : sources.layouts) rate = std::max(rate, layout.format.sample_rate_hz);
  for (std::size_t i = 0; i < sources.layouts.size(); ++i) {
    auto& layout = sources.layouts[i];
    const auto own = layout.format.sample_rate_hz;
    if (own == rate || own == 0 || layout.format.frame_bytes() == 0) continue;
    auto resampled = std::make_unique<ResampledSamples>(std::move(sources.samples[i]), rate,
                                                        services_.conversion->offload);
    layout.format = resampled->format();
    layout.frames = resampled->frames();
    sources.samples[i] = std::move(resampled);
    for (auto& play : plays) {
      if (play.source != i) continue;
      const auto end = resampled_frames(play.first_frame + play.frames, own, rate);
      play.first_frame = resampled_frames(play.first_frame, own, rate);
      play.frames = end - play.first_frame;
    }
  }
}

Task<Result<AudioOpener::Opened>> AudioOpener::open_tap_audio(AudioSubject subject,
                                                              ChannelChoice channels) {
  auto tap = co_await open_tap(services_.blobs, services_.spool, subject.call);
  if (!tap) co_return Failure(tap.error());
  Opened opened;
  opened.identity = tap->identity;
  const std::vector<LayoutSource> layouts = {{.format = tap->samples->format(),
                                              .frames = tap->samples->frames(),
                                              .voices = {Voice::caller, Voice::assistant}}};
  std::vector<std::unique_ptr<SampleSource>> sources;
  sources.push_back(std::move(tap->samples));
  auto layout = joined_layout(layouts, channels);
  if (!layout) co_return Failure(layout.error());
  opened.audio = std::make_unique<WavAudio>(std::move(*layout), std::move(sources));
  co_return opened;
}

}  // namespace earshot::recording
