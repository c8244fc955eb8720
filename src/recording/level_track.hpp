#pragma once
// The loudness of a call and of its recording, 20 ms a byte (domain/level_meter.hpp): what the
// estimate of the clock mapping and the verdict compare. Fifty bytes a second and side, whatever
// the audio's rate. Pure.

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "domain/audio.hpp"
#include "domain/ids.hpp"
#include "domain/ledger_format.hpp"
#include "domain/recording.hpp"
#include "recording/chunk_metadata.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace earshot::recording {

inline constexpr Duration level_slot = 20ms;

struct SlotRange {
  std::int64_t from = 0;
  std::int64_t to = 0;  // not in it
  bool operator==(const SlotRange&) const = default;
};

// What the bridge heard and played. Slot k is call time [k * 20 ms, k * 20 ms + 20 ms).
struct CallLevels {
  std::vector<std::uint8_t> caller;     // from slot 0; 0 = nothing arrived
  std::vector<std::uint8_t> assistant;  // as long; 0 = nothing was played
  // Where the ledger has records. Elsewhere both are 0, and nobody knows.
  std::vector<SlotRange> witnessed;
  // Slots at which a side's delay may well change: StopAudio, a new run; a socket that came back, a
  // clock that was set anew. Ascending, known to the second only.
  std::vector<std::int64_t> assistant_breaks;
  std::vector<std::int64_t> caller_breaks;
  std::uint64_t seconds_refused = 0;  // beyond call_seconds_max

  std::int64_t slots() const { return static_cast<std::int64_t>(caller.size()); }
  const std::vector<std::uint8_t>& of(Speaker side) const {
    return side == Speaker::caller ? caller : assistant;
  }
};

// No call is longer; a ledger that says so is damaged.
inline constexpr std::uint32_t call_seconds_max = 30 * 3600;

// The runs of one call, in any order. Where two tell of one slot, data wins over no data.
CallLevels call_levels(std::span<const LedgerContents> runs);

// Samples of a chunk whose nominal times follow each other: a chunk, or what lies between two of
// its pauses.
struct RecordedStretch {
  RecordingId recording;
  ChunkIndex chunk;
  std::uint64_t first_frame = 0;
  std::uint64_t frames = 0;
  std::uint32_t rate_hz = 0;
  Duration nominal_start{0};   // call time
  bool start_is_known = true;  // false: no metadata says; taken from the neighbours
  bool operator==(const RecordedStretch&) const = default;

  Duration length() const;
  Duration nominal_end() const { return nominal_start + length(); }
  Duration nominal_of(std::uint64_t frame) const;
};

struct ChunkToLayOut {
  Chunk chunk;                     // with format and data_bytes
  std::vector<ChunkPause> pauses;  // the metadata's
  std::uint64_t frames = 0;        // of a compressed chunk, once decoded; 0: by data_bytes
};

// Lays the chunks of one recording on the nominal clock, and cuts them at their pauses, where
// nominal time jumps. `chunks` in order of index. Pauses that no metadata lists are taken from
// `commanded`. A paused span is not in the audio unless the chunk's own duration shows that its
// samples reach over it. A chunk without a start follows the one before it, else precedes the one
// behind it, else begins at `active_at`, else at `call_time_zero`.
std::vector<RecordedStretch> lay_out(std::span<const ChunkToLayOut> chunks,
                                     std::span<const RecordingPause> commanded,
                                     WallTime call_time_zero,
                                     std::optional<WallTime> active_at = {});

// Slot k of a stretch begins at nominal_start + k * 20 ms.
struct StretchLevels {
  RecordedStretch stretch;
  std::vector<std::vector<std::uint8_t>> channels;
};

// Meters a chunk's samples while they stream by; holds no more than a slot of them.
class ChunkLevelMeter {
 public:
  // PCM as WavReader describes it: 8 bits unsigned, 16, 24 or 32 signed, little-endian; at least 50
  // Hz. `stretches` are the chunk's, ascending by first_frame.
  ChunkLevelMeter(AudioFormat format, std::vector<RecordedStretch> stretches);

  // The data bytes from the first on, cut anywhere.
  void feed(ByteView bytes);
  // Once. Stretches for which too few bytes came are shortened to what there was.
  std::vector<StretchLevels> finish();

 private:
  void take_frame(const std::uint8_t* frame);
  void end_slot();
  void open_slot();

  AudioFormat format_;
  std::vector<StretchLevels> levels_;
  std::size_t at_ = 0;                              // stretch
  std::uint64_t frame_ = 0;                         // of the chunk, next
  std::uint64_t slot_end_ = 0;                      // frame
  Bytes partial_;                                   // of a frame
  std::vector<std::vector<std::int16_t>> samples_;  // of the slot, by channel
};

// Whole frames of PCM as 16-bit samples: of one channel, or the mean of all.
std::vector<std::int16_t> decode_pcm(ByteView bytes, const AudioFormat& format,
                                     std::optional<std::uint32_t> channel);

}  // namespace earshot::recording
