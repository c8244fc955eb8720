#pragma once
// Looks in the recording for the place where each interrupted turn was truly cut: by the loudness
// of ledger and recording, and where there is a tap by the samples, at most the turn's last five
// seconds. What it finds is stored beside what the bridge believed; and the call's downlink delay,
// which follows from it, for the bridges of calls to come.

#include "base/counters.hpp"
#include "base/executor.hpp"
#include "ports/blob_store.hpp"
#include "ports/call_store.hpp"
#include "ports/chunk_source.hpp"
#include "ports/tap_spool.hpp"
#include "recording/call_audio.hpp"
#include "recording/downlink_estimate.hpp"
#include "recording/heard_turn.hpp"
#include "recording/verification/evidence_gatherer.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace earshot::recording {

class CutVerifier {
 public:
  struct Services {  // all outlive the verifier
    CallStore& store;
    BlobStore& blobs;
    TapSpool& spool;
    ChunkSource& chunks;
    Offload& offload;
    Counters& counters;
    DownlinkEstimate* downlink;                   // told of what was measured; null: nobody is
    const AudioConversion* conversion = nullptr;  // for mp3
  };
  explicit CutVerifier(Services services);

  using EvidencePtr = EvidenceGatherer::EvidencePtr;
  // After the clocks were aligned. Stored when it returns; doing it again changes nothing.
  Task<Result<void>> verify(EvidencePtr evidence);

 private:
  struct OneCut {
    std::size_t turn = 0;  // in Work::turns
    CutTurn cut;
    std::size_t alignment = 0;  // in evidence->alignments, of the recording that has it
    std::optional<HeardUntil> by_levels;
    std::optional<WaveformWindow> window;
    std::optional<HeardUntil> by_waveform;
  };
  struct Work {
    std::vector<Turn> turns;
    std::vector<OneCut> cuts;
  };
  using WorkPtr = std::shared_ptr<Work>;

  static void look_by_levels(const GatheredEvidence& evidence, Work& work);
  Task<Result<void>> look_by_waveform(EvidencePtr evidence, WorkPtr work);
  Task<Result<void>> store(EvidencePtr evidence, WorkPtr work);

  Services services_;
  Counter& by_waveform_;
  Counter& by_levels_;
  Counter& not_found_;
};

}  // namespace earshot::recording
