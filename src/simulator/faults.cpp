#include "simulator/faults.hpp"

#include <charconv>
#include <fmt/format.h>

namespace earshot::simulator {
namespace {

bool matches(std::string_view pattern, std::string_view point) {
  if (pattern.ends_with('*')) return point.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == point;
}

template <class T>
bool read_number(std::string_view text, T& out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_duration(std::string_view text, Duration& out) {
  long long factor = 1'000'000;  // a bare number is seconds
  if (text.ends_with("ms")) {
    factor = 1000;
    text.remove_suffix(2);
  } else if (text.ends_with('s')) {
    text.remove_suffix(1);
  }
  long long count = 0;
  if (!read_number(text, count) || count < 0 || count > 86'400'000) return false;
  out = Duration(count * factor);
  return true;
}

bool read_chance(std::string_view text, double& out) {
  return read_number(text, out) && out >= 0 && out <= 1;
}

bool read_flag(FaultRule& rule, std::string_view word) {
  if (word == "drop") return rule.drop = true;
  if (word == "reorder") return rule.reorder = true;
  if (word == "answer-lost") return rule.answer_lost = true;
  return false;
}

bool read_setting(FaultRule& rule, std::string_view name, std::string_view value) {
  if (name == "chance") return read_chance(value, rule.chance);
  if (name == "skip") return read_number(value, rule.skip);
  if (name == "times") return read_number(value, rule.times);
  if (name == "delay") return read_duration(value, rule.delay);
  if (name == "spread") return read_duration(value, rule.delay_spread);
  if (name == "copies") return read_number(value, rule.copies) && rule.copies <= 100;
  if (name == "status")
    return read_number(value, rule.status) && rule.status >= 400 && rule.status < 600;
  if (name == "redirect") return !(rule.redirect = value).empty();
  if (name == "retry-after") return read_number(value, rule.retry_after_s.emplace());
  return false;
}

}  // namespace

Result<FaultRule> parse_fault(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0)
    return fail(ErrorKind::invalid,
                fmt::format("fault \"{}\": expected point:setting[,setting]", text));
  FaultRule rule{.point = std::string(text.substr(0, colon))};
  std::string_view rest = text.substr(colon + 1);
  while (true) {
    const auto comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    const auto equals = word.find('=');
    const bool understood =
        equals == std::string_view::npos
            ? read_flag(rule, word)
            : read_setting(rule, word.substr(0, equals), word.substr(equals + 1));
    if (!understood)
      return fail(ErrorKind::invalid,
                  fmt::format("fault \"{}\": \"{}\" is not understood", text, word));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return rule;
}

Faults::Faults(std::vector<FaultRule> rules, std::uint64_t seed) : dice_(seed) {
  for (auto& rule : rules) add(std::move(rule));
}

void Faults::add(FaultRule rule) { rules_.push_back({.rule = std::move(rule)}); }

void Faults::clear() { rules_.clear(); }

Fault Faults::at(std::string_view point) {
  for (auto& [rule, matched, used] : rules_) {
    if (!matches(rule.point, point)) continue;
    if (matched++ < rule.skip || used >= rule.times) continue;
    if (rule.chance < 1 && dice_.next_unit() >= rule.chance) continue;
    ++used;
    ++struck_;
    Fault fault{.delay = rule.delay,
                .copies = rule.copies,
                .drop = rule.drop,
                .reorder = rule.reorder,
                .status = rule.status,
                .retry_after_s = rule.retry_after_s,
                .answer_lost = rule.answer_lost,
                .redirect = rule.redirect};
    if (rule.delay_spread > Duration::zero())
      fault.delay += Duration(static_cast<Duration::rep>(
          dice_.next_unit() * static_cast<double>(rule.delay_spread.count())));
    return fault;
  }
  return {};
}

}  // namespace earshot::simulator
