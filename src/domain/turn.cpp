#include "domain/turn.hpp"

#include <utility>

namespace earshot {

Turn as_heard(Turn turn) {
  if (!turn.verified) return turn;
  if (turn.generated_text.empty()) turn.generated_text = turn.text;
  turn.end = turn.verified->end;
  turn.text = turn.verified->text;
  turn.words = turn.verified->words;
  turn.cut_is_estimated = turn.verified->is_estimated;
  if (turn.text == turn.generated_text) turn.generated_text.clear();
  return turn;
}

}  // namespace earshot
