#pragma once
// Makes the mapping out of single estimates: joins them, and covers each stretch on both sides.
// Pure.

#include "recording/alignment.hpp"

namespace earshot::recording::detail {

// Sets mapping, and the counts of windows in `stretches`, from `windows`.
void make_mapping(Alignment& alignment, const AlignmentOptions& options);

}  // namespace earshot::recording::detail
