#pragma once
// What the caller is told when the assistant cannot be reached: a short recording, bundled or
// configured.

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace earshot::bridge {

// A mono WAV, 8 kHz mu-law, in base64: synthetic speech, "We are sorry, our assistant cannot be
// reached. Please call again later. Goodbye."
std::string_view bundled_notice_base64();

struct NoticeAudio {
  std::uint32_t sample_rate_hz = 0;
  std::vector<std::int16_t> samples;  // mono
};

// Reads a WAV of 16-bit PCM or 8-bit mu-law, 8 to 48 kHz; of several channels the first is taken.
// `invalid` names what is wrong. At most a minute is taken.
Result<NoticeAudio> read_notice_wav(ByteView wav);

// The notice at `rate_hz`: of `configured_wav`, or the bundled one when that is empty or unusable
// (it is checked at start; here nothing may fail any more).
std::vector<std::int16_t> unreachable_notice(ByteView configured_wav, std::uint32_t rate_hz);

}  // namespace earshot::bridge
