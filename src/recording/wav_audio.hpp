#pragma once
// One WAV out of stretches of stored samples, made while it is read: a header in memory, samples
// from where they are stored. Nothing is stored twice, any length costs the same memory, and any
// byte can be had at once.

#include "recording/audio_reader.hpp"
#include "recording/pcm_layout.hpp"
#include "recording/sample_source.hpp"

#include <memory>
#include <vector>

namespace earshot::recording {

// The header of a WAV whose samples follow it at once: 16-byte PCM `fmt `, RF64 where 32 bits do
// not hold the size.
Bytes wav_header(const AudioFormat& format, std::uint64_t data_bytes);

class WavAudio : public AudioReader {
 public:
  // Spans count in `sources`.
  WavAudio(PcmLayout layout, std::vector<std::unique_ptr<SampleSource>> sources);

  std::string content_type() const override { return "audio/wav"; }
  std::uint64_t size() const override { return header_.size() + data_bytes_ + data_bytes_ % 2; }
  Task<Result<Bytes>> read(std::uint64_t offset, std::uint64_t length) override;

  const PcmLayout& layout() const { return layout_; }
  // Frames alone, without the header; as many as there are.
  Task<Result<Bytes>> read_frames(std::uint64_t first, std::uint64_t count);

 private:
  Task<Result<void>> append_piece(PcmPiece piece, Bytes& out);

  PcmLayout layout_;
  std::vector<std::unique_ptr<SampleSource>> sources_;
  std::uint64_t data_bytes_;
  Bytes header_;
};

}  // namespace earshot::recording
