#include "entra/token_response.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>

namespace earshot::entra {
namespace {

namespace json = boost::json;

constexpr long long seconds_max = 8LL * 24 * 3'600;  // no token lives longer

std::optional<json::object> object_of(std::string_view text) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string{};
}

std::optional<long long> number_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (!value->is_string()) return std::nullopt;
  const std::string_view text = value->get_string();
  long long number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_bearer_text(std::string_view token) {
  return std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

Result<TokenResponse> parse_token_response(std::string_view text, WallTime now) {
  const auto object = object_of(text);
  if (!object) return fail(ErrorKind::invalid, "the token endpoint's answer is no JSON object");
  auto token = text_of(*object, "access_token");
  if (token.empty() || !is_bearer_text(token))
    return fail(ErrorKind::invalid, "the token endpoint's answer holds no access token");
  auto seconds = number_of(*object, "expires_in");
  if (!seconds)
    if (const auto at = number_of(*object, "expires_on")) seconds = *at - to_unix_ms(now) / 1'000;
  if (!seconds || *seconds <= 0)
    return fail(ErrorKind::invalid, "the token endpoint's answer has no end in the future");
  return TokenResponse{.token = Secret(std::move(token)),
                       .good_until = now + std::chrono::seconds(std::min(*seconds, seconds_max))};
}

std::string parse_token_error(std::string_view text) {
  const auto object = object_of(text);
  if (!object) return {};
  std::string out;
  for (const char c : text_of(*object, "error"))
    if (out.size() < 60 && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_')) out += c;
  const auto description = text_of(*object, "error_description");
  if (const auto at = description.find("AADSTS"); at != std::string::npos) {
    auto end = at + 6;
    while (end < description.size() && end < at + 16 && description[end] >= '0' &&
           description[end] <= '9')
      ++end;
    out += ": " + description.substr(at, end - at);
  }
  return out;
}

}  // namespace earshot::entra
