#include "domain/detail/placed_audio.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

namespace earshot::detail {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Between what the sound says is missing and what the times leave room for.
constexpr Duration loss_slack = 150ms;

class Placer {
 public:
  Placer(const RecordingEvidence& recording, const CallEvidence& call,
         const VerdictThresholds& thresholds, std::vector<Finding>& findings)
      : evidence_(recording),
        thresholds_(thresholds),
        findings_(findings),
        sound_(call.mapping, recording.recording.id),
        zero_(call_time_zero(call.call).value_or(call.call.received_at)),
        call_end_(call.call.ended_at) {
    const auto& r = recording.recording;
    started_ = r.active_at.value_or(r.requested_at);
    // One that was started paused began with its pause; its chunk may say so.
    for (const auto& pause : recording.pauses)
      if (pause.from < started_ && pause.to.value_or(started_) >= started_ - thresholds_.gap)
        started_ = pause.from;
    ended_ = r.ended_at ? *r.ended_at : call_end_.value_or(WallTime::max());
    placed_.ran = r.active_at.has_value() || !recording.chunks.empty();
  }

  PlacedRecording place() {
    judge_metadata();
    collect_pauses();
    cursor_ = started_ - zero_;
    for (std::size_t i = 0; i < evidence_.chunks.size(); ++i) place_chunk(i);
    note_last_told();
    placed_.after = pending_;
    return std::move(placed_);
  }

  std::vector<bool> believed() {
    judge_metadata();
    return std::move(believed_);
  }

 private:
  const Chunk& chunk(std::size_t i) const { return evidence_.chunks[i].chunk; }

  Finding about(FindingKind kind, const Chunk& chunk, std::string detail) const {
    return {.kind = kind,
            .recording = evidence_.recording.id,
            .chunk = chunk.index,
            .party = {},
            .detail = std::move(detail)};
  }

  // Which metadata is believed. One that names another call than its neighbours do, another index,
  // or a time at which nothing was recorded, is another file's: none of its times is used.
  void judge_metadata() {
    const std::string own_call = usual_call_id();
    believed_.assign(evidence_.chunks.size(), false);
    std::optional<WallTime> previous;
    for (std::size_t i = 0; i < evidence_.chunks.size(); ++i) {
      believed_[i] = believe(evidence_.chunks[i], own_call, previous);
      if (believed_[i]) previous = chunk(i).start;
    }
  }

  std::string usual_call_id() const {
    std::map<std::string, int> votes;
    for (const auto& one : evidence_.chunks)
      if (one.metadata && !one.metadata->call_id.empty()) ++votes[one.metadata->call_id];
    std::string best;
    int most = 0;
    bool tied = false;
    for (const auto& [id, count] : votes) {
      tied = count == most;
      if (count <= most) continue;
      most = count;
      best = id;
      tied = false;
    }
    return tied ? std::string() : best;
  }

  bool in_time(WallTime start) const {
    const auto latest = ended_ == WallTime::max() ? ended_ : ended_ + thresholds_.metadata_slack;
    return start >= started_ - thresholds_.metadata_slack && start <= latest;
  }

  bool believe(const ChunkEvidence& one, const std::string& own_call,
               const std::optional<WallTime>& previous) {
    if (!one.metadata) {
      findings_.push_back(about(FindingKind::metadata_missing, one.chunk,
                                "it has no metadata that can be read; it is placed by its "
                                "neighbours and its number of samples"));
      return false;
    }
    const auto& words = *one.metadata;
    if (words.types_swapped)
      findings_.push_back(about(FindingKind::metadata_swapped, one.chunk,
                                "contentType and channelType had changed places; they were told "
                                "apart by their values"));
    note_format(one);
    const bool other_call =
        !own_call.empty() && !words.call_id.empty() && words.call_id != own_call;
    const bool other_index = words.index && *words.index != one.chunk.index.value;
    if (other_call) {
      findings_.push_back(about(FindingKind::metadata_of_another_call, one.chunk,
                                "its metadata names another call than the metadata of the other "
                                "chunks; its times are not used"));
      return false;
    }
    if (other_index) {
      findings_.push_back(about(FindingKind::metadata_contradicts, one.chunk,
                                fmt::format("its metadata says index {}, its name {}; its times "
                                            "are not used",
                                            *words.index, one.chunk.index.value)));
      return false;
    }
    if (!one.chunk.start) return false;
    const bool out_of_order = previous && *one.chunk.start < *previous;
    if (in_time(*one.chunk.start) && !out_of_order) return true;
    findings_.push_back(about(
        FindingKind::metadata_contradicts, one.chunk,
        out_of_order
            ? std::string("its metadata says that it began before the chunk that it follows; its "
                          "times are not used")
            : fmt::format("its metadata says that it began {:.1f} s from the recording's start, "
                          "when nothing was recorded; its times are not used",
                          seconds(*one.chunk.start - started_))));
    return false;
  }

  void note_format(const ChunkEvidence& one) {
    const auto& words = *one.metadata;
    const auto& format = one.chunk.format;
    if (one.chunk.data_bytes == 0) return;
    if (words.sample_rate_hz && format.sample_rate_hz != 0 &&
        *words.sample_rate_hz != format.sample_rate_hz)
      findings_.push_back(about(FindingKind::metadata_contradicts, one.chunk,
                                fmt::format("its metadata says {} Hz, its header {} Hz",
                                            *words.sample_rate_hz, format.sample_rate_hz)));
    if (words.channels && format.channels != 0 && *words.channels != format.channels)
      findings_.push_back(about(FindingKind::metadata_contradicts, one.chunk,
                                fmt::format("its metadata says {} channels, its header {}",
                                            *words.channels, format.channels)));
    if (words.channel_type.empty()) return;
    const bool mixed = evidence_.recording.channels == RecordingChannels::mixed;
    if ((words.channel_type == "mixed") != mixed)
      findings_.push_back(about(FindingKind::metadata_contradicts, one.chunk,
                                fmt::format("its metadata says {}, the recording was asked for as "
                                            "{}",
                                            words.channel_type, mixed ? "mixed" : "unmixed")));
  }

  // ACS's own word on a pause where there is one, else what we commanded: both would count twice.
  void collect_pauses() {
    for (std::size_t i = 0; i < evidence_.chunks.size(); ++i)
      if (believed_[i])
        for (const auto& pause : evidence_.chunks[i].metadata->pauses) add_pause(pause);
    const auto told = placed_.pauses;
    for (const auto& ours : evidence_.pauses) {
      const auto until = ours.to.value_or(ended_ == WallTime::max() ? ours.from : ended_);
      const Duration from = ours.from - zero_ - thresholds_.metadata_slack;
      const Duration to = until - zero_ + thresholds_.metadata_slack;
      const bool known = std::ranges::any_of(
          told, [&](const auto& pause) { return pause.first < to && pause.second > from; });
      if (!known) add_pause({ours.from, until});
    }
    std::ranges::sort(placed_.pauses);
  }

  void add_pause(const WallSpan& pause) {
    if (pause.to > pause.from) placed_.pauses.emplace_back(pause.from - zero_, pause.to - zero_);
  }

  void place_chunk(std::size_t i) {
    const auto& one = evidence_.chunks[i];
    note_missing(one.chunk);
    next_index_ = one.chunk.index.value + 1;
    if (one.exports > 1)
      findings_.push_back(
          about(FindingKind::duplicate_chunk, one.chunk,
                fmt::format("it was exported {} times; one of them is used", one.exports)));
    const auto frames = frames_of(one.chunk);
    if (frames == 0) return note_without_samples(one);
    const std::uint32_t rate = one.chunk.format.sample_rate_hz;
    const Duration length = placed_length(i, frames);
    lay(i, start_of(i, length), length, frames, rate);
    pending_ = GapCause::none;
    if (torn_by_ > Duration{0}) pending_ = GapCause::chunk_torn;
  }

  void note_missing(const Chunk& present) {
    for (auto index = next_index_; index < present.index.value; ++index) {
      Finding finding =
          about(FindingKind::missing_index, present,
                fmt::format("chunk {} is not there, chunk {} is", index, present.index.value));
      finding.chunk = ChunkIndex{index};
      findings_.push_back(std::move(finding));
      pending_ = GapCause::chunk_missing;
    }
  }

  void note_without_samples(const ChunkEvidence& one) {
    if (one.chunk.audio.empty()) {
      pending_ = GapCause::chunk_missing;
      findings_.push_back(about(FindingKind::missing_index, one.chunk,
                                "only its metadata is there, its audio is not"));
    } else if (one.unreadable.empty() || one.chunk.bytes == 0) {
      pending_ = GapCause::chunk_empty;
      findings_.push_back(
          about(FindingKind::chunk_empty, one.chunk,
                fmt::format("a file of {} bytes without a sample", one.chunk.bytes)));
    } else {
      pending_ = GapCause::chunk_empty;
      findings_.push_back(about(FindingKind::chunk_unreadable, one.chunk, one.unreadable));
    }
    if (believed_.at(static_cast<std::size_t>(&one - evidence_.chunks.data())))
      cursor_ = std::max(cursor_, *one.chunk.start - zero_);
  }

  // The true number of samples, stretched to what ACS's clock says when the difference is no more
  // than a clock's drift. What is missing beyond that was torn off.
  Duration placed_length(std::size_t i, std::uint64_t frames) {
    const auto& one = evidence_.chunks[i];
    const Duration length = length_of_frames(frames, one.chunk.format.sample_rate_hz);
    torn_by_ = Duration{0};
    if (one.bytes_promised > 0 && one.chunk.format.frame_bytes() > 0) {
      torn_by_ = length_of_frames(one.bytes_promised / one.chunk.format.frame_bytes(),
                                  one.chunk.format.sample_rate_hz);
      findings_.push_back(about(
          FindingKind::chunk_torn, one.chunk,
          fmt::format("its header promises {:.3f} s more than there are", seconds(torn_by_))));
      return length;
    }
    const auto told = told_length(i);
    // Of a chunk that nothing follows, the metadata may count samples as well: the sound decides.
    if (const Duration heard = sound_.stretched(one.chunk.index);
        heard != Duration{0} && std::chrono::abs(heard) <= drift_of(length) &&
        (!told || std::chrono::abs(*told - length) < std::chrono::abs(heard) / 2)) {
      note_drift(one.chunk, heard, length);
      return length + heard;
    }
    if (!told) return length;
    const Duration difference = *told - length;
    const Duration drift = drift_of(length);
    if (std::chrono::abs(difference) <= drift && difference != Duration{0}) {
      note_drift(one.chunk, difference, length);
      return *told;
    }
    if (difference >= thresholds_.gap && one.chunk.duration &&
        *one.chunk.duration - length >= thresholds_.gap) {
      torn_by_ = difference;
      findings_.push_back(about(FindingKind::chunk_torn, one.chunk,
                                fmt::format("it holds {:.3f} s, its metadata says {:.3f} s",
                                            seconds(length), seconds(*one.chunk.duration))));
    } else if (one.chunk.duration && length - *one.chunk.duration >= thresholds_.gap) {
      findings_.push_back(about(FindingKind::metadata_contradicts, one.chunk,
                                fmt::format("it holds {:.3f} s, its metadata says {:.3f} s",
                                            seconds(length), seconds(*one.chunk.duration))));
    }
    return length;
  }

  // By ACS's clock: until the next chunk, when it follows at once, else the metadata's own word.
  std::optional<Duration> told_length(std::size_t i) const {
    if (!believed_[i]) return std::nullopt;
    const auto& mine = chunk(i);
    if (i + 1 < evidence_.chunks.size() && believed_[i + 1] &&
        chunk(i + 1).index.value == mine.index.value + 1)
      return *chunk(i + 1).start - *mine.start -
             paused_between(*mine.start - zero_, *chunk(i + 1).start - zero_);
    return mine.duration;
  }

  Duration drift_of(Duration length) const {
    return Duration(
        std::llround(static_cast<double>(length.count()) * thresholds_.drift_ppm / 1e6));
  }

  void note_drift(const Chunk& chunk, Duration difference, Duration length) {
    if (std::chrono::abs(difference) < 50ms) return;
    const double ppm =
        static_cast<double>(difference.count()) * 1e6 / static_cast<double>(length.count());
    findings_.push_back(about(
        FindingKind::clock_drift, chunk,
        fmt::format("its samples run {:.0f} ppm too {} for its clock, "
                    "{:.3f} s in all",
                    std::abs(ppm), ppm > 0 ? "slow" : "fast", std::abs(seconds(difference)))));
  }

  Duration paused_between(Duration from, Duration to) const {
    Duration total{0};
    for (const auto& [begin, end] : placed_.pauses)
      total += std::max(Duration{0}, std::min(end, to) - std::max(begin, from));
    return total;
  }

  Duration start_of(std::size_t i, Duration length) const {
    if (believed_[i]) return *chunk(i).start - zero_;
    // Behind a hole, without a word on its time: the last chunk ends with its recording.
    const bool is_last = i + 1 == evidence_.chunks.size();
    if (pending_ != GapCause::none && is_last && ended_ != WallTime::max())
      return std::max(cursor_, ended_ - zero_ - length);
    return cursor_;
  }

  // A pause leaves its samples out and does not end a chunk: the frames lie around it.
  void lay(std::size_t i, Duration start, Duration length, std::uint64_t frames,
           std::uint32_t rate) {
    PlacedAudio run{.recording = evidence_.recording.id,
                    .chunk = chunk(i).index,
                    .rate_hz = rate,
                    .before = pending_};
    Duration at = start;
    Duration left = length;
    moved_ = Duration{0};
    room_ = room_behind(i, start, length);
    std::uint64_t next_frame = 0;
    const auto frame_at = [&](Duration done) {
      if (length <= Duration{0} || done >= length) return frames;
      return static_cast<std::uint64_t>(
          static_cast<double>(frames) *
          (static_cast<double>(done.count()) / static_cast<double>(length.count())));
    };
    const auto put = [&](Duration run_length) {
      run.first_frame = next_frame;
      run.frames = frame_at(length - left + run_length) - next_frame;
      run.from = at;
      run.to = at + run_length;
      if (run.frames > 0) add_run(run);
      next_frame += run.frames;
      run.before = GapCause::none;
      at += run_length;
      left -= run_length;
    };
    for (const auto& [from, to] : placed_.pauses) {
      if (to <= at || left <= Duration{0}) continue;
      if (from >= at + left) break;
      if (from > at) put(from - at);
      at = to;
    }
    if (left > Duration{0}) put(left);
    cursor_ = at + moved_;
  }

  // Cut where the sound says that samples are missing from the middle, as far as the time that is
  // missing in all leaves room for it.
  void add_run(const PlacedAudio& nominal) {
    PlacedAudio rest = nominal;
    rest.from += moved_;
    rest.to += moved_;
    for (const auto& loss : sound_.losses(nominal.chunk, thresholds_.gap)) {
      const Duration at = loss.at + moved_;
      if (loss.length > room_ + loss_slack || at <= rest.from || at >= rest.to) continue;
      PlacedAudio head = rest;
      head.to = at;
      head.frames = static_cast<std::uint64_t>(std::llround(
          static_cast<double>(rest.frames) * static_cast<double>((at - rest.from).count()) /
          static_cast<double>((rest.to - rest.from).count())));
      placed_.audio.push_back(head);
      const Duration length = std::min(loss.length, room_);
      room_ -= length;
      moved_ += length;
      rest.first_frame += head.frames;
      rest.frames -= head.frames;
      rest.from = at + length;
      rest.to += length;
      rest.before = GapCause::none;
    }
    if (rest.frames > 0) placed_.audio.push_back(std::move(rest));
  }

  // Time behind a chunk's last sample that nothing is known to fill.
  Duration room_behind(std::size_t i, Duration start, Duration length) const {
    const Duration end = start + length + paused_between(start, start + length);
    if (const auto told = told_length(i); told && i + 1 < evidence_.chunks.size())
      return std::max(Duration{0}, *told - length);
    if (i + 1 < evidence_.chunks.size() || ended_ == WallTime::max()) return Duration{0};
    return std::max(Duration{0}, ended_ - zero_ - end);
  }

  void note_last_told() {
    if (!evidence_.last_told || *evidence_.last_told < next_index_) return;
    for (auto index = next_index_; index <= *evidence_.last_told; ++index) {
      Finding finding{.kind = FindingKind::missing_index,
                      .recording = evidence_.recording.id,
                      .chunk = ChunkIndex{index},
                      .party = {},
                      .detail = fmt::format("ACS named chunk {} as the last; chunk {} is not there",
                                            *evidence_.last_told, index)};
      findings_.push_back(std::move(finding));
    }
    pending_ = GapCause::chunk_missing;
  }

  const RecordingEvidence& evidence_;
  const VerdictThresholds& thresholds_;
  std::vector<Finding>& findings_;
  SoundClock sound_;
  WallTime zero_;
  std::optional<WallTime> call_end_;
  WallTime started_{};
  WallTime ended_{};
  std::vector<bool> believed_;
  PlacedRecording placed_;
  Duration cursor_{0};
  GapCause pending_ = GapCause::none;
  Duration torn_by_{0};
  // Of the chunk that is being laid: time that its sound may be moved by, and was.
  Duration room_{0};
  Duration moved_{0};
  std::uint32_t next_index_ = 0;
};

}  // namespace

PlacedRecording place_recording(const RecordingEvidence& recording, const CallEvidence& call,
                                const VerdictThresholds& thresholds,
                                std::vector<Finding>& findings) {
  return Placer(recording, call, thresholds, findings).place();
}

std::vector<bool> believed_chunks(const RecordingEvidence& recording, const CallEvidence& call,
                                  const VerdictThresholds& thresholds) {
  std::vector<Finding> unused;
  return Placer(recording, call, thresholds, unused).believed();
}

}  // namespace earshot::detail
