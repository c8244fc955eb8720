#pragma once
// Reads what a transcript is made of: turns, chunks and the newest verdict of a call.

#include "ports/call_store.hpp"
#include "recording/transcript.hpp"

namespace earshot::recording {

class TranscriptReader {
 public:
  explicit TranscriptReader(CallStore& store) : store_(store) {}  // outlives this

  // `not_found`: no such call. Otherwise as make_transcript.
  Task<Result<Transcript>> read(ContextId call, TranscriptSource source);
  // With that verdict, which may not be stored yet.
  Task<Result<TranscriptSubject>> subject_of(ContextId call, std::optional<Verdict> verdict);

 private:
  CallStore& store_;
};

}  // namespace earshot::recording
