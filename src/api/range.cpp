#include "api/range.hpp"

#include <algorithm>
#include <charconv>

namespace earshot::api {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

RangeDecision decide_range(std::string_view header, std::uint64_t length) {
  if (!header.starts_with("bytes=")) return {};
  const std::string_view spec = header.substr(6);
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return {};
  const auto first = number(spec.substr(0, dash));
  const auto last = number(spec.substr(dash + 1));
  const bool open_end = spec.substr(dash + 1).empty();
  if (!first && spec.substr(0, dash).empty()) {  // the last n bytes
    if (!last) return {};
    if (*last == 0 || length == 0) return {.outcome = RangeOutcome::unsatisfiable};
    return {.outcome = RangeOutcome::part, .range = {length - std::min(*last, length), length - 1}};
  }
  if (!first || (!last && !open_end)) return {};
  if (*first >= length) return {.outcome = RangeOutcome::unsatisfiable};
  if (last && *last < *first) return {};
  return {.outcome = RangeOutcome::part,
          .range = {*first, last ? std::min(*last, length - 1) : length - 1}};
}

}  // namespace earshot::api
