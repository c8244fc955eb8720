#include "recording/pcm_layout.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <utility>

namespace earshot::recording {

PcmLayout::PcmLayout(AudioFormat format, std::vector<PcmSpan> spans)
    : format_(format), spans_(std::move(spans)) {
  CHECK_INVARIANT(format_.bits_per_sample == 16 && format_.channels > 0,
                  "audio is given out in 16 bits");
  std::erase_if(spans_, [](const PcmSpan& span) { return span.frames == 0; });
  starts_.reserve(spans_.size());
  for (auto& span : spans_) {
    if (span.source_frames == 0) span.source = pcm_silence;
    CHECK_INVARIANT(span.source == pcm_silence || span.channels.size() == format_.channels,
                    "a span gives as many channels as the whole");
    starts_.push_back(frames_);
    frames_ += span.frames;
  }
}

std::vector<PcmPiece> PcmLayout::pieces(std::uint64_t first, std::uint64_t count) const {
  std::vector<PcmPiece> out;
  first = std::min(first, frames_);
  const auto end = first + std::min(count, frames_ - first);
  auto index = static_cast<std::size_t>(std::ranges::upper_bound(starts_, first) - starts_.begin());
  for (index -= index > 0 ? 1 : 0; index < spans_.size() && starts_[index] < end; ++index) {
    const auto from = std::max(first, starts_[index]);
    const auto to = std::min(end, starts_[index] + spans_[index].frames);
    if (from < to) out.push_back({index, from - starts_[index], to - from});
  }
  return out;
}

std::uint64_t source_frame(const PcmSpan& span, std::uint64_t at) {
  if (span.frames == span.source_frames) return span.source_first + at;
  __extension__ using Wide = unsigned __int128;
  return span.source_first +
         static_cast<std::uint64_t>(Wide{at} * span.source_frames / span.frames);
}

}  // namespace earshot::recording
