#pragma once
// An alert as a CloudEvents 1.0 event in JSON (structured mode).

#include "domain/alert.hpp"

#include <string>
#include <string_view>

namespace earshot::alerts {

inline constexpr std::string_view cloud_event_type = "application/cloudevents+json; charset=utf-8";

// `source`: a URI of this service. Always the same text for the same alert and source.
std::string alert_event(const StoredAlert& stored, std::string_view source);

// Messages are written without personal data, but some end in words of ACS's: whatever looks like a
// telephone number becomes "***".
std::string without_numbers(std::string_view text);

}  // namespace earshot::alerts
