#pragma once
// Randomness comes in through constructors: SystemRandom in service, SeededRandom in tests and
// simulation.

#include "base/bytes.hpp"

#include <cstdint>
#include <mutex>
#include <random>
#include <string>

namespace earshot {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next_u64() = 0;  // thread-safe

  // A number in [0, 1).
  double next_unit() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }
  // A number in [0, bound); bound > 0.
  std::uint64_t next_below(std::uint64_t bound) { return next_u64() % bound; }
};

// From the kernel, through libcrypto: good for keys and ids.
class SystemRandom : public Random {
 public:
  std::uint64_t next_u64() override;
};

// Repeatable; never for keys.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t next_u64() override {
    std::lock_guard lock(mutex_);
    return engine_();
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

// "5f1e0c00-1111-4222-8333-444455556666" (version 4).
std::string make_uuid(Random& random);
bool is_uuid(std::string_view text);
// 32 bytes as base64url: 43 characters that nobody guesses.
std::string make_token(Random& random);

}  // namespace earshot
