#include "domain/acs_resources.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <utility>

namespace earshot {
namespace {

constexpr std::size_t label_length_max = 32;
constexpr std::size_t unknown_name_length_max = 64;

char small(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// Azure writes its ids in either case, and now and then with a slash at the end.
bool same_id(std::string_view left, std::string_view right) {
  while (left.ends_with('/')) left.remove_suffix(1);
  while (right.ends_with('/')) right.remove_suffix(1);
  return std::ranges::equal(left, right, {}, small, small);
}

}  // namespace

bool is_resource_label(std::string_view text) {
  const bool letters = std::ranges::all_of(text, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
  });
  return letters && !text.empty() && text.size() <= label_length_max && text.front() != '-' &&
         text.back() != '-';
}

std::string unknown_resource_label(std::string_view topic) {
  const std::string_view name = topic.substr(topic.rfind('/') + 1);
  return "?" + std::string(name.substr(0, unknown_name_length_max));
}

AcsResources::AcsResources(std::vector<AcsResourceName> names) : names_(std::move(names)) {
  CHECK_INVARIANT(!names_.empty(), "there is an ACS resource");
}

std::optional<std::string> AcsResources::label_of(std::string_view topic) const {
  if (names_.size() == 1 && names_.front().id.empty()) return names_.front().label;
  const auto found = std::ranges::find_if(names_, [topic](const AcsResourceName& name) {
    return !name.id.empty() && same_id(name.id, topic);
  });
  return found == names_.end() ? std::nullopt : std::optional(found->label);
}

std::optional<std::size_t> AcsResources::place_of(std::string_view label) const {
  if (label.empty()) return 0;
  const auto found = std::ranges::find(names_, label, &AcsResourceName::label);
  if (found == names_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names_.begin());
}

}  // namespace earshot
