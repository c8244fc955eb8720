#pragma once
// One utterance of caller or assistant. Times are the call's clock: microseconds since
// CallConnected.

#include "base/time.hpp"
#include "domain/audio.hpp"
#include "domain/ids.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot {

struct TurnWord {
  std::string text;
  Duration start{0};
  Duration end{0};
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
};

}  // namespace earshot
