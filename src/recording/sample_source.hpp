#pragma once
// Stored samples by their frame numbers, wherever they are.

#include "base/task.hpp"
#include "domain/audio.hpp"
#include "recording/byte_source.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace earshot::recording {

class SampleSource {
 public:
  virtual ~SampleSource() = default;
  virtual AudioFormat format() const = 0;
  virtual std::uint64_t frames() const = 0;
  // `count` frames from `first` as they are stored; they must be within frames(). `corrupt` when
  // fewer are there than promised.
  virtual Task<Result<Bytes>> read(std::uint64_t first, std::uint64_t count) = 0;
};

// One behind the other in some bytes: of a chunk, or of a rendered repair.
class StoredSamples : public SampleSource {
 public:
  // `name` is for what goes wrong.
  StoredSamples(std::unique_ptr<ByteSource> bytes, std::string name, AudioFormat format,
                std::uint64_t offset, std::uint64_t frames)
      : bytes_(std::move(bytes)),
        name_(std::move(name)),
        format_(format),
        offset_(offset),
        frames_(frames) {}

  AudioFormat format() const override { return format_; }
  std::uint64_t frames() const override { return frames_; }
  Task<Result<Bytes>> read(std::uint64_t first, std::uint64_t count) override;

 private:
  std::unique_ptr<ByteSource> bytes_;
  std::string name_;
  AudioFormat format_;
  std::uint64_t offset_;
  std::uint64_t frames_;
};

// All channels of another as one, 16 bits.
class MixedSamples : public SampleSource {
 public:
  explicit MixedSamples(std::unique_ptr<SampleSource> source) : source_(std::move(source)) {}

  AudioFormat format() const override {
    return {
        .sample_rate_hz = source_->format().sample_rate_hz, .channels = 1, .bits_per_sample = 16};
  }
  std::uint64_t frames() const override { return source_->frames(); }
  Task<Result<Bytes>> read(std::uint64_t first, std::uint64_t count) override;

 private:
  std::unique_ptr<SampleSource> source_;
};

}  // namespace earshot::recording
