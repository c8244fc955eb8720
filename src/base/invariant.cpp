#include "base/invariant.hpp"

#include <fmt/format.h>

namespace earshot {

void invariant_broken(const char* condition, const char* message, const char* file, int line) {
  throw InvariantBroken(fmt::format("{} ({}) at {}:{}", message, condition, file, line));
}

}  // namespace earshot
