#pragma once
// Stores a call's transcript beside its audio at verification: `transcript-<verdict>.json` and, as
// the newest, `transcript.json` and `transcript.vtt`; on the clock of the repaired audio.

#include "ports/blob_store.hpp"
#include "recording/audio_opener.hpp"
#include "recording/transcript_reader.hpp"
#include "recording/transcript_text.hpp"

#include <optional>

namespace earshot::recording {

// The newest one, or that of a verdict (JSON only).
BlobName transcript_blob(const AudioSubject& subject, TranscriptFormat format,
                         std::optional<int> verdict = {});

class TranscriptStore {
 public:
  TranscriptStore(CallStore& store, BlobStore& blobs) : reader_(store), blobs_(blobs) {}

  // `verdict` may not be stored yet. Nothing is written of a call in which nothing was said. Fails
  // with `unavailable` when that is worth another try; writing it again replaces it.
  Task<Result<void>> write(AudioSubject subject, Verdict verdict);

 private:
  Task<Result<void>> put(BlobName name, std::string text, TranscriptFormat format);

  TranscriptReader reader_;
  BlobStore& blobs_;
};

}  // namespace earshot::recording
