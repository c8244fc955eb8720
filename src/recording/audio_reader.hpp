#pragma once
// An audio file as if it were one, whatever it is made of: what downloads and the player read.

#include "base/bytes.hpp"
#include "base/task.hpp"

#include <cstdint>
#include <string>

namespace earshot::recording {

class AudioReader {
 public:
  virtual ~AudioReader() = default;
  virtual std::string content_type() const = 0;
  virtual std::uint64_t size() const = 0;
  // At most `length` bytes, and at most audio_read_bytes_max; none at the end. `conflict` when a
  // blob has changed since it was discovered, `corrupt` when it has become shorter.
  virtual Task<Result<Bytes>> read(std::uint64_t offset, std::uint64_t length) = 0;
};

inline constexpr std::uint64_t audio_read_bytes_max = 8ull << 20;

}  // namespace earshot::recording
