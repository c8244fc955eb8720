#pragma once
// Somebody's word that nothing of a call may be deleted or moved to another tier, until somebody
// lifts it. A call may be under several at once; each is lifted by itself.

#include "base/time.hpp"
#include "domain/ids.hpp"

#include <optional>
#include <string>

namespace earshot {

using HoldId = Id<struct HoldTag>;  // ours, a UUID

struct LegalHold {
  HoldId id;
  ContextId call;
  std::string who;  // as they call themselves
  std::string why;
  WallTime since{};
  std::optional<WallTime> lifted_at;
  std::string lifted_by;
  bool operator==(const LegalHold&) const = default;
};

}  // namespace earshot
