#include "bench/bridge/coded_frame.hpp"

#include "base/base64.hpp"

#include <array>
#include <cstring>

namespace earshot::bench {

namespace {

// Six bytes, so that they are eight whole characters of the text.
constexpr std::array<std::uint8_t, 6> magic{0x45, 0xA7, 0x5C, 0x0D, 0xE1, 0x3B};
constexpr std::size_t code_bytes = 24;
constexpr std::size_t code_characters = 32;

std::array<std::uint8_t, code_bytes> to_bytes(const FrameCode& code) {
  std::array<std::uint8_t, code_bytes> bytes{};
  std::memcpy(bytes.data(), magic.data(), magic.size());
  bytes[6] = static_cast<std::uint8_t>(code.direction);
  std::memcpy(&bytes[8], &code.call, sizeof code.call);
  std::memcpy(&bytes[12], &code.sequence, sizeof code.sequence);
  std::memcpy(&bytes[16], &code.sent_ns, sizeof code.sent_ns);
  return bytes;
}

}  // namespace

FrameCoder::FrameCoder() {
  Bytes frame(frame_bytes);
  const auto code = to_bytes({});
  std::memcpy(frame.data(), code.data(), code.size());
  for (std::size_t i = code_bytes; i < frame.size(); ++i)
    frame[i] = static_cast<std::uint8_t>(i * 167 + (i >> 3));
  blank_ = base64::encode(frame);
}

void FrameCoder::write(const FrameCode& code, char* text) {
  const auto bytes = to_bytes(code);
  encoded_.clear();
  base64::encode_to(bytes, encoded_);
  std::memcpy(text, encoded_.data(), code_characters);
}

std::optional<FrameCode> FrameCoder::read(std::string_view text) {
  if (text.size() != frame_characters ||
      text.substr(code_characters) != std::string_view(blank_).substr(code_characters) ||
      !base64::decode_to(text.substr(0, code_characters), bytes_) || bytes_.size() != code_bytes ||
      std::memcmp(bytes_.data(), magic.data(), magic.size()) != 0 || bytes_[6] > 1)
    return std::nullopt;
  FrameCode code;
  code.direction = static_cast<Direction>(bytes_[6]);
  std::memcpy(&code.call, &bytes_[8], sizeof code.call);
  std::memcpy(&code.sequence, &bytes_[12], sizeof code.sequence);
  std::memcpy(&code.sent_ns, &bytes_[16], sizeof code.sent_ns);
  return code;
}

std::size_t FrameCoder::find_begin(std::string_view text) const {
  return text.find(std::string_view(blank_).substr(0, 8));
}

}  // namespace earshot::bench
