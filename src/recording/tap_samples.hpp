#pragma once
// The bridge's own copy as samples by call time, read from where it is: frame n is at n / rate of
// the call's clock, channel 0 the caller, channel 1 the assistant, silence where no run holds
// anything. A tap has no index; a block is found by its time with a few reads, as in a sorted
// file, and those that follow it without.

#include "domain/tap_format.hpp"
#include "recording/mending.hpp"
#include "recording/sample_source.hpp"

#include <memory>
#include <vector>

namespace earshot::recording {

// One run's bytes. Not for two readers at once: it remembers where it is.
class TapRunBytes {
 public:
  // Reads the header and the end. `corrupt` when it is no tap, or none of its blocks is whole.
  static Task<Result<std::unique_ptr<TapRunBytes>>> open(std::unique_ptr<ByteSource> bytes,
                                                         std::uint64_t size);

  const TapHeader& header() const { return header_; }
  // In frames of call time: where its first block begins, where its last one ends.
  std::uint64_t first_frame() const { return first_frame_; }
  std::uint64_t end_frame() const { return end_frame_; }

  // Copies what it holds of [first, first + frames) into `out`, which begins with frame `first`
  // and is two channels wide; notes which frames those were.
  Task<Result<void>> copy(std::uint64_t first, std::uint64_t frames, std::int16_t* out,
                          std::vector<Stretch>* there);

 private:
  TapRunBytes(std::unique_ptr<ByteSource> bytes, std::uint64_t size, TapHeader header)
      : bytes_(std::move(bytes)), size_(size), header_(header) {}
  Task<Result<void>> find_ends();
  Task<Result<void>> seek(std::uint64_t frame);
  Task<Result<void>> load(std::uint64_t offset);
  // A window in which at least one whole block stands, if the bytes are sound.
  std::uint64_t window_bytes() const {
    return 2 * (tap_block_header_bytes + std::uint64_t{header_.sample_rate_hz} * 4);
  }

  std::unique_ptr<ByteSource> bytes_;
  std::uint64_t size_;
  TapHeader header_;
  std::uint64_t first_frame_ = 0;
  std::uint64_t end_frame_ = 0;

  // What was read last, and the whole blocks in it.
  struct Found {
    std::uint64_t frame;
    std::uint32_t frames;
    std::size_t samples_at;  // in window_
  };
  Bytes window_;
  std::uint64_t window_offset_ = 0;
  std::uint64_t next_offset_ = 0;  // of what follows the window's last whole block
  std::vector<Found> blocks_;
};

class TapSamples : public SampleSource {
 public:
  // In the order of their numbers. `not_found` without a run; `conflict` when their rates differ.
  static Result<std::unique_ptr<TapSamples>> join(std::vector<std::unique_ptr<TapRunBytes>> runs);

  AudioFormat format() const override {
    return {.sample_rate_hz = rate_hz_, .channels = 2, .bits_per_sample = 16};
  }
  std::uint64_t frames() const override { return frames_; }
  // Also past the end: silence.
  Task<Result<Bytes>> read(std::uint64_t first, std::uint64_t count) override;
  // Where there is data, within the stretch: ascending, apart from each other.
  Task<Result<std::vector<Stretch>>> there_is(Stretch within);

 private:
  TapSamples(std::uint32_t rate_hz, std::vector<std::unique_ptr<TapRunBytes>> runs);

  std::uint32_t rate_hz_;
  std::uint64_t frames_ = 0;
  std::vector<std::unique_ptr<TapRunBytes>> runs_;
};

}  // namespace earshot::recording
