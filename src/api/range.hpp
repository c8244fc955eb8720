#pragma once
// HTTP byte ranges (RFC 9110, section 14): one range of a body of known length.

#include <cstdint>
#include <optional>
#include <string_view>

namespace earshot::api {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
  std::uint64_t length() const { return last - first + 1; }
};

enum class RangeOutcome { whole, part, unsatisfiable };

struct RangeDecision {
  RangeOutcome outcome = RangeOutcome::whole;
  ByteRange range;
};

// No header, another unit, several ranges or nonsense: the whole body, as the RFC allows.
RangeDecision decide_range(std::string_view header, std::uint64_t length);

}  // namespace earshot::api
