#pragma once
// Where the frames of an MP3 stream begin and end, by their headers alone. Pure.

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace earshot::recording {

struct Mp3FrameHeader {
  std::uint32_t sampling_hz = 0;
  std::uint32_t bits_per_second = 0;
  std::uint32_t samples = 0;
  std::uint16_t channels = 0;
  std::size_t side_info_bytes = 0;
  std::size_t bytes = 0;  // of the whole frame

  // May stand in one stream with the other: only the bit rate changes within one.
  bool goes_with(const Mp3FrameHeader& other) const {
    return sampling_hz == other.sampling_hz && samples == other.samples &&
           channels == other.channels;
  }
};

inline constexpr std::size_t mp3_frame_header_bytes = 4;
// The longest that layer III has.
inline constexpr std::size_t mp3_frame_bytes_max = 1'441;

// Of a layer III frame; nullopt when none begins here.
std::optional<Mp3FrameHeader> read_mp3_frame_header(ByteView bytes);

// What stands at the beginning of a piece of a stream.
struct Mp3Step {
  enum class Kind {
    frame,    // of `bytes`
    garbage,  // `bytes` that belong to no frame
    more,     // the piece is too short to tell
    end,      // nothing more; a frame that is cut off counts as nothing
  };
  Kind kind = Kind::end;
  std::size_t bytes = 0;
};

// `last`: nothing follows the piece; otherwise 2 * mp3_frame_bytes_max bytes are always enough.
// Frames that do not go with `like` are garbage. `lost`: the step before was garbage, so that a
// frame must be followed by another, or by the end, to be believed. Where a stream is cut into
// pieces makes no difference.
Mp3Step next_mp3_frame(ByteView piece, bool last, const Mp3FrameHeader& like, bool lost);

}  // namespace earshot::recording
