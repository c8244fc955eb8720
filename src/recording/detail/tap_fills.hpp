#pragma once
// Where the tap's sound stands in the spans that it fills, by the rules by which the mender puts it
// there. Private to the transcript.

#include "recording/mending.hpp"
#include "recording/transcript.hpp"

#include <vector>

namespace earshot::recording {

// One side in one filled span: moved as the recordings beside the lost stretch are moved, and
// changed from the one to the other at a place that is quiet.
struct TapFill {
  Duration from{0};  // of the timeline
  Duration to{0};
  Duration before{0};     // added to call time until `turn`, which is of the timeline
  Duration after{0};      // and from there on
  Duration turn{0};       // as far as the turns tell it
  Duration turn_from{0};  // where it may really be
  Duration turn_to{0};

  // A call time's place on the timeline.
  Duration place(Duration call_time) const;
  // How far off that may be for what lies from `at` to `until` of the timeline, half-width.
  Duration uncertainty(Duration at, Duration until) const;
};

// The fills of one side. The subject has its call_zero; it and the timeline are read once.
class TapFills {
 public:
  TapFills(const TranscriptSubject& subject, Speaker side, const Timeline& timeline,
           const ClockMapping& mapping);

  // The one that holds this time of the timeline; nullptr: none does.
  const TapFill* at(Duration time) const;

 private:
  std::vector<TapFill> fills_;
};

}  // namespace earshot::recording
