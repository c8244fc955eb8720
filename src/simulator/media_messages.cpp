#include "simulator/media_messages.hpp"

#include "base/base64.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <cstring>
#include <fmt/format.h>

namespace earshot::simulator {
namespace {

namespace json = boost::json;

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

const json::value* member(const json::object& object, std::string_view name) {
  for (const auto& [key, value] : object)
    if (same_word(key, name)) return &value;
  return nullptr;
}

InboundMessage bad(std::string problem) {
  return {.kind = InboundKind::bad, .samples = {}, .problem = std::move(problem)};
}

InboundMessage decode_audio(const json::object& message) {
  const json::value* audio = member(message, "audioData");
  if (audio == nullptr || !audio->is_object()) return bad("AudioData without audioData");
  const json::value* data = member(audio->get_object(), "data");
  if (data == nullptr || !data->is_string()) return bad("audioData without data");
  auto bytes = base64::decode(std::string_view(data->get_string()));
  if (!bytes) return bad("data is not base64");
  if (bytes->size() % 2 != 0) return bad("half a sample in data");
  InboundMessage out{.kind = InboundKind::audio};
  out.samples.resize(bytes->size() / 2);
  if (!bytes->empty()) std::memcpy(out.samples.data(), bytes->data(), bytes->size());
  return out;
}

}  // namespace

std::string audio_metadata_message(std::string_view subscription_id, std::uint32_t rate_hz,
                                   std::uint32_t frame_bytes) {
  return fmt::format(
      R"({{"kind":"AudioMetadata","audioMetadata":{{"subscriptionId":"{}","encoding":"PCM",)"
      R"("sampleRate":{},"channels":1,"length":{}}}}})",
      subscription_id, rate_hz, frame_bytes);
}

std::string audio_data_message(const AudioMessage& message) {
  // Written by hand: this is the one message that leaves 50 times a second and call.
  std::string out;
  out.reserve(200 + message.samples.size() * 3);
  out += R"({"kind":"AudioData","audioData":{"timestamp":")";
  out += message.timestamp;
  out += '"';
  if (!message.participant_raw_id.empty()) {
    out += R"(,"participantRawID":")";
    out += message.participant_raw_id;
    out += '"';
  }
  const bool with_samples = !message.silent || message.form == SilentFrames::with_samples ||
                            message.form == SilentFrames::not_marked;
  if (with_samples || message.form == SilentFrames::empty_data) {
    out += R"(,"data":")";
    if (with_samples)
      base64::encode_to({reinterpret_cast<const std::uint8_t*>(message.samples.data()),
                         message.samples.size_bytes()},
                        out);
    out += '"';
  }
  const bool marked = message.silent && message.form != SilentFrames::not_marked;
  out += marked ? R"(,"silent":true}})" : R"(,"silent":false}})";
  return out;
}

std::string dtmf_message(std::string_view tone) {
  return json::serialize(
      json::object{{"kind", "DtmfData"}, {"dtmfData", json::object{{"data", tone}}}});
}

InboundMessage decode_inbound(std::string_view text) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  options.max_depth = 16;
  json::error_code error;
  const json::value value = json::parse(text, error, {}, options);
  if (error || !value.is_object()) return bad("not a JSON object");
  const json::value* kind = member(value.get_object(), "kind");
  if (kind == nullptr || !kind->is_string()) return bad("no kind");
  const std::string_view word = kind->get_string();
  if (same_word(word, "audioData")) return decode_audio(value.get_object());
  if (same_word(word, "stopAudio")) return {.kind = InboundKind::stop_audio};
  return {.kind = InboundKind::other};
}

}  // namespace earshot::simulator
