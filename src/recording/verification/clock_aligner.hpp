#pragma once
// Puts the clock mapping into a call's evidence: from the loudness of ledger and recording, and
// where there is a tap from the samples of both, which places a voice to a fraction of a
// millisecond. Reads a second or so of sound for each eight that were spoken, at most
// AlignmentOptions::windows_max times a recording, and keeps no more than that in memory.

#include "base/counters.hpp"
#include "base/executor.hpp"
#include "domain/verdict.hpp"
#include "ports/blob_store.hpp"
#include "ports/chunk_source.hpp"
#include "ports/tap_spool.hpp"
#include "recording/alignment.hpp"
#include "recording/call_audio.hpp"
#include "recording/tap_samples.hpp"
#include "recording/verification/evidence_gatherer.hpp"

#include <memory>
#include <vector>

namespace earshot::recording {

class ClockAligner {
 public:
  struct Services {  // all outlive the aligner
    BlobStore& blobs;
    TapSpool& spool;
    ChunkSource& chunks;
    Offload& offload;  // comparing the sound of a call of hours takes seconds
    Counters& counters;
    const AudioConversion* conversion = nullptr;  // without it, mp3 is aligned by its times
  };
  ClockAligner(Services services, const VerdictThresholds& thresholds);

  using EvidencePtr = EvidenceGatherer::EvidencePtr;
  // Fills `evidence->call.mapping`, and says which voices are not those of the call. Without a
  // ledger the mapping stays empty. Once. When the tap or a chunk cannot be reached, that is the
  // failure, and the mapping is the levels'.
  Task<Result<void>> align(EvidencePtr evidence);

 private:
  struct OneRecording {
    std::size_t index = 0;  // in evidence->call.recordings
    AlignmentOptions options;
    Alignment alignment;
    std::vector<WaveformWindow> windows;
    std::vector<FetchedWindow> fetched;
  };
  using Work = std::vector<OneRecording>;
  using WorkPtr = std::shared_ptr<Work>;

  Task<void> compare_levels(EvidencePtr evidence, WorkPtr work);
  Task<Result<void>> compare_waveforms(EvidencePtr evidence, WorkPtr work);
  void count(const Alignment& alignment);
  Task<Result<void>> fetch(EvidencePtr evidence, OneRecording* one, TapSamples* tap);

  Services services_;
  const VerdictThresholds& thresholds_;
  Counter& windows_matched_;
  Counter& windows_unmatched_;
};

}  // namespace earshot::recording
