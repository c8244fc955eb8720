#include "recording/verification/evidence_gatherer.hpp"

#include "domain/level_meter.hpp"
#include "domain/timeline_builder.hpp"
#include "recording/metadata_words.hpp"
#include "recording/session_end.hpp"

#include <algorithm>

namespace earshot::recording {
namespace {

constexpr std::uint64_t read_bytes = 1 << 20;

// A blob that is gone, or another one than was listed: it is looked at again later.
Error as_moving(Error error) {
  if (error.kind == ErrorKind::not_found || error.kind == ErrorKind::conflict)
    error.kind = ErrorKind::unavailable;
  return error;
}

// The chunks as the alignment lays them out; a start that is not believed is as good as none.
std::vector<ChunkToLayOut> to_lay_out(const RecordingEvidence& recording,
                                      const std::vector<bool>& believed,
                                      const std::vector<std::shared_ptr<SampleSource>>& opened) {
  std::vector<ChunkToLayOut> laid_out;
  for (std::size_t i = 0; i < recording.chunks.size(); ++i) {
    const auto& one = recording.chunks[i];
    ChunkToLayOut chunk{.chunk = one.chunk,
                        .pauses = {},
                        .frames = opened[i] ? opened[i]->frames() : frames_of(one.chunk)};
    if (opened[i]) chunk.chunk.format.sample_rate_hz = opened[i]->format().sample_rate_hz;
    if (!believed[i]) chunk.chunk.start.reset();
    if (one.metadata && believed[i])
      for (const auto& pause : one.metadata->pauses)
        chunk.pauses.push_back({pause.from, pause.to - pause.from});
    laid_out.push_back(std::move(chunk));
  }
  return laid_out;
}

bool is_pcm(const AudioFormat& format) {
  const auto bits = format.bits_per_sample;
  return format.channels > 0 && format.sample_rate_hz >= 50 &&
         (bits == 8 || bits == 16 || bits == 24 || bits == 32);
}

// Level k of a channel is of the chunk's k-th 20 ms, whatever its stretches are.
std::vector<std::vector<std::uint8_t>> by_chunk(const SampleSource& samples,
                                                const std::vector<StretchLevels>& stretches) {
  const std::uint64_t rate = samples.format().sample_rate_hz;
  std::vector<std::vector<std::uint8_t>> levels(
      samples.format().channels,
      std::vector<std::uint8_t>((samples.frames() * 50 + rate - 1) / rate, level_no_data));
  for (const auto& one : stretches)
    for (std::size_t channel = 0; channel < one.channels.size() && channel < levels.size();
         ++channel)
      for (std::size_t slot = 0; slot < one.channels[channel].size(); ++slot) {
        const auto at = (one.stretch.first_frame + slot * rate / 50 + rate / 100) * 50 / rate;
        if (at < levels[channel].size()) levels[channel][at] = one.channels[channel][slot];
      }
  return levels;
}

}  // namespace

EvidenceGatherer::EvidenceGatherer(CallStore& store, ChunkSource& chunks, WitnessReader& witness,
                                   Clock& clock, const VerdictThresholds& thresholds,
                                   const AudioConversion* conversion)
    : store_(store),
      chunks_(chunks),
      witness_(witness),
      clock_(clock),
      thresholds_(thresholds),
      conversion_(conversion),
      inspector_(chunks, clock) {}

Task<Result<EvidenceGatherer::EvidencePtr>> EvidenceGatherer::load(ContextId id) {
  auto evidence = std::make_shared<GatheredEvidence>();
  auto call = co_await store_.load_call(id);
  if (!call) co_return fail("load the call", call.error());
  evidence->call.call = std::move(*call);
  auto journal = co_await store_.journal_of(id);
  if (!journal) co_return fail("load the call's journal", journal.error());
  evidence->call.media_opened = std::ranges::any_of(
      *journal, [](const JournalEntry& entry) { return entry.type == "media socket opened"; });
  auto recordings = co_await store_.recordings_of(id);
  if (!recordings) co_return fail("load the call's recordings", recordings.error());
  for (auto& recording : *recordings) {
    RecordingEvidence one{.recording = std::move(recording)};
    auto pauses = co_await store_.pauses_of(one.recording.id);
    if (!pauses) co_return fail("load a recording's pauses", pauses.error());
    one.pauses = std::move(*pauses);
    auto chunks = co_await store_.chunks_of(one.recording.id);
    if (!chunks) co_return fail("load a recording's chunks", chunks.error());
    for (auto& chunk : *chunks) one.chunks.push_back({.chunk = std::move(chunk)});
    one.last_told = last_chunk_of_session(*journal, one.recording.id);
    evidence->call.recordings.push_back(std::move(one));
  }
  evidence->recorded.resize(evidence->call.recordings.size());
  co_return evidence;
}

Task<Result<void>> EvidenceGatherer::examine(EvidencePtr evidence) {
  for (std::size_t i = 0; i < evidence->recorded.size(); ++i)
    if (auto done = co_await examine_recording(evidence, i); !done) co_return done;
  for (std::size_t i = 0; i < evidence->recorded.size(); ++i)
    if (auto done = co_await measure_recording(evidence, i); !done) co_return done;
  co_return ok();
}

Task<Result<void>> EvidenceGatherer::examine_recording(EvidencePtr evidence,
                                                       std::size_t recording) {
  auto& one = evidence->call.recordings[recording];
  if (one.chunks.empty() && one.recording.discovery != Discovery::searching) co_return ok();
  ChunkSearch search{
      .recording = one.recording, .call = evidence->call.call, .now = clock_.wall_now()};
  auto found = co_await chunks_.find(std::move(search));
  if (!found && worth_retrying(found.error())) co_return fail("list the chunks", found.error());
  if (found && !found->empty() && one.chunks.empty()) evidence->search_is_behind = true;
  for (auto& chunk : one.chunks) {
    if (found && !chunk.chunk.audio.empty()) {
      const auto same = std::ranges::count_if(*found, [&](const FoundChunk& other) {
        return other.index == chunk.chunk.index && !other.audio.empty();
      });
      chunk.exports = std::max(1, static_cast<int>(same));
    }
    if (auto done = co_await examine_chunk(&chunk); !done) co_return done;
  }
  co_return ok();
}

Task<Result<void>> EvidenceGatherer::examine_chunk(ChunkEvidence* chunk) {
  FoundChunk as_found{.index = chunk->chunk.index,
                      .audio = chunk->chunk.audio,
                      .metadata = chunk->chunk.metadata,
                      .document_id = chunk->chunk.document_id,
                      .bytes = chunk->chunk.bytes,
                      .etag = chunk->chunk.etag,
                      .folder = {}};
  auto inspected = co_await inspector_.inspect(chunk->chunk.recording, std::move(as_found));
  if (!inspected) co_return fail("look into a chunk", inspected.error());
  chunk->unreadable = inspected->unusable;
  chunk->bytes_promised = inspected->bytes_missing;
  if (inspected->metadata) chunk->metadata = words_of(*inspected->metadata);
  co_return ok();
}

// What is no sound that we read, or is damaged beyond that, is left out: the verdict says so.
Task<Result<EvidenceGatherer::Opened>> EvidenceGatherer::open_chunks(
    const RecordingEvidence* recording) {
  Opened opened(recording->chunks.size());
  for (std::size_t i = 0; i < opened.size(); ++i) {
    const Chunk& chunk = recording->chunks[i].chunk;
    const bool decoded = is_mp3(chunk) && conversion_ != nullptr;
    if (chunk.data_bytes == 0 || (!decoded && !is_pcm(chunk.format))) continue;
    auto samples = co_await open_samples_of(chunks_, chunk, conversion_);
    if (!samples && samples.error().kind == ErrorKind::corrupt) continue;
    if (!samples) co_return fail("open a chunk's samples", as_moving(samples.error()));
    opened[i] = std::move(*samples);
  }
  co_return opened;
}

Task<Result<void>> EvidenceGatherer::measure_recording(EvidencePtr evidence,
                                                       std::size_t recording) {
  auto& one = evidence->call.recordings[recording];
  const auto opened = co_await open_chunks(&one);
  if (!opened) co_return Failure(opened.error());
  const auto believed = believed_starts(one, evidence->call, thresholds_);
  const auto chunks = to_lay_out(one, believed, *opened);
  const auto zero = call_time_zero(evidence->call.call).value_or(evidence->call.call.received_at);
  const auto all = lay_out(chunks, one.pauses, zero, one.recording.active_at);
  for (std::size_t i = 0; i < one.chunks.size(); ++i) {
    auto& chunk = one.chunks[i];
    const auto& samples = (*opened)[i];
    if (!samples) continue;
    std::vector<RecordedStretch> mine;
    std::ranges::copy_if(all, std::back_inserter(mine), [&](const RecordedStretch& stretch) {
      return stretch.chunk == chunk.chunk.index;
    });
    auto levels = co_await measure(samples, std::move(mine));
    if (!levels && levels.error().kind == ErrorKind::corrupt && is_mp3(chunk.chunk)) continue;
    if (!levels) co_return Failure(levels.error());
    chunk.levels = by_chunk(*samples, *levels);
    std::ranges::move(*levels, std::back_inserter(evidence->recorded[recording]));
  }
  co_return ok();
}

Task<Result<std::vector<StretchLevels>>> EvidenceGatherer::measure(
    std::shared_ptr<SampleSource> samples, std::vector<RecordedStretch> stretches) {
  ChunkLevelMeter meter(samples->format(), std::move(stretches));
  const std::uint64_t piece = read_bytes / samples->format().frame_bytes();
  for (std::uint64_t done = 0; done < samples->frames(); done += piece) {
    auto bytes = co_await samples->read(done, std::min(piece, samples->frames() - done));
    if (!bytes) co_return fail("read a chunk's samples", as_moving(bytes.error()));
    meter.feed(*bytes);
  }
  co_return meter.finish();
}

Task<Result<void>> EvidenceGatherer::hear_bridge(EvidencePtr evidence) {
  auto files = co_await witness_.read(evidence->call.call);
  if (!files) co_return Failure(files.error());
  evidence->call.tap_present = files->tap_present;
  if (!files->any()) co_return ok();
  evidence->call.ledger = join_ledgers(files->ledgers);
  evidence->bridge = call_levels(files->ledgers);
  co_return ok();
}

}  // namespace earshot::recording
