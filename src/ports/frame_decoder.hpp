#pragma once
// Compressed audio, one frame at a time, becomes samples. Who finds the frames is somebody else.
// Implementation: mp3/mp3_decoder (FFmpeg). One thread at a time; any.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "domain/audio.hpp"

#include <cstdint>
#include <memory>

namespace earshot {

class FrameDecoder {
 public:
  virtual ~FrameDecoder() = default;
  // Appends the frame's samples: 16 bits, little-endian, interleaved. `corrupt` when it cannot be
  // decoded, or holds something else than was promised; nothing is appended then, and the next
  // frame may be decoded.
  virtual Result<void> decode(ByteView frame, Bytes& samples) = 0;
  // What comes next does not follow what came before.
  virtual void reset() = 0;
};

class FrameDecoders {
 public:
  virtual ~FrameDecoders() = default;
  // For frames of `frame_samples` samples in `format`'s channels and rate (its bits say nothing).
  // `unavailable` when no decoder can be had.
  virtual Result<std::unique_ptr<FrameDecoder>> open_mp3(AudioFormat format,
                                                         std::uint32_t frame_samples) = 0;
};

}  // namespace earshot
