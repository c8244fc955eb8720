#pragma once
// Tolerant reading of parsed JSON: a member that is absent or of another type reads as empty. For
// .cpp files that already use Boost.JSON.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace earshot::acs::detail {

inline std::string_view view(const boost::json::string& text) { return {text.data(), text.size()}; }

inline const boost::json::value* member(const boost::json::object* object, std::string_view key) {
  return object ? object->if_contains(boost::json::string_view(key.data(), key.size())) : nullptr;
}

inline const boost::json::object* object_member(const boost::json::object* object,
                                                std::string_view key) {
  const auto* value = member(object, key);
  return value ? value->if_object() : nullptr;
}

inline std::string text_member(const boost::json::object* object, std::string_view key) {
  const auto* value = member(object, key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(view(*text)) : std::string();
}

// A whole number, also one written as text or with a fraction; nullopt when it does not fit.
inline std::optional<std::int64_t> integer_value(const boost::json::value* value) {
  if (!value) return std::nullopt;
  if (const auto* number = value->if_int64()) return *number;
  if (const auto* number = value->if_double()) {
    if (!(std::abs(*number) < 9e15)) return std::nullopt;
    return static_cast<std::int64_t>(*number);
  }
  if (const auto* text = value->if_string()) {
    std::int64_t number = 0;
    const auto* end = text->data() + text->size();
    const auto parsed = std::from_chars(text->data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end && !text->empty()) return number;
  }
  return std::nullopt;  // also a uint64 beyond int64
}

inline std::optional<std::int64_t> integer_member(const boost::json::object* object,
                                                  std::string_view key) {
  return integer_value(member(object, key));
}

}  // namespace earshot::acs::detail
