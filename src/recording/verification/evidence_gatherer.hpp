#pragma once
// Brings together what both witnesses have to say of a call (domain/evidence.hpp): rows, headers,
// metadata, every sample of every chunk once, and the ledger. Memory grows with the call's length
// by 50 bytes a second and channel, not with its audio.

#include "domain/evidence.hpp"
#include "ports/call_store.hpp"
#include "ports/chunk_source.hpp"
#include "recording/alignment.hpp"
#include "recording/call_audio.hpp"
#include "recording/chunk_inspector.hpp"
#include "recording/level_track.hpp"
#include "recording/verification/witness_files.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace earshot::recording {

// Of one recording, as the clock aligner found it.
struct RecordingAlignment {
  std::size_t recording = 0;  // in CallEvidence::recordings
  Alignment alignment;
};

struct GatheredEvidence {
  CallEvidence call;
  // The same sound as `call` has it, as the alignment wants it: of the bridge, and of each
  // recording in the order of `call.recordings`.
  CallLevels bridge;
  std::vector<std::vector<StretchLevels>> recorded;
  // Files of a recording are there of which its search has seen none yet.
  bool search_is_behind = false;
  std::vector<RecordingAlignment> alignments;
};

class EvidenceGatherer {
 public:
  // All outlive this. Without a `conversion` the sound of mp3 chunks is not examined.
  EvidenceGatherer(CallStore& store, ChunkSource& chunks, WitnessReader& witness, Clock& clock,
                   const VerdictThresholds& thresholds,
                   const AudioConversion* conversion = nullptr);

  using EvidencePtr = std::shared_ptr<GatheredEvidence>;
  // The rows alone: enough to say whether more is to be waited for. `final` is not set here.
  Task<Result<EvidencePtr>> load(ContextId call);
  // Every chunk's file. Fails with what is worth another try.
  Task<Result<void>> examine(EvidencePtr evidence);
  // The ledger. That there is none is a success.
  Task<Result<void>> hear_bridge(EvidencePtr evidence);

 private:
  Task<Result<void>> examine_recording(EvidencePtr evidence, std::size_t recording);
  Task<Result<void>> examine_chunk(ChunkEvidence* chunk);
  Task<Result<void>> measure_recording(EvidencePtr evidence, std::size_t recording);
  // In the order of the recording's chunks; null: what its sound is cannot be read.
  using Opened = std::vector<std::shared_ptr<SampleSource>>;
  Task<Result<Opened>> open_chunks(const RecordingEvidence* recording);
  static Task<Result<std::vector<StretchLevels>>> measure(std::shared_ptr<SampleSource> samples,
                                                          std::vector<RecordedStretch> stretches);

  CallStore& store_;
  ChunkSource& chunks_;
  WitnessReader& witness_;
  Clock& clock_;
  const VerdictThresholds& thresholds_;
  const AudioConversion* conversion_;
  ChunkInspector inspector_;
};

}  // namespace earshot::recording
