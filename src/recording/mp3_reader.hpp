#pragma once
// What the first frame of an MP3 file says of it. ACS writes constant bit rate, so the length of
// the file gives its duration. Pure.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/audio.hpp"

#include <cstdint>

namespace earshot::recording {

struct Mp3Layout {
  AudioFormat format;  // bits_per_sample is 0: compressed
  std::uint32_t bits_per_second = 0;
  std::uint64_t data_offset = 0;  // of the first frame, behind any ID3 tag
  std::uint64_t data_bytes = 0;
  Duration duration() const;
};

// How much of the file's beginning parse_mp3 wants.
inline constexpr std::uint64_t mp3_head_bytes = 64 << 10;

// `corrupt` says what stands where a frame is meant.
Result<Mp3Layout> parse_mp3(ByteView head, std::uint64_t file_bytes);

}  // namespace earshot::recording
