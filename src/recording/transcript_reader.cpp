#include "recording/transcript_reader.hpp"

#include "domain/evidence.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace earshot::recording {

Task<Result<TranscriptSubject>> TranscriptReader::subject_of(ContextId id,
                                                             std::optional<Verdict> verdict) {
  auto call = co_await store_.load_call(id);
  if (!call) co_return Failure(call.error());
  TranscriptSubject subject{.call = id, .call_zero = call_time_zero(*call)};
  auto turns = co_await store_.turns_of(id);
  if (!turns) co_return Failure(turns.error());
  subject.turns = std::move(*turns);
  auto recordings = co_await store_.recordings_of(id);
  if (!recordings) co_return Failure(recordings.error());
  for (const auto& recording : *recordings) {
    auto chunks = co_await store_.chunks_of(recording.id);
    if (!chunks) co_return Failure(chunks.error());
    std::ranges::move(*chunks, std::back_inserter(subject.chunks));
  }
  subject.verdict = std::move(verdict);
  co_return subject;
}

Task<Result<Transcript>> TranscriptReader::read(ContextId call, TranscriptSource source) {
  auto verdict = co_await store_.verdict_of(call, std::nullopt);
  if (!verdict) co_return Failure(verdict.error());
  auto subject = co_await subject_of(std::move(call), std::move(*verdict));
  if (!subject) co_return Failure(subject.error());
  co_return make_transcript(*subject, source);
}

}  // namespace earshot::recording
