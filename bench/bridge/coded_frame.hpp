#pragma once
// 20 ms of audio whose first samples say whose it is: every frame is then attributed on the other
// side, and nothing has to be assumed about order or number. The rest of a frame is the same in all
// frames, so that damage is seen too.

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace earshot::bench {

constexpr std::size_t frame_bytes = 960;        // 24 kHz, 16 bits, mono
constexpr std::size_t frame_characters = 1280;  // base64, no padding
constexpr std::int64_t frame_ns = 20'000'000;
constexpr int frames_per_second = 50;

enum class Direction : std::uint8_t { up, down };  // up: from the phone to the assistant

struct FrameCode {
  Direction direction = Direction::up;
  std::uint32_t call = 0;
  std::uint32_t sequence = 0;
  std::int64_t sent_ns = 0;  // steady clock
};

class FrameCoder {
 public:
  FrameCoder();
  // The whole text of a frame, with an empty code.
  const std::string& blank() const { return blank_; }
  // Writes the code over the first characters of a frame's text.
  void write(const FrameCode& code, char* text);
  // `text` is of frame_characters. nullopt: it is no frame of ours, or is damaged.
  std::optional<FrameCode> read(std::string_view text);
  // Where a frame may begin in `text`, after something was lost; npos: nowhere.
  std::size_t find_begin(std::string_view text) const;

 private:
  std::string blank_;
  std::string encoded_;
  Bytes bytes_;
};

}  // namespace earshot::bench
