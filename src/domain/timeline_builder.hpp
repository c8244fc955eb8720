#pragma once
// From a call's chunks to its timeline: what their metadata and the true number of their samples
// say together, and what is odd about them. Pure.

#include "domain/evidence.hpp"
#include "domain/timeline.hpp"
#include "domain/verdict.hpp"

#include <vector>

namespace earshot {

struct BuiltTimeline {
  Timeline timeline;  // without repairs; empty when the call has no length
  std::vector<Finding> findings;
};

// With a mapping in the evidence that rests on sound, the caller's pieces tell of drift inside a
// chunk, and where in its middle samples are missing.
BuiltTimeline build_timeline(const CallEvidence& evidence, const VerdictThresholds& thresholds);

// Of each chunk: is its metadata believed as to when it began?
std::vector<bool> believed_starts(const RecordingEvidence& recording, const CallEvidence& evidence,
                                  const VerdictThresholds& thresholds);

}  // namespace earshot
