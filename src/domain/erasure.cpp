#include "domain/erasure.hpp"

namespace earshot {

std::string_view to_text(ErasureState state) {
  switch (state) {
    case ErasureState::waiting:
      return "waiting";
    case ErasureState::erasing:
      return "erasing";
    case ErasureState::erased:
      return "erased";
    case ErasureState::refused:
      return "refused";
  }
  return "unknown";
}

}  // namespace earshot
