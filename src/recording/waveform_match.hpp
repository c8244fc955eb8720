#pragma once
// Finds one stretch of sound in another, to a fraction of a millisecond: normalised
// cross-correlation at 8 kHz. For the clock mapping and for the place where an utterance was cut.
// Pure.

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace earshot::recording {

inline constexpr std::uint32_t match_rate_hz = 8000;

// At match_rate_hz, with the low end tilted away, which would blur the peak. Empty when the rate is
// none (outside 4..192 kHz).
std::vector<float> prepare_for_match(std::span<const std::int16_t> samples, std::uint32_t rate_hz);

struct WaveformMatch {
  double offset_ms = 0;    // of the sound's beginning in `within`
  double sigma_ms = 0;     // from how well its parts agree
  double correlation = 0;  // -1..1, at the peak
};

// nullopt: silent, shorter than 200 ms, not there, or there twice. Both as prepare_for_match made
// them; `within` is longer than `sound`.
std::optional<WaveformMatch> find_waveform(std::span<const float> sound,
                                           std::span<const float> within);

// Correlation of `sound` with what lies at that offset; 0 where either is silent or too short.
double correlation_at_offset(std::span<const float> sound, std::span<const float> within,
                             double offset_ms);

}  // namespace earshot::recording
