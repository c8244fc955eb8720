#pragma once
// Looks for our own voice in what the bridge heard of the caller, by the samples of the tap;
// without a tap nothing is looked for. What is found is taken off the caller's levels in the
// evidence, so that nothing of it counts as the caller's speech, and named. Reads 3.5 s of the tap
// for each of at most echo_probes_max probes, and only a few where the first ones show nothing.

#include "base/executor.hpp"
#include "domain/verdict.hpp"
#include "ports/blob_store.hpp"
#include "ports/tap_spool.hpp"
#include "recording/own_voice.hpp"
#include "recording/tap_samples.hpp"
#include "recording/verification/evidence_gatherer.hpp"

#include <vector>

namespace earshot::recording {

class OwnVoiceFinder {
 public:
  // All outlive this.
  OwnVoiceFinder(BlobStore& blobs, TapSpool& spool, Offload& offload,
                 const VerdictThresholds& thresholds)
      : blobs_(blobs), spool_(spool), offload_(offload), thresholds_(thresholds) {}

  using EvidencePtr = EvidenceGatherer::EvidencePtr;
  // Once, before the clocks are aligned. When the tap cannot be reached, that is the failure, and
  // the evidence stays as it is.
  Task<Result<void>> find(EvidencePtr evidence);

 private:
  // Of the first `probes`, those that are seen to come back.
  Task<Result<std::vector<EchoSighting>>> look(TapSamples* tap, std::vector<EchoProbe> probes);

  BlobStore& blobs_;
  TapSpool& spool_;
  Offload& offload_;
  const VerdictThresholds& thresholds_;
};

}  // namespace earshot::recording
