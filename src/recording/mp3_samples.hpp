#pragma once
// A chunk of MP3 as samples, decoded while it is read. Every frame has its place: one that cannot
// be decoded is silence, so that what follows stays where it was. The silence that the encoder says
// it put before and behind the sound is left out.

#include "base/executor.hpp"
#include "ports/frame_decoder.hpp"
#include "recording/byte_source.hpp"
#include "recording/mp3_frames.hpp"
#include "recording/mp3_reader.hpp"
#include "recording/sample_source.hpp"

#include <memory>
#include <string>
#include <vector>

namespace earshot::recording {

// Where the frames of a stream are: one in so many, from which the others are walked to.
struct Mp3Index {
  static constexpr std::uint64_t spacing = 64;
  std::vector<std::uint64_t> offsets;  // in the file, of frames 0, 64, 128 …
  std::uint64_t frames = 0;
  std::uint64_t garbage_bytes = 0;
};

class Mp3Samples : public SampleSource {
 public:
  struct Services {
    FrameDecoders& decoders;
    Offload& offload;
  };
  // Reads all of the file once, to find its frames; a few kB of memory an hour. `corrupt` says
  // where and why when it is no MP3, or more garbage than frames. `name` is for what goes wrong.
  static Task<Result<std::unique_ptr<Mp3Samples>>> open(std::unique_ptr<ByteSource> bytes,
                                                        std::string name, std::uint64_t file_bytes,
                                                        Services services);

  // 16 bits.
  AudioFormat format() const override { return format_; }
  std::uint64_t frames() const override { return frames_; }
  // Reading on from where the last read ended is cheapest. `corrupt` when most of what was read
  // could not be decoded.
  Task<Result<Bytes>> read(std::uint64_t first, std::uint64_t count) override;

 private:
  Mp3Samples(std::unique_ptr<ByteSource> bytes, std::string name, Mp3Layout layout,
             Services services);
  Task<Result<void>> find_frames();
  void trim();
  Task<Result<void>> seek(std::uint64_t frame);
  Task<Result<void>> fill_window();
  Task<Result<void>> decode_until(std::uint64_t sample);
  Result<void> decode_window();

  std::unique_ptr<ByteSource> bytes_;
  std::string name_;
  Mp3Layout layout_;
  Services services_;
  AudioFormat format_;
  Mp3FrameHeader like_;
  Mp3Index index_;
  std::uint64_t skipped_ = 0;  // samples before the sound
  std::uint64_t frames_ = 0;   // samples given out, in each channel

  // Where decoding stands.
  std::unique_ptr<FrameDecoder> decoder_;
  std::uint64_t next_frame_ = 0;
  std::uint64_t window_offset_ = 0;  // in the file
  Bytes window_;
  bool window_is_last_ = false;
  bool lost_ = false;                // between frames
  std::uint64_t decoded_first_ = 0;  // sample that `decoded_` begins with, before trimming
  Bytes decoded_;
  std::uint64_t decoded_frames_ = 0;
  std::uint64_t bad_frames_ = 0;
};

}  // namespace earshot::recording
