#pragma once
// Audio that is put together from stretches of stored samples and of silence, described before a
// sample is read: which frame of the whole is which frame of which source. Pure; wav_audio.hpp
// reads.

#include "domain/audio.hpp"
#include "recording/sample_convert.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace earshot::recording {

inline constexpr std::size_t pcm_silence = static_cast<std::size_t>(-1);

struct PcmSpan {
  std::uint64_t frames = 0;          // of the whole
  std::size_t source = pcm_silence;  // which of the sources
  std::uint64_t source_first = 0;    // frame in it
  // Spread over `frames`: where the two differ, single samples are left out or doubled, evenly, as
  // a clock that runs fast or slow by some millionths needs.
  std::uint64_t source_frames = 0;
  ChannelMap channels;
};

// What lies in one span of a range that was asked for.
struct PcmPiece {
  std::size_t span = 0;
  std::uint64_t first = 0;  // in the span
  std::uint64_t frames = 0;
};

class PcmLayout {
 public:
  // `format` is what is given out: 16 bits; a span's map has as many channels.
  PcmLayout(AudioFormat format, std::vector<PcmSpan> spans);

  const AudioFormat& format() const { return format_; }
  const std::vector<PcmSpan>& spans() const { return spans_; }
  std::uint64_t frames() const { return frames_; }
  // [first, first + count), cut to what there is.
  std::vector<PcmPiece> pieces(std::uint64_t first, std::uint64_t count) const;

 private:
  AudioFormat format_;
  std::vector<PcmSpan> spans_;
  std::vector<std::uint64_t> starts_;
  std::uint64_t frames_ = 0;
};

// The source's frame for frame `at` of a span.
std::uint64_t source_frame(const PcmSpan& span, std::uint64_t at);

}  // namespace earshot::recording
