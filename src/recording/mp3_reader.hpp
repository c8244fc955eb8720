#pragma once
// What the first frames of an MP3 file say of it, and which of its bytes are sound: tags, and the
// frame in which an encoder describes the whole file (Xing, Info, VBRI), are left out, so that the
// rest of several files can be joined. Pure.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/audio.hpp"

#include <cstdint>
#include <optional>

namespace earshot::recording {

struct Mp3Layout {
  AudioFormat format;  // bits_per_sample is 0: compressed
  std::uint32_t bits_per_second = 0;
  std::uint64_t data_offset = 0;  // of the first frame with sound
  std::uint64_t data_bytes = 0;
  // Frames with sound, where the encoder has counted them; else the bit rate tells the duration,
  // which is right while it is constant.
  std::optional<std::uint64_t> frames;
  std::uint32_t frame_samples = 0;
  // Samples of silence that the encoder says it put before the sound and behind it.
  std::optional<std::uint64_t> encoder_delay;
  std::uint64_t encoder_padding = 0;
  Duration duration() const;
};

// How much of the file's beginning and end parse_mp3 wants.
inline constexpr std::uint64_t mp3_head_bytes = 64 << 10;
inline constexpr std::uint64_t mp3_tail_bytes = 128;

// `corrupt` says what stands where a frame is meant. `tail`: the last mp3_tail_bytes of the file,
// or all of a shorter one.
Result<Mp3Layout> parse_mp3(ByteView head, ByteView tail, std::uint64_t file_bytes);

}  // namespace earshot::recording
