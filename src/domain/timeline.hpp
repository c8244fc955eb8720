#pragma once
// What became of a call's time: a row of spans without overlap and without a hole between them.
// Times are call time, zero at CallConnected. Where a span has audio, it says which bytes hold it.

#include "base/time.hpp"
#include "domain/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace earshot {

enum class SpanKind {
  recorded,  // ACS's audio holds it
  paused,    // absent because we asked for that; never filled
  gap,       // lost, and nothing fills it
  repaired,  // lost in the chunk where it belongs, and filled from `source`
};

enum class SpanSource {
  none,             // paused, gap
  acs,              // a chunk in the container
  acs_second_copy,  // the copy at ACS that the file-status event names, kept by us beside the
                    // chunks
  tap,              // the bridge's own copy
};

// Why time is a gap, or was one before it was repaired.
enum class GapCause {
  none,
  never_recorded,     // no recording was ever active
  late_start,         // before the first recorded sample
  chunk_missing,      // an index that is not there
  chunk_torn,         // a file that ends before its metadata, or the next chunk, says
  chunk_empty,        // a file without a sample
  between_chunks,     // neither index is missing, yet no sample holds the time
  recording_stopped,  // between a recording that stopped unasked and the next one
  tail_lost,          // after the last recorded sample
};

struct Span {
  Duration from{0};
  Duration to{0};
  SpanKind kind = SpanKind::gap;
  SpanSource source = SpanSource::none;
  GapCause cause = GapCause::none;
  // Of `acs` and `acs_second_copy`: whose samples, and which of them. One frame is one sample of
  // each channel. frames / rate may differ from to - from by what the clock mapping corrects.
  RecordingId recording;
  ChunkIndex chunk;
  std::uint64_t first_frame = 0;
  std::uint64_t frames = 0;

  Duration length() const { return to - from; }
  bool operator==(const Span&) const = default;
};

struct Timeline {
  Duration from{0};         // normally zero
  Duration to{0};           // the call's end
  std::vector<Span> spans;  // ascending; the first begins at `from`, the last ends at `to`
  bool operator==(const Timeline&) const = default;
};

}  // namespace earshot
