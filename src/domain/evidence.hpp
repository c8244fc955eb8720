#pragma once
// What the two witnesses have to say of one call, gathered by recording/verification and judged by
// domain/judge.hpp. Nothing here is derived from the other witness.

#include "base/time.hpp"
#include "domain/call.hpp"
#include "domain/clock_mapping.hpp"
#include "domain/ids.hpp"
#include "domain/ledger_format.hpp"
#include "domain/recording.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace earshot {

inline constexpr Duration ledger_slot = 20ms;

struct WallSpan {
  WallTime from{};
  WallTime to{};
  bool operator==(const WallSpan&) const = default;
};

// What a chunk's metadata file says beside start and duration, which stand in the Chunk.
struct MetadataWords {
  std::vector<WallSpan> pauses;
  std::string call_id;
  std::optional<std::uint32_t> index;
  std::optional<std::uint32_t> sample_rate_hz;
  std::optional<std::uint32_t> channels;
  std::string channel_type;  // "mixed", "unmixed", ""
  bool types_swapped = false;
  std::vector<std::uint32_t> participant_channels;  // those that were given
};

struct ChunkEvidence {
  Chunk chunk;
  std::optional<MetadataWords> metadata;  // none: no file, or none that can be read
  int exports = 1;                        // how often the index was found
  std::string unreadable;                 // why the file cannot be used; "" when it can
  std::uint64_t bytes_promised = 0;       // by its header, more than there are
  // A level for each 20 ms of its samples, by channel (domain/level_meter.hpp); none: not examined.
  std::vector<std::vector<std::uint8_t>> levels;
};

struct RecordingEvidence {
  Recording recording;
  std::vector<RecordingPause> pauses;      // that we commanded
  std::vector<ChunkEvidence> chunks;       // by index
  std::optional<std::uint32_t> last_told;  // the index that ACS called its last
  // Who said enough to be compared, and sounds otherwise here than in the ledger.
  std::vector<Speaker> contents_differ;
};

// All runs of a call's ledger as one: a level for each 20 ms of call time. Beyond the end, and
// where nothing was written: level_no_data.
struct BridgeLevels {
  std::vector<std::uint8_t> caller;
  std::vector<std::uint8_t> assistant;
  bool has_tap = false;
  std::size_t records_corrupt = 0;

  bool covers(std::size_t slot) const;
  Duration covered(Duration from, Duration to) const;
};

// Of several runs; where two have the same time, the later run's word holds.
BridgeLevels join_ledgers(const std::vector<LedgerContents>& runs);

// That what came in as the caller's held what we had played. It is silent in the ledger below.
struct OwnVoiceReturned {
  Duration delay{0};    // from play-out to its return, in the median
  double gain_db = 0;   // of what returned, against what was played, in the median
  Duration removed{0};  // of what would have counted as the caller's speech
};

struct CallEvidence {
  Call call;
  std::vector<RecordingEvidence> recordings;  // oldest first
  std::optional<BridgeLevels> ledger;
  bool tap_present = false;   // the samples, in spool or store
  bool media_opened = false;  // there ever was a media socket
  std::optional<OwnVoiceReturned> own_voice;
  ClockMapping mapping;
  // No more is expected: the searches have ended, or the deadline has come.
  bool final = false;
};

// Frames (one sample of each channel) that a chunk holds; of compressed audio, as its length says.
std::uint64_t frames_of(const Chunk& chunk);
Duration length_of_frames(std::uint64_t frames, std::uint32_t rate_hz);

// Zero of the call's clock; nullopt: it was never answered.
std::optional<WallTime> call_time_zero(const Call& call);

}  // namespace earshot
