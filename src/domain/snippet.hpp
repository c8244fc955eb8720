#pragma once
// The part of a text around what was searched for in it. Pure.

#include <cstddef>
#include <string>
#include <string_view>

namespace earshot {

struct Snippet {
  std::string text;  // on one line, "…" at an end where it was cut
  // Of what was searched for, in bytes of `text`; both zero: it was found by other letters.
  std::size_t match_from = 0;
  std::size_t match_bytes = 0;
};

// At most so many characters on each side. Letters of ASCII are found in either case, others as
// they are.
Snippet make_snippet(std::string_view text, std::string_view wanted, std::size_t around = 40);

}  // namespace earshot
