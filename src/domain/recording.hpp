#pragma once
// One ACS recording of a call, and the chunks that were found of it.

#include "base/time.hpp"
#include "domain/audio.hpp"
#include "domain/call.hpp"
#include "domain/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace earshot {

// How far the search for a recording's chunks has come.
enum class Discovery {
  not_started,  // the recording is still running
  searching,    // a job looks for chunks
  found,        // consecutive indices, and the last sample reaches the recording's end
  incomplete,   // the deadline passed with some chunks
  missing,      // the deadline passed with none
};

struct Recording {
  RecordingId id;
  ContextId call;
  RecordingPhase phase = RecordingPhase::starting;
  RecordingChannels channels = RecordingChannels::mixed;
  RecordingFormat format = RecordingFormat::wav;
  bool byos = true;  // into the customer's own container; false: service-managed
  WallTime requested_at{};
  std::optional<WallTime>
      active_at;  // RecordingStateChanged's startDateTime, else the first time we knew it active
  std::optional<WallTime> ended_at;
  // Set when nobody told the end: it lies between this, the last time at which the recording is
  // known to have run, and ended_at, when it was found to be over.
  std::optional<WallTime> ended_after;
  std::string end_reason;
  Discovery discovery = Discovery::not_started;
  std::string folder;  // of the chunks, with a trailing "/", once found
  std::optional<WallTime> discovered_at;
  bool operator==(const Recording&) const = default;
};

// It was started paused, for the notice to come first, and ACS never said that it records: there is
// nothing to look for, unless something appears.
inline bool never_resumed(const Call& call, const Recording& recording) {
  return call.consent == RecordingConsent::notice_first && !recording.active_at;
}

// A pause that we commanded: a span of call time that is meant to be absent.
struct RecordingPause {
  RecordingId recording;
  WallTime from{};
  std::optional<WallTime> to;
};

struct Chunk {
  RecordingId recording;
  ChunkIndex index;
  BlobName audio;
  BlobName metadata;        // empty when none was found
  std::string document_id;  // "" when the name has none
  std::uint64_t bytes = 0;
  AudioFormat format;             // from the `fmt` chunk
  std::uint64_t data_offset = 0;  // of the first sample in the file
  std::uint64_t data_bytes = 0;   // of samples truly there
  std::optional<WallTime> start;  // the metadata's chunkStartTime
  std::optional<Duration>
      duration;  // the metadata's chunkDuration; the samples' own is data_bytes / format
  std::string etag;
  WallTime found_at{};

  // Of the samples that are there.
  Duration audio_duration() const {
    const auto bytes_per_second = std::uint64_t{format.sample_rate_hz} * format.frame_bytes();
    return bytes_per_second == 0
               ? Duration{0}
               : Duration(static_cast<std::int64_t>(static_cast<double>(data_bytes) * 1e6 /
                                                    static_cast<double>(bytes_per_second)));
  }
};

}  // namespace earshot
