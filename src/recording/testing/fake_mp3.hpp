#pragma once
// For tests: streams of MP3 frames that hold nothing but their number, and a decoder that makes
// sound of it.

#include "base/bytes.hpp"
#include "ports/frame_decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace earshot::recording::testing {

// Of each frame, at 16 kHz.
inline constexpr std::size_t mp3_frame_samples = 576;

// 48 kbit/s at 16 kHz, one channel: 216 bytes.
inline Bytes mp3_frame(std::uint16_t number) {
  Bytes frame(216, 0);
  frame[0] = 0xFF;
  frame[1] = 0xF3;
  frame[2] = 0x68;
  frame[3] = 0xC4;
  frame[100] = static_cast<std::uint8_t>(number);
  frame[101] = static_cast<std::uint8_t>(number >> 8);
  return frame;
}

inline Bytes mp3_stream(std::uint16_t frames, std::uint16_t first = 0) {
  Bytes out;
  for (std::uint16_t i = 0; i < frames; ++i) {
    const auto frame = mp3_frame(static_cast<std::uint16_t>(first + i));
    out.insert(out.end(), frame.begin(), frame.end());
  }
  return out;
}

// Frames that are named bad are refused. Remembers how it was asked.
struct FakeDecoders : FrameDecoders {
  struct Decoder : FrameDecoder {
    explicit Decoder(FakeDecoders& all_in) : all(all_in) {}
    Result<void> decode(ByteView frame, Bytes& samples) override {
      const auto number = static_cast<std::uint16_t>(frame[100] | frame[101] << 8);
      ++all.decoded;
      if (all.bad(number)) return fail(ErrorKind::corrupt, "bad");
      for (std::size_t i = 0; i < mp3_frame_samples; ++i) {
        const auto sample = static_cast<std::uint16_t>(all.sound(number, i));
        samples.push_back(static_cast<std::uint8_t>(sample));
        samples.push_back(static_cast<std::uint8_t>(sample >> 8));
      }
      return ok();
    }
    void reset() override { ++all.resets; }
    FakeDecoders& all;
  };
  Result<std::unique_ptr<FrameDecoder>> open_mp3(AudioFormat, std::uint32_t) override {
    ++opened;
    return std::make_unique<Decoder>(*this);
  }
  std::function<bool(std::uint16_t)> bad = [](std::uint16_t) { return false; };
  // Of frame and sample; frame n holds n, n, n … unless told otherwise.
  std::function<std::int16_t(std::uint16_t, std::size_t)> sound =
      [](std::uint16_t number, std::size_t) { return static_cast<std::int16_t>(number); };
  int opened = 0;
  int decoded = 0;
  int resets = 0;
};

}  // namespace earshot::recording::testing
