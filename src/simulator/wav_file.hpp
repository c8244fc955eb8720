#pragma once
// Sound files: any that libsndfile reads comes in as mono samples; what goes out is a WAV with a
// plain 44-byte header, as ACS writes, or an MP3.

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace earshot::simulator {

struct Sound {
  std::vector<std::int16_t> samples;  // mono
  std::uint32_t rate_hz = 0;
};

// Several channels become their mean. `not_found`, or `invalid` when it is no sound file or is
// longer than an hour.
Result<Sound> read_sound_file(const std::string& path);

// 16-bit PCM; `interleaved` holds whole frames of `channels` samples.
std::string make_wav(std::span<const std::int16_t> interleaved, std::uint32_t rate_hz,
                     std::uint16_t channels);

// Mono. `unavailable` when this libsndfile cannot write MP3.
Result<std::string> make_mp3(std::span<const std::int16_t> samples, std::uint32_t rate_hz);

}  // namespace earshot::simulator
