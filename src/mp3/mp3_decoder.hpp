#pragma once
// FFmpeg's MP3 decoder, and nothing else of FFmpeg: no demuxer, no parser, no file. What it is fed
// are whole frames, which bounds what it can hold.

#include "ports/frame_decoder.hpp"

namespace earshot::mp3 {

class Mp3Decoders : public FrameDecoders {
 public:
  // Silences FFmpeg's own log, which goes to standard error and quotes the input.
  Mp3Decoders();
  Result<std::unique_ptr<FrameDecoder>> open_mp3(AudioFormat format,
                                                 std::uint32_t frame_samples) override;
};

}  // namespace earshot::mp3
