#pragma once
// What a turn that StopAudio cut says, once the recording has shown where it was cut. Pure.

#include "domain/turn.hpp"
#include "recording/play_out_delay.hpp"

#include <optional>

namespace earshot::recording {

// Looked for in the recording; nullopt: the turn was not cut, or its words are not kept.
std::optional<CutTurn> cut_to_find(const Turn& turn);

// End and text as heard. Where the recording leaves a wide choice (the utterance was silent just
// there) the bridge's own word holds as far as the recording allows it. Of a turn with a cut.
VerifiedCut verified_cut(const Turn& turn, const HeardUntil& heard);

}  // namespace earshot::recording
