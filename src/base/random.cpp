#include "base/random.hpp"

#include "base/base64.hpp"

#include <fmt/format.h>

namespace earshot {
namespace {

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

std::string make_uuid(Random& random) {
  // RFC 9562: four bits of version, two of variant, the rest random.
  const std::uint64_t high = (random.next_u64() & ~0xF000ULL) | 0x4000ULL;
  const std::uint64_t low = (random.next_u64() & ~(3ULL << 62)) | (2ULL << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF,
                     high & 0xFFFF, low >> 48, low & 0xFFFF'FFFF'FFFFULL);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_dash_place = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash_place ? text[i] != '-' : !is_hex_digit(text[i])) return false;
  }
  return true;
}

std::string make_token(Random& random) {
  Bytes bytes;
  bytes.reserve(32);
  for (int word = 0; word < 4; ++word) {
    const std::uint64_t value = random.next_u64();
    for (int shift = 0; shift < 64; shift += 8)
      bytes.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  return base64::encode_url(bytes);
}

}  // namespace earshot
