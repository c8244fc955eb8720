#pragma once
// Recognises a short sequence among the keys that a caller presses. Holds no more of what was
// pressed than the sequence's own beginning. Pure; one thread.

#include "base/time.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace earshot::bridge {

// '0' … '9', '*', '#', 'A' … 'D' of a key as ACS names it ("3", "#"; Call Automation's events say
// "three", "pound"); nullopt: none of these.
inline std::optional<char> key_of(std::string_view tone) {
  constexpr std::array<std::pair<std::string_view, char>, 12> words{{{"zero", '0'},
                                                                     {"one", '1'},
                                                                     {"two", '2'},
                                                                     {"three", '3'},
                                                                     {"four", '4'},
                                                                     {"five", '5'},
                                                                     {"six", '6'},
                                                                     {"seven", '7'},
                                                                     {"eight", '8'},
                                                                     {"nine", '9'},
                                                                     {"asterisk", '*'},
                                                                     {"pound", '#'}}};
  for (const auto& [word, key] : words)
    if (tone == word) return key;
  if (tone.size() != 1) return std::nullopt;
  const char key = static_cast<char>(std::toupper(static_cast<unsigned char>(tone[0])));
  return std::string_view("0123456789*#ABCD").contains(key) ? std::optional(key) : std::nullopt;
}

class KeySequence {
 public:
  static constexpr Duration between_keys_max = 5s;

  explicit KeySequence(std::string keys) : keys_(std::move(keys)) {}

  // True: this key completes it.
  bool pressed(SteadyTime now, char key) {
    if (keys_.empty()) return false;
    if (now - last_ > between_keys_max) matched_ = 0;
    last_ = now;
    // The longest beginning that the keys so far end with.
    for (;; --matched_) {
      if (keys_[matched_] == key && follows(matched_)) {
        ++matched_;
        break;
      }
      if (matched_ == 0) break;
    }
    so_far_ = matched_;
    if (matched_ < keys_.size()) return false;
    matched_ = so_far_ = 0;
    return true;
  }

 private:
  // What was matched ends with the first `length` keys.
  bool follows(std::size_t length) const {
    return keys_.substr(so_far_ - length, length) == keys_.substr(0, length);
  }

  std::string keys_;
  std::size_t matched_ = 0;
  std::size_t so_far_ = 0;
  SteadyTime last_{};
};

}  // namespace earshot::bridge
