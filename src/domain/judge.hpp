#pragma once
// The verdict on a call's recording. Pure: the same evidence gives the same verdict.

#include "domain/evidence.hpp"
#include "domain/timeline_builder.hpp"
#include "domain/verdict.hpp"

namespace earshot {

// `built` is what build_timeline() gave, its gaps mended perhaps. Number and time are the storer's.
Verdict judge(const CallEvidence& evidence, BuiltTimeline built,
              const VerdictThresholds& thresholds);

// Where nothing could be aligned: ACS's own times, and what is known of the way of each voice.
ClockMapping mapping_by_metadata(const Timeline& timeline, const VerdictThresholds& thresholds);

}  // namespace earshot
