#include "recording/recording_merger.hpp"

#include "base/crypto.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

// What is read at once, and converted on the thread that other work shares.
constexpr std::uint64_t piece_bytes = 2 << 20;
// 50,000 of them, which is what a blob may have, are 390 GiB.
constexpr std::uint64_t block_bytes = 8 << 20;

constexpr std::string_view stopping_error = "the service is stopping";

std::optional<int> number_of(const Job& job) {
  int number = 0;
  const auto& text = job.payload;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

// Counts among those that run, as long as it lives.
class RecordingMerger::Place {
 public:
  explicit Place(RecordingMerger& merger) : merger_(merger) { tell(++merger_.running_); }
  ~Place() { tell(--merger_.running_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  void tell(std::size_t running) { merger_.running_gauge_.set(static_cast<double>(running)); }
  RecordingMerger& merger_;
};

RecordingMerger::RecordingMerger(MergeServices services, Offload& offload, MergerOptions options)
    : services_(services),
      offload_(offload),
      options_(options),
      running_gauge_(
          services_.counters.gauge("earshot_merges_running", "merges that are being written")),
      bytes_(services_.counters.counter("earshot_merge_bytes_total", "bytes written by merges")) {}

Task<JobOutcome> RecordingMerger::run(Job job) {
  const auto number = number_of(job);
  if (!number) co_return JobGivenUp{.error = "the job names no merge"};
  if (running_ >= options_.running_max)
    co_return JobRetry{.at = services_.clock.wall_now() + options_.place_delay,
                       .error = "waits for others to be done",
                       .payload = ""};
  const Place place(*this);
  co_return co_await run_in_place(std::move(job), *number);
}

Task<JobOutcome> RecordingMerger::run_in_place(Job job, int number) {
  auto found = co_await services_.merges.find_merge({job.subject}, number);
  if (!found)
    co_return JobRetry{.at = services_.clock.wall_now() + spacing(job.attempts),
                       .error = found.error().message,
                       .payload = ""};
  if (!*found && co_await is_erased({job.subject})) co_return JobDone{};
  if (!*found) co_return JobGivenUp{.error = "there is no such merge"};
  if (is_over((*found)->state)) co_return JobDone{};
  auto made = co_await make(**found);
  if (!made) co_return co_await after_failure(std::move(job), std::move(**found), made.error());
  services_.log.info("a merge was made", {{"recording", job.subject},
                                          {"merge", number},
                                          {"bytes", made->bytes_total},
                                          {"sha256", made->sha256}});
  co_return JobDone{};
}

// The audio is what there is now, which may be more than when it was asked for.
Task<Result<Merge>> RecordingMerger::make(Merge merge) {
  const auto source = parse_audio_source(merge.source);
  const auto channels = parse_channel_choice(merge.channels);
  if (!source || !channels) co_return fail(ErrorKind::invalid, "the merge asks for no known audio");
  auto subject = co_await services_.queries.subject_of(merge.recording, *source);
  if (!subject) co_return Failure(subject.error());
  merge.blob = merge_blob(*subject, merge);
  const AudioRequest wanted{.source = *source, .channels = *channels};
  auto audio = co_await services_.opener.open(std::move(*subject), wanted);
  if (!audio) co_return Failure(audio.error());
  merge.state = MergeState::running;
  merge.started_at = services_.clock.wall_now();
  merge.etag = audio->etag;
  merge.bytes_done = 0;
  merge.bytes_total = audio->reader->size();
  merge.content_type = audio->reader->content_type();
  merge.format = audio->format;
  if (auto saved = co_await services_.merges.save_merge(merge); !saved)
    co_return Failure(saved.error());
  auto written = co_await write(audio->reader.get(), &merge);
  if (!written) co_return Failure(written.error());
  if (auto confirmed = co_await confirm(&merge); !confirmed) co_return Failure(confirmed.error());
  merge.sha256 = std::move(written->sha256);
  merge.state = MergeState::done;
  merge.finished_at = services_.clock.wall_now();
  merge.error.clear();
  if (auto saved = co_await services_.merges.save_merge(merge); !saved)
    co_return Failure(saved.error());
  co_return merge;
}

Task<Result<RecordingMerger::Written>> RecordingMerger::write(AudioReader* audio, Merge* merge) {
  crypto::Sha256 hash;
  std::uint32_t blocks = 0;
  auto told_at = services_.clock.steady_now();
  while (merge->bytes_done < merge->bytes_total) {
    const auto wanted = std::min(block_bytes, merge->bytes_total - merge->bytes_done);
    Bytes block;
    block.reserve(wanted);
    while (block.size() < wanted) {
      if (stopping_) co_return fail(ErrorKind::unavailable, std::string(stopping_error));
      const auto offset = merge->bytes_done + block.size();
      auto piece = co_await audio->read(offset, std::min(piece_bytes, wanted - block.size()));
      if (!piece) co_return Failure(piece.error());
      if (piece->empty())
        co_return fail(ErrorKind::corrupt,
                       fmt::format("the audio ends at byte {} of {}", offset, merge->bytes_total));
      block.insert(block.end(), piece->begin(), piece->end());
    }
    co_await offload_.run([&] { hash.update(block); });
    merge->bytes_done += block.size();
    bytes_.add(static_cast<double>(block.size()));
    auto staged = co_await services_.blobs.stage_block(merge->blob, blocks++, std::move(block));
    if (!staged) co_return Failure(staged.error());
    const auto now = services_.clock.steady_now();
    if (now - told_at < options_.progress_every) continue;
    told_at = now;
    // Progress that cannot be told is no reason to stop.
    auto saved = co_await services_.merges.save_merge(*merge);
    if (!saved && is_erased_or_erasing(saved.error())) co_return Failure(saved.error());
    if (!saved)
      services_.log.warn("the progress of a merge was not stored",
                         {{"recording", merge->recording.text}, {"error", saved.error().message}});
  }
  auto committed = co_await services_.blobs.commit_blocks(merge->blob, blocks, merge->content_type);
  if (!committed) co_return Failure(committed.error());
  co_return Written{.sha256 = crypto::to_hex(hash.finish())};
}

Task<Result<void>> RecordingMerger::confirm(const Merge* merge) {
  auto info = co_await services_.blobs.info(merge->blob);
  if (!info) co_return fail("look at the merged file", info.error());
  if (info->bytes != merge->bytes_total)
    co_return fail(ErrorKind::unavailable,
                   fmt::format("the merged file has {} bytes where {} were written", info->bytes,
                               merge->bytes_total));
  co_return ok();
}

Task<JobOutcome> RecordingMerger::after_failure(Job job, Merge merge, Error error) {
  const auto now = services_.clock.wall_now();
  // The next one begins anew; nothing went wrong with this.
  if (stopping_) co_return JobRetry{.at = now, .error = std::string(stopping_error), .payload = ""};
  ++merge.attempts;
  merge.error = error.message;
  merge.bytes_done = 0;
  const bool may_pass = worth_retrying(error) || (error.kind == ErrorKind::conflict &&
                                                  merge.attempts < options_.attempts_max);
  const auto at = now + spacing(merge.attempts - 1);
  const bool again = may_pass && (!job.deadline || at < *job.deadline);
  merge.state = again ? MergeState::waiting : MergeState::failed;
  if (!again) merge.finished_at = now;
  services_.log.warn(
      again ? "a merge was interrupted" : "a merge failed",
      {{"recording", merge.recording.text}, {"merge", merge.number}, {"error", error.message}});
  auto saved = co_await services_.merges.save_merge(merge);
  // Whatever failed, failed because its call's data was erased meanwhile.
  if (!saved && is_call_erased(saved.error())) {
    co_await discard(merge.blob);
    co_return JobDone{};
  }
  // If the erasure is refused after all, the merge is still to be made.
  if (!saved && is_call_erasing(saved.error())) {
    co_await discard(merge.blob);
    co_return JobRetry{
        .at = now + call_erasing_retry, .error = saved.error().message, .payload = ""};
  }
  if (again || !saved) co_return JobRetry{.at = at, .error = error.message, .payload = ""};
  co_await discard(merge.blob);
  co_return JobDone{};
}

Task<bool> RecordingMerger::is_erased(RecordingId recording) {
  auto call = co_await services_.store.find_call_by_recording(std::move(recording));
  co_return call && *call && (*call)->erased_at.has_value();
}

// Blocks that were staged and never became a file take room too.
Task<void> RecordingMerger::discard(BlobName name) {
  auto emptied = co_await services_.blobs.commit_blocks(name, 0, "application/octet-stream");
  if (emptied) emptied = co_await services_.blobs.remove(name);
  if (!emptied)
    services_.log.warn("what a failed merge had written was not removed",
                       {{"blob", name.text}, {"error", emptied.error().message}});
}

Duration RecordingMerger::spacing(int attempts) const {
  auto wait = options_.retry_first;
  for (int i = 0; i < attempts && wait < options_.retry_max; ++i) wait *= 2;
  return std::min(wait, options_.retry_max);
}

}  // namespace earshot::recording
