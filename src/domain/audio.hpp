#pragma once
// What a stream or file of audio is made of. Samples are signed 16-bit little-endian unless said
// otherwise.

#include <cstdint>

namespace earshot {

struct AudioFormat {
  std::uint32_t sample_rate_hz = 0;
  std::uint16_t channels = 0;
  std::uint16_t bits_per_sample = 16;
  bool operator==(const AudioFormat&) const = default;
  std::uint32_t frame_bytes() const {
    return std::uint32_t{channels} * bits_per_sample / 8;
  }  // all channels once
};

enum class RecordingChannels { mixed, unmixed };
enum class RecordingFormat { wav, mp3 };
enum class Speaker { caller, assistant };

}  // namespace earshot
