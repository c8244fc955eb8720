#pragma once
// How a recording's samples lie on the call's clock. A sample has a nominal call time: its chunk's
// metadata start, plus its frame number over the sample rate, less the wall time of CallConnected.
// The truth differs: each voice reached ACS's mixer with a delay of its own, which changes with
// every StopAudio, underrun, socket and chunk, and clocks drift. So the mapping is piecewise, and
// per side:
//   call time at which the bridge had the sample = nominal call time - shift
// Pieces of one side do not overlap, and ascend. Between two pieces the nearer one holds.

#include "base/time.hpp"
#include "domain/audio.hpp"
#include "domain/ids.hpp"

#include <vector>

namespace earshot {

enum class MappingBasis {
  metadata,  // too little was said to align: the metadata's times as they are
  levels,    // 20 ms levels of ledger and recording
  waveform,  // the tap's samples against the recording's
};

struct MappingPiece {
  Speaker side = Speaker::caller;
  RecordingId recording;
  ChunkIndex chunk;
  Duration from{0};         // call time
  Duration to{0};           // call time
  Duration shift{0};        // nominal less true; positive: the recording holds the sound later
  Duration uncertainty{0};  // half-width; the truth lies within shift ± uncertainty
  MappingBasis basis = MappingBasis::metadata;
  bool operator==(const MappingPiece&) const = default;
};

struct ClockMapping {
  std::vector<MappingPiece> pieces;
  bool operator==(const ClockMapping&) const = default;
};

// The piece that holds at a call time: the one around it, else the nearest; nullptr when the side
// has none. In the mapping's memory.
const MappingPiece* piece_at(const ClockMapping& mapping, Speaker side, Duration call_time);
// The piece that holds for a sample of a chunk, by its nominal call time; nullptr when the side has
// none in that chunk. The sample's call time is nominal - shift.
const MappingPiece* piece_of_nominal(const ClockMapping& mapping, Speaker side,
                                     const RecordingId& recording, ChunkIndex chunk,
                                     Duration nominal);

}  // namespace earshot
