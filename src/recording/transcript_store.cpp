#include "recording/transcript_store.hpp"

#include "recording/manifest_writer.hpp"

#include <fmt/format.h>
#include <utility>

namespace earshot::recording {

BlobName transcript_blob(const AudioSubject& subject, TranscriptFormat format,
                         std::optional<int> verdict) {
  const auto number = verdict ? fmt::format("-{}", *verdict) : std::string();
  return {fmt::format("{}transcript{}.{}", audio_folder(subject), number, to_text(format))};
}

Task<Result<void>> TranscriptStore::write(AudioSubject subject, Verdict verdict) {
  const int number = verdict.number;
  const bool laid_out = verdict.timeline.to > Duration{0};
  auto read = co_await reader_.subject_of(subject.call.id, std::move(verdict));
  if (!read) co_return fail("read the transcript", read.error());
  if (read->turns.empty()) co_return ok();
  const auto transcript =
      make_transcript(*read, laid_out ? TranscriptSource::repaired : TranscriptSource::call);
  if (!transcript) co_return Failure(transcript.error());
  const auto json = transcript_json(*transcript);
  for (const auto& name : {transcript_blob(subject, TranscriptFormat::json, number),
                           transcript_blob(subject, TranscriptFormat::json)})
    if (auto done = co_await put(name, json, TranscriptFormat::json); !done) co_return done;
  co_return co_await put(transcript_blob(subject, TranscriptFormat::vtt),
                         transcript_vtt(*transcript), TranscriptFormat::vtt);
}

Task<Result<void>> TranscriptStore::put(BlobName name, std::string text, TranscriptFormat format) {
  BlobWrite write{.name = std::move(name),
                  .bytes = Bytes(text.begin(), text.end()),
                  .content_type = std::string(media_type(format)),
                  .replace = true};
  auto put = co_await blobs_.put(std::move(write));
  if (!put) co_return fail("store the transcript", put.error());
  co_return ok();
}

}  // namespace earshot::recording
