#pragma once
// Numbers as little-endian bytes, for ledger and tap.

#include "base/bytes.hpp"

#include <concepts>
#include <cstdint>

namespace earshot {

template <std::integral T>
void put_le(T value, Bytes& out) {
  auto rest = static_cast<std::uint64_t>(value);
  for (std::size_t i = 0; i < sizeof(T); ++i, rest >>= 8)
    out.push_back(static_cast<std::uint8_t>(rest & 0xff));
}

// `at` + sizeof(T) must lie within `bytes`.
template <std::integral T>
T get_le(ByteView bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::uint64_t{bytes[at + i]} << (8 * i);
  return static_cast<T>(value);
}

}  // namespace earshot
