#include "simulator/identifiers.hpp"

#include "base/base64.hpp"

#include <fmt/format.h>

namespace earshot::simulator {
namespace {

std::string hex_digits(Random& random, int words) {
  std::string out;
  for (int i = 0; i < words; ++i) out += fmt::format("{:016x}", random.next_u64());
  return out;
}

std::string seven_digits(WallTime time) {
  std::string text = to_iso8601(time);  // six digits and Z
  text.back() = '0';
  return text;
}

}  // namespace

std::string make_server_call_id(Random& random) {
  Bytes raw(16);
  for (auto& byte : raw) byte = static_cast<std::uint8_t>(random.next_below(256));
  // ">?~?" leads to '/' and '+' in the encoding, which a real one may hold as well.
  const std::string url = fmt::format(
      "https://api.flightproxy.example/api/v2/cp/conv-sim-01.conv.example/conv/{}?i=20&e={}&s=>?~?",
      base64::encode_url(raw), 638'000'000'000'000'000 + random.next_below(1'000'000'000));
  return base64::encode(as_bytes(url));
}

std::string make_recording_id(Random& random) {
  const std::string text = fmt::format(R"({{"PlatformEndpointId":"{}","ResourceSpecificId":"{}"}})",
                                       make_uuid(random), make_uuid(random));
  return base64::encode_url(as_bytes(text));
}

std::string make_document_id(Random& random) { return "0-weu-d3-" + hex_digits(random, 2); }

std::string make_bot_raw_id(std::string_view resource_id, Random& random) {
  return fmt::format("8:acs:{}_{}", resource_id, make_uuid(random));
}

std::string make_incoming_call_context(Random& random) {
  std::string body = R"({"cc":")";
  for (int i = 0; i < 60; ++i) body += hex_digits(random, 2);
  body += "\"}";
  return base64::encode_url(as_bytes(R"({"alg":"none","typ":"JWT"})")) + "." +
         base64::encode_url(as_bytes(body)) + ".";
}

std::string callback_time(WallTime time) { return seven_digits(time) + "+00:00"; }
std::string event_time(WallTime time) { return seven_digits(time) + "Z"; }

std::string frame_time(WallTime time) {
  std::string text = to_iso8601(time);
  text.resize(text.size() - 4);
  return text + "Z";
}

std::string phone_raw_id(std::string_view number) { return fmt::format("4:{}", number); }

}  // namespace earshot::simulator
