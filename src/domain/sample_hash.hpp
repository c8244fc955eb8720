#pragma once
// A fast 64-bit hash for finding damage (not for secrets, not against an adversary; the manifest
// has SHA-256 for that). It takes 64-bit little-endian words: for each word w,
//   h = (h xor w) * 0x9E3779B97F4A7C15; h = h xor (h >> 29)
// starting at h = 0x45415253484F5421. A tail shorter than a word is padded with zeros. The total
// number of bytes is hashed as a last word.

#include "base/bytes.hpp"

#include <cstdint>
#include <cstring>

namespace earshot {

class SampleHash {
 public:
  void add(ByteView bytes) {
    total_ += bytes.size();
    while (pending_bytes_ != 0 && !bytes.empty()) {
      add_pending(bytes.front());
      bytes = bytes.subspan(1);
    }
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), 8);
      mix(word);
    }
    for (const std::uint8_t byte : bytes) add_pending(byte);
  }
  // The same bytes into two hashes, in one pass: neither has to wait for the other's product.
  static void add_to_both(SampleHash& first, SampleHash& second, ByteView bytes) {
    if (first.pending_bytes_ != 0 || second.pending_bytes_ != 0 || bytes.size() % 8 != 0) {
      first.add(bytes);
      second.add(bytes);
      return;
    }
    first.total_ += bytes.size();
    second.total_ += bytes.size();
    for (; !bytes.empty(); bytes = bytes.subspan(8)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), 8);
      first.mix(word);
      second.mix(word);
    }
  }
  std::uint64_t finish() {
    if (pending_bytes_ != 0) mix(pending_);
    mix(total_);
    const std::uint64_t result = state_;
    *this = SampleHash();
    return result;
  }

 private:
  void mix(std::uint64_t word) {
    state_ = (state_ ^ word) * 0x9E3779B97F4A7C15ULL;
    state_ ^= state_ >> 29;
  }
  void add_pending(std::uint8_t byte) {
    pending_ |= std::uint64_t{byte} << (8 * pending_bytes_);
    if (++pending_bytes_ == 8) {
      mix(pending_);
      pending_ = 0;
      pending_bytes_ = 0;
    }
  }

  std::uint64_t state_ = 0x45415253484F5421ULL;
  std::uint64_t pending_ = 0;
  unsigned pending_bytes_ = 0;
  std::uint64_t total_ = 0;
};

inline std::uint64_t hash_of(ByteView bytes) {
  SampleHash hash;
  hash.add(bytes);
  return hash.finish();
}

}  // namespace earshot
