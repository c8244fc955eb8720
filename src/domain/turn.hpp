#pragma once
// One utterance of caller or assistant. Times are the call's clock: microseconds since
// CallConnected.

#include "base/time.hpp"
#include "domain/audio.hpp"
#include "domain/clock_mapping.hpp"
#include "domain/ids.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot {

struct TurnWord {
  std::string text;
  Duration start{0};
  Duration end{0};

  bool operator==(const TurnWord&) const = default;
};

// What is needed to look in the recording for the place where StopAudio cut an utterance of the
// assistant. Kept of those alone whose sound a StopAudio took back.
struct TurnCut {
  Duration stop_left{0};        // StopAudio, call time
  Duration played_until{0};     // by the play-out queue, call time; not after stop_left
  Duration generated{0};        // length of all that was generated
  std::vector<TurnWord> words;  // of all that was generated, as if nothing had been cut

  bool operator==(const TurnCut&) const = default;
};

// Where ACS's recording shows that it was cut; found by verification.
struct VerifiedCut {
  MappingBasis basis = MappingBasis::levels;  // levels or waveform
  Duration end{0};                            // call time of the last sample that was heard
  Duration uncertainty{0};                    // half-width
  std::string text;                           // as heard until then
  bool is_estimated = false;                  // the text; as Turn::cut_is_estimated
  std::vector<TurnWord> words;

  bool operator==(const VerifiedCut&) const = default;
};

struct Turn {
  ContextId call;
  std::string
      item_id;  // the assistant session's id of it; unique in a call together with the session
  std::string session_id;
  Speaker speaker = Speaker::caller;
  Duration start{0};
  Duration end{0};
  std::string text;            // as heard: cut where the caller interrupted
  std::string generated_text;  // all that the assistant generated; empty when the same
  bool interrupted = false;
  bool cut_is_estimated = false;  // no word times: the text was cut in proportion
  std::vector<TurnWord> words;    // when known
  std::optional<TurnCut> cut;
  // end, text, words and cut_is_estimated stay what the bridge believed.
  std::optional<VerifiedCut> verified;
};

// The turn with what was verified in the place of what the bridge believed.
Turn as_heard(Turn turn);

}  // namespace earshot
