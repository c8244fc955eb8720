#pragma once
// How the texts of settings become values, by kind: what a row of the table puts into `apply`.
// Private to app/config*.cpp.

#include "app/config.hpp"
#include "base/result.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace earshot::app {

using Apply = std::function<Result<void>(Config&, const std::string&)>;

Apply text(std::string Config::* member);
Apply secret(Secret Config::* member);
// true, 1, yes, on and their opposites, without regard to case.
Apply flag(bool Config::* member);

// A whole number within the bounds.
Result<long long> number(const std::string& value, long long low, long long high);
template <class T>
Apply whole(T Config::* member, long long low, long long high) {
  return [member, low, high](Config& config, const std::string& value) -> Result<void> {
    auto parsed = number(value, low, high);
    if (!parsed) return Failure(parsed.error());
    config.*member = static_cast<T>(*parsed);
    return ok();
  };
}

// A whole number of `unit`s.
Apply span(Duration Config::* member, Duration unit, long long low, long long high);
Apply span(std::optional<Duration> Config::* member, Duration unit, long long low, long long high);
Apply verdict_span(Duration VerdictThresholds::* member, Duration unit, long long low,
                   long long high);
Apply verdict_number(double VerdictThresholds::* member, double unit, long long low,
                     long long high);

// One of several words, without regard to case.
template <class T>
Apply choice(T Config::* member, std::vector<std::pair<std::string_view, T>> words) {
  return [member, words](Config& config, const std::string& value) -> Result<void> {
    std::string lower = value;
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char letter) { return std::tolower(letter); });
    std::string known;
    for (const auto& [word, meant] : words) {
      if (lower == word) {
        config.*member = meant;
        return ok();
      }
      known += (known.empty() ? "" : ", ") + std::string(word);
    }
    return fail(ErrorKind::invalid, fmt::format("is '{}'; it may be {}", value, known));
  };
}

// Of a telephone's keypad.
Apply keys(std::string Config::* member);

// The parts of a comma list, without the blanks around them and without empty ones.
std::vector<std::string> split_list(const std::string& value);
Apply list(std::vector<std::string> Config::* member);

// Plain http and ws would put keys and audio on the wire in the open; the machine itself is the
// exception.
Result<net::Url> checked_url(const std::string& value);
Apply address(std::string Config::* member);

}  // namespace earshot::app
