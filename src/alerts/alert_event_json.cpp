#include "alerts/alert_event.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace earshot::alerts {
namespace {

namespace json = boost::json;

constexpr std::size_t digits_min = 6;
constexpr std::size_t message_bytes_max = 4096;  // a receiver need not take more than 20 kB

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

// The length of what stands before a number, or 0.
std::size_t plus_at(std::string_view text) {
  if (text.starts_with('+')) return 1;
  if (text.starts_with("%2B") || text.starts_with("%2b")) return 3;
  return 0;
}

// Cut between characters.
std::string_view cut(std::string_view text) {
  if (text.size() <= message_bytes_max) return text;
  auto end = message_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace

std::string without_numbers(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const auto plus = plus_at(text);
    std::size_t end = plus;
    std::size_t digits = 0;
    for (; plus > 0 && end < text.size(); ++end) {
      const bool separates = text[end] == ' ' || text[end] == '-';
      const bool goes_on = separates && end + 1 < text.size() && is_digit(text[end + 1]);
      if (is_digit(text[end]))
        ++digits;
      else if (!goes_on)
        break;
    }
    const bool is_number = digits >= digits_min;
    clean += is_number ? std::string_view("***") : text.substr(0, 1);
    text.remove_prefix(is_number ? end : 1);
  }
  return clean;
}

std::string alert_event(const StoredAlert& stored, std::string_view source) {
  const auto& alert = stored.alert;
  json::object data{{"kind", alert.kind}, {"message", without_numbers(cut(alert.message))}};
  if (!alert.call.empty()) data["contextId"] = alert.call.text;
  if (!alert.recording.empty()) data["recordingId"] = alert.recording.text;
  if (alert.expires_at) data["expiresAt"] = to_iso8601(*alert.expires_at);
  json::object event{{"specversion", "1.0"},
                     {"id", stored.id.text},
                     {"source", source},
                     {"type", fmt::format("earshot.alert.{}", alert.kind)},
                     {"time", to_iso8601(alert.at)},
                     {"datacontenttype", "application/json"}};
  if (!alert.call.empty()) event["subject"] = alert.call.text;
  event["data"] = std::move(data);
  return json::serialize(event);
}

}  // namespace earshot::alerts
