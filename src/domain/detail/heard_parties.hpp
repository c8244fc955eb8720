#pragma once
// Is who spoke in the ledger to be heard in the recording? Private to the judge.

#include "domain/evidence.hpp"
#include "domain/timeline.hpp"
#include "domain/verdict.hpp"

namespace earshot::detail {

struct PartyHeard {
  Duration alone{0};  // spoke while the other did not, in recorded time
  Duration heard{0};  // of it, not silence in the recording
};

// How much a party spoke in [from, to) of the ledger, by the threshold's level.
Duration spoke(const std::vector<std::uint8_t>& levels, Duration from, Duration to,
               const VerdictThresholds& thresholds);

PartyHeard hear_party(Speaker party, const CallEvidence& evidence, const Timeline& timeline,
                      const VerdictThresholds& thresholds);

}  // namespace earshot::detail
