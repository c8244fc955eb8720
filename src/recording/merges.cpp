#include "recording/merges.hpp"

#include "recording/archived_audio.hpp"
#include "recording/joined_bytes.hpp"
#include "recording/manifest_writer.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

// Two that ask at the same instant want the same number.
constexpr int number_attempts_max = 5;
constexpr Duration come_back_after = 30s;

NewJob job_of(const Merge& merge, WallTime now, Duration deadline) {
  return {.kind = merge_recording_job,
          .subject = merge.recording.text,
          .payload = std::to_string(merge.number),
          .due = now,
          .deadline = now + deadline,
          .unique_key =
              fmt::format("{}/{}/{}", merge_recording_job, merge.recording.text, merge.number)};
}

std::string progress_of(const Merge& merge) {
  if (merge.state == MergeState::waiting) return "waits for its turn";
  return fmt::format("has written {} of {} bytes", merge.bytes_done, merge.bytes_total);
}

}  // namespace

BlobName merge_blob(const AudioSubject& subject, const Merge& merge) {
  return {fmt::format("{}merged-{}-{}{}{}.wav", audio_folder(subject), merge.number, merge.source,
                      merge.channels.empty() ? "" : "-", merge.channels)};
}

Merges::Merges(MergeServices services, MergesOptions options)
    : services_(services),
      options_(options),
      requested_(
          services_.counters.counter("earshot_merges_requested_total", "merges that were queued")),
      refused_(services_.counters.counter("earshot_merges_refused_total",
                                          "merges refused because too many were waiting")) {}

Task<Result<RequestedMerge>> Merges::request(RecordingId id, AudioRequest wanted) {
  for (int attempt = 1;; ++attempt) {
    auto requested = co_await request_once(id, wanted);
    const bool overtaken = !requested && requested.error().code == "merge_number";
    if (!overtaken || attempt == number_attempts_max) co_return requested;
  }
}

Task<Result<RequestedMerge>> Merges::request_once(RecordingId id, AudioRequest wanted) {
  auto subject = co_await services_.queries.subject_of(id, wanted.source);
  if (!subject) co_return Failure(subject.error());
  auto audio = co_await services_.opener.open(*subject, wanted);
  if (!audio) co_return Failure(audio.error());
  auto there = co_await services_.merges.merges_of(id);
  if (!there) co_return Failure(there.error());
  Merge merge{.recording = id,
              .number = there->empty() ? 1 : there->back().number + 1,
              .source = std::string(to_text(wanted.source)),
              .channels = to_text(wanted.channels),
              .etag = audio->etag,
              .requested_at = services_.clock.wall_now(),
              .bytes_total = audio->reader->size(),
              .content_type = audio->reader->content_type(),
              .format = audio->format};
  for (const auto& other : *there) {
    const bool same = other.source == merge.source && other.channels == merge.channels &&
                      other.etag == merge.etag && other.state != MergeState::failed;
    if (!same) continue;
    auto present = co_await is_there(other);
    if (!present) co_return Failure(present.error());
    if (*present) co_return RequestedMerge{.merge = other, .is_new = false};
  }
  if (std::cmp_greater_equal(there->size(), options_.per_recording_max))
    co_return fail(ErrorKind::conflict,
                   fmt::format("the recording has {} merges, which is the most", there->size()));
  auto unfinished = co_await services_.merges.unfinished_merges();
  if (!unfinished) co_return Failure(unfinished.error());
  if (*unfinished >= options_.unfinished_max) {
    refused_.add();
    co_return Failure(Error{.kind = ErrorKind::unavailable,
                            .message = fmt::format("{} merges are waiting, which is the most; "
                                                   "come back when some are done",
                                                   *unfinished),
                            .status = 429,
                            .retry_after_ms = come_back_after / 1ms});
  }
  merge.blob = merge_blob(*subject, merge);
  auto added = co_await services_.merges.add_merge(
      merge, job_of(merge, merge.requested_at, options_.deadline));
  if (!added && is_erased_or_erasing(added.error())) co_return Failure(added.error());
  if (!added && added.error().kind == ErrorKind::conflict)
    co_return Failure(Error{.kind = ErrorKind::conflict,
                            .message = "another merge of the recording was asked for just now",
                            .code = "merge_number"});
  if (!added) co_return Failure(added.error());
  requested_.add();
  services_.log.info("a merge was asked for", {{"recording", id.text},
                                               {"merge", merge.number},
                                               {"source", merge.source},
                                               {"bytes", merge.bytes_total}});
  co_return RequestedMerge{.merge = std::move(merge), .is_new = true};
}

// The file of one that is done may have been removed since.
Task<Result<bool>> Merges::is_there(Merge merge) {
  if (merge.state != MergeState::done) co_return true;
  auto info = co_await services_.blobs.info(merge.blob);
  if (!info && info.error().kind == ErrorKind::not_found) co_return false;
  if (!info) co_return Failure(info.error());
  co_return info->bytes == merge.bytes_total;
}

Task<Result<std::vector<Merge>>> Merges::list(RecordingId id) {
  auto recording = co_await services_.store.load_recording(id);
  if (!recording) co_return Failure(recording.error());
  co_return co_await services_.merges.merges_of(std::move(id));
}

Task<Result<Merge>> Merges::find(RecordingId id, int number) {
  auto found = co_await services_.merges.find_merge(std::move(id), number);
  if (!found) co_return Failure(found.error());
  if (!*found)
    co_return fail(ErrorKind::not_found, fmt::format("the recording has no merge {}", number));
  co_return std::move(**found);
}

Task<Result<OpenedAudio>> Merges::open(RecordingId id, int number) {
  auto merge = co_await find(id, number);
  if (!merge) co_return Failure(merge.error());
  if (merge->state == MergeState::failed)
    co_return fail(ErrorKind::conflict, fmt::format("merge {} failed: {}", number, merge->error));
  if (merge->state != MergeState::done)
    co_return fail(ErrorKind::conflict,
                   fmt::format("merge {} is not done yet: it {}", number, progress_of(*merge)));
  auto recording = co_await services_.store.load_recording(id);
  if (!recording) co_return Failure(recording.error());
  auto info = co_await services_.blobs.info(merge->blob);
  if (!info && info.error().kind == ErrorKind::not_found)
    co_return fail(ErrorKind::not_found,
                   fmt::format("the file of merge {} was removed; ask for another one", number));
  if (!info) co_return Failure(info.error());
  if (is_archived(*info)) co_return archived(recording->call, info->rehydrating_to);
  if (info->bytes != merge->bytes_total)
    co_return fail(ErrorKind::corrupt,
                   fmt::format("the file of merge {} has {} bytes where {} were written", number,
                               info->bytes, merge->bytes_total));
  std::vector<BytePart> parts;
  parts.push_back({.source = std::make_unique<BlobBytes>(services_.blobs, merge->blob, info->etag),
                   .name = merge->blob.text,
                   .offset = 0,
                   .bytes = info->bytes});
  co_return OpenedAudio{
      .reader = std::make_unique<JoinedBytes>(merge->content_type, std::move(parts)),
      .file_name =
          fmt::format("recording-{}-merged-{}.wav",
                      file_stamp(recording->active_at.value_or(recording->requested_at)), number),
      .etag = fmt::format("\"{}\"", merge->sha256.substr(0, 32)),
      .format = merge->format};
}

}  // namespace earshot::recording
