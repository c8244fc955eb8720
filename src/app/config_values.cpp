#include "app/config_values.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace earshot::app {

Apply text(std::string Config::* member) {
  return [member](Config& config, const std::string& value) {
    config.*member = value;
    return ok();
  };
}

Apply secret(Secret Config::* member) {
  return [member](Config& config, const std::string& value) {
    config.*member = Secret(value);
    return ok();
  };
}

Apply flag(bool Config::* member) {
  return [member](Config& config, const std::string& value) -> Result<void> {
    std::string lower = value;
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char letter) { return std::tolower(letter); });
    if (lower == "true" || lower == "1" || lower == "yes" || lower == "on") {
      config.*member = true;
    } else if (lower == "false" || lower == "0" || lower == "no" || lower == "off") {
      config.*member = false;
    } else {
      return fail(ErrorKind::invalid,
                  fmt::format("is '{}', which is neither true nor false", value));
    }
    return ok();
  };
}

Result<long long> number(const std::string& value, long long low, long long high) {
  long long parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc{} || end != value.data() + value.size())
    return fail(ErrorKind::invalid, fmt::format("is '{}', which is not a whole number", value));
  if (parsed < low || parsed > high)
    return fail(ErrorKind::invalid, fmt::format("is {}, outside {} to {}", parsed, low, high));
  return parsed;
}

Apply span(Duration Config::* member, Duration unit, long long low, long long high) {
  return [member, unit, low, high](Config& config, const std::string& value) -> Result<void> {
    auto parsed = number(value, low, high);
    if (!parsed) return Failure(parsed.error());
    config.*member = unit * *parsed;
    return ok();
  };
}

Apply span(std::optional<Duration> Config::* member, Duration unit, long long low, long long high) {
  return [member, unit, low, high](Config& config, const std::string& value) -> Result<void> {
    auto parsed = number(value, low, high);
    if (!parsed) return Failure(parsed.error());
    config.*member = unit * *parsed;
    return ok();
  };
}

Apply verdict_span(Duration VerdictThresholds::* member, Duration unit, long long low,
                   long long high) {
  return [member, unit, low, high](Config& config, const std::string& value) -> Result<void> {
    auto parsed = number(value, low, high);
    if (!parsed) return Failure(parsed.error());
    config.verdict.*member = unit * *parsed;
    return ok();
  };
}

Apply verdict_number(double VerdictThresholds::* member, double unit, long long low,
                     long long high) {
  return [member, unit, low, high](Config& config, const std::string& value) -> Result<void> {
    auto parsed = number(value, low, high);
    if (!parsed) return Failure(parsed.error());
    config.verdict.*member = unit * static_cast<double>(*parsed);
    return ok();
  };
}

Apply keys(std::string Config::* member) {
  return [member](Config& config, const std::string& value) -> Result<void> {
    constexpr std::size_t keys_min = 2;
    constexpr std::size_t keys_max = 8;
    if (!value.empty() && (value.size() < keys_min || value.size() > keys_max ||
                           value.find_first_not_of("0123456789*#ABCD") != std::string::npos))
      return fail(ErrorKind::invalid,
                  fmt::format("is '{}', not 2 to 8 of the keys 0 to 9, *, # and A to D", value));
    config.*member = value;
    return ok();
  };
}

Apply list(std::vector<std::string> Config::* member) {
  return [member](Config& config, const std::string& value) {
    config.*member = split_list(value);
    return ok();
  };
}

Result<net::Url> checked_url(const std::string& value) {
  auto url = net::parse_url(value);
  if (!url) return fail(ErrorKind::invalid, fmt::format("is no URL ({})", url.error().message));
  if (!url->is_tls() && !net::is_loopback(url->host))
    return fail(ErrorKind::invalid, "is plain http to another machine; use https");
  return url;
}

Apply address(std::string Config::* member) {
  return [member](Config& config, const std::string& value) -> Result<void> {
    auto url = checked_url(value);
    if (!url) return Failure(url.error());
    std::string cleaned = value;
    while (cleaned.ends_with('/')) cleaned.pop_back();
    config.*member = cleaned;
    return ok();
  };
}

std::vector<std::string> split_list(const std::string& value) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= value.size()) {
    std::size_t end = value.find(',', begin);
    if (end == std::string::npos) end = value.size();
    std::string part = value.substr(begin, end - begin);
    const auto first = part.find_first_not_of(" \t");
    const auto last = part.find_last_not_of(" \t");
    if (first != std::string::npos) parts.push_back(part.substr(first, last - first + 1));
    begin = end + 1;
  }
  return parts;
}

}  // namespace earshot::app
