#include "recording/mender.hpp"

#include "domain/evidence.hpp"
#include "recording/call_audio.hpp"
#include "recording/repair_format.hpp"
#include "recording/repair_rendering.hpp"
#include "recording/resample.hpp"
#include "recording/tap_runs.hpp"
#include "recording/tap_uploader.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

constexpr std::uint64_t block_bytes = 4 << 20;
// The recording beside a lost span, from which its level is learnt.
constexpr std::int64_t level_seconds = 5;

std::int64_t frames_in(Duration duration, std::uint32_t rate_hz) {
  return std::llround(static_cast<double>(duration.count()) * rate_hz / 1e6);
}

// Tap, resampled to the recording's rate, a stretch at a time.
class ResampledTap {
 public:
  ResampledTap(TapSamples& tap, std::uint32_t rate_hz, Offload& offload)
      : tap_(tap), resampler_(tap.format().sample_rate_hz, rate_hz), offload_(offload) {}

  Task<Result<TapStretch>> read(std::int64_t first, std::int64_t frames) {
    const auto range = resampler_.input_for(first, frames);
    const auto begin = std::max<std::int64_t>(range.first, 0);
    const auto end = std::max<std::int64_t>(range.first + range.frames, 0);
    std::vector<std::int16_t> input(static_cast<std::size_t>(range.frames) * side_count);
    if (begin < end) {
      auto bytes = co_await tap_.read(static_cast<std::uint64_t>(begin),
                                      static_cast<std::uint64_t>(end - begin));
      if (!bytes) co_return Failure(bytes.error());
      std::memcpy(input.data() + static_cast<std::size_t>(begin - range.first) * side_count,
                  bytes->data(), bytes->size());
    }
    TapStretch out{.first = first, .samples = {}};
    co_await offload_.run(
        [&] { out.samples = resampler_.resample(input, side_count, first, frames); });
    co_return out;
  }

 private:
  TapSamples& tap_;
  StretchResampler resampler_;
  Offload& offload_;
};

// A blob that is written from its beginning to its end, with no more than a block in memory.
class BlobWriter {
 public:
  BlobWriter(BlobStore& blobs, BlobName name) : blobs_(blobs), name_(std::move(name)) {}

  Bytes& pending() { return pending_; }
  Task<Result<void>> flush_blocks() {
    while (pending_.size() >= block_bytes) {
      const auto cut = pending_.begin() + static_cast<std::ptrdiff_t>(block_bytes);
      Bytes block(pending_.begin(), cut);
      pending_.erase(pending_.begin(), cut);
      if (auto staged = co_await blobs_.stage_block(name_, blocks_++, std::move(block)); !staged)
        co_return staged;
    }
    co_return ok();
  }
  Task<Result<void>> finish() {
    if (blocks_ == 0) {
      BlobWrite write{.name = name_, .bytes = std::move(pending_), .replace = true};
      co_return co_await blobs_.put(std::move(write));
    }
    if (!pending_.empty())
      if (auto staged = co_await blobs_.stage_block(name_, blocks_++, std::move(pending_)); !staged)
        co_return staged;
    co_return co_await blobs_.commit_blocks(name_, blocks_, "application/octet-stream");
  }

 private:
  BlobStore& blobs_;
  BlobName name_;
  Bytes pending_;
  std::uint32_t blocks_ = 0;
};

const Chunk* find_chunk(const std::vector<Chunk>& chunks, const Span& span) {
  const auto at = std::ranges::find_if(chunks, [&](const Chunk& chunk) {
    return chunk.recording == span.recording && chunk.index == span.chunk;
  });
  return at == chunks.end() ? nullptr : &*at;
}

std::vector<CopiedStretch> place_copies(const MendingRequest& request, WallTime zero) {
  std::vector<CopiedStretch> out;
  for (const auto& copy : request.second_copies)
    std::ranges::move(place_copy(copy, zero, request.timeline), std::back_inserter(out));
  return out;
}

// One call's mending, while it lasts.
class Mending {
 public:
  Mending(MenderServices services, MendingRequest request)
      : services_(services),
        request_(std::move(request)),
        zero_(call_time_zero(request_.call).value_or(request_.call.received_at)) {}

  Task<Result<Mended>> run() {
    MendingSources sources{.second_copies = place_copies(request_, zero_), .tap = {}};
    Mended mended;
    auto opened = co_await open();
    if (!opened) co_return Failure(opened.error());
    if (tap_) {
      auto there = co_await tap_in_gaps();
      if (!there) co_return Failure(there.error());
      sources.tap = std::move(*there);
    }
    timeline_ = fill_gaps(request_.timeline, sources);
    const bool from_tap = std::ranges::any_of(timeline_.spans, [](const Span& span) {
      return span.kind == SpanKind::repaired && span.source == SpanSource::tap;
    });
    if (!from_tap) {
      mended.timeline = std::move(timeline_);
      co_return mended;
    }
    mended.rendered = repair_blob(request_.call, request_.verdict);
    if (auto rendered = co_await render_all(mended.rendered); !rendered)
      co_return fail("mend a recording", rendered.error());
    mended.timeline = std::move(timeline_);
    co_return mended;
  }

 private:
  // What is recorded, and the tap if one is there.
  Task<Result<void>> open() {
    auto recordings = co_await services_.store.recordings_of(request_.call.id);
    if (!recordings) co_return Failure(recordings.error());
    const bool mp3_too = services_.conversion != nullptr;
    auto audio = co_await chunk_audio(services_.store, services_.chunks, std::move(*recordings),
                                      request_.chunks, mp3_too);
    if (!audio) co_return Failure(audio.error());
    audio_ = std::move(*audio);
    auto tap = co_await open_tap(services_.blobs, services_.spool, request_.call);
    if (!tap && worth_retrying(tap.error())) co_return Failure(tap.error());
    if (!tap || tap->runs_unusable > 0)
      services_.log.warn("a tap cannot be used to mend a recording",
                         {{"call", request_.call.id.text},
                          {"why", tap ? "a run of it is damaged" : tap.error().message}});
    if (tap) tap_ = std::move(tap->samples);
    choose_format();
    co_return ok();
  }

  // As the recording is; the tap's own where there is none.
  void choose_format() {
    std::vector<LayoutSource> layouts;
    layouts.reserve(audio_.size());
    for (const auto& audio : audio_) layouts.push_back(audio.layout);
    united_ = unite_channels(layouts);
    if (!audio_.empty()) {
      rate_hz_ = audio_.front().layout.format.sample_rate_hz;
    } else if (tap_) {
      united_.voices = {Voice::caller, Voice::assistant};
      rate_hz_ = tap_->format().sample_rate_hz;
    }
    sides_ = sides_on(united_.voices);
  }

  Task<Result<std::vector<Stretch>>> tap_in_gaps() {
    std::vector<Stretch> all;
    for (const auto& span : request_.timeline.spans) {
      if (span.kind == SpanKind::recorded || span.kind == SpanKind::paused) continue;
      auto there = co_await tap_->there_is({span.from, span.to});
      if (!there) co_return Failure(there.error());
      all.insert(all.end(), there->begin(), there->end());
    }
    co_return all;
  }

  Task<Result<void>> render_all(BlobName name) {
    RepairHeader header{.format = {.sample_rate_hz = rate_hz_,
                                   .channels = static_cast<std::uint16_t>(united_.voices.size()),
                                   .bits_per_sample = 16},
                        .voices = united_.voices};
    for (auto& span : timeline_.spans) {
      if (span.kind != SpanKind::repaired || span.source != SpanSource::tap) continue;
      span.first_frame = header.frames;
      span.frames =
          frame_of(span.to, timeline_, rate_hz_) - frame_of(span.from, timeline_, rate_hz_);
      header.frames += span.frames;
    }
    BlobWriter writer(services_.blobs, std::move(name));
    append_repair_header(header, writer.pending());
    for (std::size_t i = 0; i < timeline_.spans.size(); ++i) {
      const auto& span = timeline_.spans[i];
      if (span.kind != SpanKind::repaired || span.source != SpanSource::tap) continue;
      auto plan = co_await plan_for(i);
      if (!plan) co_return Failure(plan.error());
      if (auto done = co_await render_span(&*plan, &writer); !done) co_return done;
    }
    co_return co_await writer.finish();
  }

  // The recorded span beside one that was filled, if there is any on that side.
  const Span* neighbour(std::size_t of, int step) const {
    for (auto i = static_cast<std::ptrdiff_t>(of) + step;
         i >= 0 && i < static_cast<std::ptrdiff_t>(timeline_.spans.size()); i += step) {
      const auto& span = timeline_.spans[static_cast<std::size_t>(i)];
      if (span.kind == SpanKind::recorded && find_audio(span) != nullptr) return &span;
    }
    return nullptr;
  }

  const ChunkAudio* find_audio(const Span& span) const {
    const auto at = std::ranges::find_if(audio_, [&](const ChunkAudio& audio) {
      return audio.chunk.recording == span.recording && audio.chunk.index == span.chunk &&
             audio.layout.format.sample_rate_hz == rate_hz_;
    });
    return at == audio_.end() ? nullptr : &*at;
  }

  std::int64_t delay(const Span& span, Speaker side, bool at_end) const {
    const auto* chunk = find_chunk(request_.chunks, span);
    if (chunk == nullptr) return 0;
    const auto moved =
        displacement_of(span, side, *chunk, zero_, request_.mapping, request_.timeline);
    return frames_in(at_end ? moved.at_end : moved.at_begin, rate_hz_);
  }

  // On the call's clock.
  std::int64_t frame_at(Duration time) const {
    return frames_in(timeline_.from, rate_hz_) +
           static_cast<std::int64_t>(frame_of(time, timeline_, rate_hz_));
  }

  Task<Result<FillPlan>> plan_for(std::size_t index) {
    const auto& span = timeline_.spans[index];
    const auto* before = neighbour(index, -1);
    const auto* after = neighbour(index, +1);
    FillPlan plan{.first = frame_at(span.from),
                  .frames = static_cast<std::int64_t>(span.frames),
                  .sides = {},
                  .channels = sides_,
                  .sample_before = {},
                  .sample_after = {}};
    for (const auto side : {Speaker::caller, Speaker::assistant}) {
      auto& placing = plan.sides[side_index(side)];
      placing.delay_before = before  ? delay(*before, side, true)
                             : after ? delay(*after, side, false)
                                     : 0;
      placing.delay_after = after ? delay(*after, side, false) : placing.delay_before;
    }
    if (auto turned = co_await place_turns(before, after, &plan); !turned)
      co_return Failure(turned.error());
    LevelMatch match(rate_hz_, sides_);
    if (before != nullptr) {
      const bool joins = before->to == span.from;
      auto seen =
          co_await look_beside(before, true, &plan, &match, joins ? &plan.sample_before : nullptr);
      if (!seen) co_return Failure(seen.error());
    }
    if (after != nullptr) {
      const bool joins = after->from == span.to;
      auto seen =
          co_await look_beside(after, false, &plan, &match, joins ? &plan.sample_after : nullptr);
      if (!seen) co_return Failure(seen.error());
    }
    for (const auto side : {Speaker::caller, Speaker::assistant})
      plan.sides[side_index(side)].gain = match.gain(side);
    co_return plan;
  }

  // Where each side's delay changes from that of the recording before to that of the one behind:
  // half way between them, at the quietest place there.
  Task<Result<void>> place_turns(const Span* before, const Span* after, FillPlan* plan) {
    const auto end = plan->first + plan->frames;
    const auto lost_from = before ? frame_at(before->to) : plan->first;
    const auto lost_to = after ? frame_at(after->from) : end;
    const auto middle = lost_from + (lost_to - lost_from) / 2;
    const auto lost = length_of_frames(static_cast<std::uint64_t>(lost_to - lost_from), rate_hz_);
    const auto reach = frames_in(turn_reach(lost), rate_hz_);
    for (std::size_t side = 0; side < side_count; ++side) {
      auto& placing = plan->sides[side];
      placing.turn = middle;
      const auto from = std::max(middle - reach, plan->first);
      const auto to = std::min(middle + reach, end);
      if (placing.delay_before == placing.delay_after || from >= to) continue;
      const auto low = from - std::max(placing.delay_before, placing.delay_after);
      const auto high = to - std::min(placing.delay_before, placing.delay_after);
      ResampledTap tap(*tap_, rate_hz_, services_.offload);
      auto stretch = co_await tap.read(low, high - low);
      if (!stretch) co_return Failure(stretch.error());
      placing.turn = quietest_place(*stretch, side, placing, from, to, rate_hz_);
    }
    co_return ok();
  }

  // The chunk's samples. The last chunk stays open: what ends one gap often begins the next, and to
  // open an mp3 is to walk through its frames. Null: it is torn, or not what its row says.
  Task<Result<SampleSource*>> open_beside(const ChunkAudio* audio) {
    if (audio == beside_of_) co_return beside_.get();
    beside_.reset();
    beside_of_ = audio;
    auto opened = co_await open_samples_of(services_.chunks, audio->chunk, services_.conversion);
    if (!opened && worth_retrying(opened.error())) co_return Failure(opened.error());
    if (opened && (*opened)->format().sample_rate_hz == rate_hz_ &&
        (*opened)->format().channels == audio->layout.format.channels)
      beside_ = std::move(*opened);
    co_return beside_.get();
  }

  // The recording's last (or first) seconds beside a lost span: its level, and the sample at the
  // seam.
  Task<Result<void>> look_beside(const Span* beside, bool before, const FillPlan* plan,
                                 LevelMatch* match, std::vector<float>* seam) {
    const auto* audio = find_audio(*beside);
    auto opened = co_await open_beside(audio);
    if (!opened) co_return Failure(opened.error());
    auto* const source = *opened;
    if (source == nullptr) co_return ok();  // nothing is learnt from it
    const auto there = source->frames() > beside->first_frame
                           ? std::min(beside->frames, source->frames() - beside->first_frame)
                           : 0;
    const auto frames = std::min<std::uint64_t>(there, level_seconds * rate_hz_);
    if (frames == 0) co_return ok();
    const auto first = beside->first_frame + (before ? there - frames : 0);
    auto stored = co_await source->read(first, frames);
    if (!stored && worth_retrying(stored.error())) co_return Failure(stored.error());
    if (!stored) co_return ok();  // torn since: nothing is learnt from it
    Bytes united;
    convert_frames(*stored, source->format(),
                   united_.maps[static_cast<std::size_t>(audio - audio_.data())], united);
    std::vector<std::int16_t> samples(united.size() / 2);
    std::memcpy(samples.data(), united.data(), samples.size() * 2);
    const auto width = united_.voices.size();
    if (seam != nullptr)
      for (std::size_t channel = 0; channel < width; ++channel)
        seam->push_back(samples[before ? samples.size() - width + channel : channel]);

    std::array<std::int64_t, side_count> delays{};
    for (std::size_t side = 0; side < side_count; ++side)
      delays[side] = before ? plan->sides[side].delay_before : plan->sides[side].delay_after;
    const auto count = static_cast<std::int64_t>(frames);
    const auto at = before ? frame_at(beside->to) - count : frame_at(beside->from);
    const auto [least, most] = std::ranges::minmax(delays);
    ResampledTap tap(*tap_, rate_hz_, services_.offload);
    auto stretch = co_await tap.read(at - most, count + most - least);
    if (!stretch) co_return Failure(stretch.error());
    match->compare(samples, at, *stretch, delays);
    co_return ok();
  }

  // A second at a time.
  Task<Result<void>> render_span(const FillPlan* plan, BlobWriter* writer) {
    ResampledTap tap(*tap_, rate_hz_, services_.offload);
    for (std::int64_t done = 0; done < plan->frames;) {
      const auto count = std::min<std::int64_t>(plan->frames - done, rate_hz_);
      const auto need = tap_needed(*plan, plan->first + done, count);
      auto stretch = co_await tap.read(need.first, need.frames);
      if (!stretch) co_return Failure(stretch.error());
      co_await services_.offload.run(
          [&] { render(*plan, *stretch, rate_hz_, plan->first + done, count, writer->pending()); });
      if (auto flushed = co_await writer->flush_blocks(); !flushed) co_return flushed;
      done += count;
    }
    co_return ok();
  }

  MenderServices services_;
  MendingRequest request_;
  Timeline timeline_;  // mended
  WallTime zero_;
  std::vector<ChunkAudio> audio_;
  OutputChannels united_;
  std::vector<ChannelSides> sides_;
  std::uint32_t rate_hz_ = 0;
  std::unique_ptr<TapSamples> tap_;
  // What open_beside() gave last, and of which chunk.
  const ChunkAudio* beside_of_ = nullptr;
  std::unique_ptr<SampleSource> beside_;
};

}  // namespace

BlobName repair_blob(const Call& call, std::uint32_t verdict) {
  return {witness_folder(call.received_at, call.id) + fmt::format("repair-{}.pcm", verdict)};
}

Task<Result<Mended>> Mender::mend(MendingRequest request) {
  Mending mending(services_, std::move(request));
  co_return co_await mending.run();
}

}  // namespace earshot::recording
