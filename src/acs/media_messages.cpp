#include "acs/media_messages.hpp"

#include "base/json_walker.hpp"

#include <algorithm>
#include <simdjson.h>

namespace earshot::acs {

namespace {

namespace dom = simdjson::dom;

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

// Members in any order, each at most once.
std::optional<MediaAudio> walk_audio(std::string_view text) {
  JsonWalker walker(text);
  if (!walker.literal(R"({"kind":"AudioData","audioData":{)")) return std::nullopt;
  MediaAudio audio;
  bool has_data = false;
  bool has_timestamp = false;
  bool has_silent = false;
  do {
    if (walker.literal(R"("data":)")) {
      const auto data = walker.raw_string();
      if (!data || has_data || !is_base64_of_samples(*data)) return std::nullopt;
      audio.base64 = *data;
      has_data = true;
    } else if (walker.literal(R"("timestamp":)")) {
      const auto time = walker.plain_string();
      if (!time || has_timestamp) return std::nullopt;
      audio.timestamp = parse_iso8601(*time);
      has_timestamp = true;
    } else if (walker.literal(R"("participantRawID":)")) {
      if (!walker.plain_string()) return std::nullopt;
    } else if (walker.literal(R"("silent":)")) {
      audio.silent = walker.literal("true");
      if (has_silent || (!audio.silent && !walker.literal("false"))) return std::nullopt;
      has_silent = true;
    } else {
      return std::nullopt;
    }
  } while (walker.literal(","));
  if (!walker.literal("}}") || !walker.at_end()) return std::nullopt;
  audio.silent = audio.silent || audio.base64.empty();
  return audio;
}

std::optional<dom::element> find_member(const dom::object& object, std::string_view key) {
  for (const auto field : object)
    if (same_word(field.key, key)) return field.value;
  return std::nullopt;
}

std::optional<dom::object> find_object(const dom::object& object, std::string_view key) {
  const auto value = find_member(object, key);
  dom::object result;
  if (!value || value->get(result) != simdjson::SUCCESS) return std::nullopt;
  return result;
}

std::string_view find_text(const dom::object& object, std::string_view key) {
  const auto value = find_member(object, key);
  std::string_view text;
  if (!value || value->get(text) != simdjson::SUCCESS) return {};
  return text;
}

// 0 for what is absent, no whole number, or out of range.
std::int64_t find_number(const dom::object& object, std::string_view key) {
  const auto value = find_member(object, key);
  std::int64_t number = 0;
  if (!value || value->get(number) != simdjson::SUCCESS) return 0;
  return number;
}

MediaMessage read_audio(const dom::object& audio_data, std::string& copy) {
  MediaAudio audio;
  if (const auto data = find_member(audio_data, "data"); data && !data->is_null()) {
    std::string_view text;
    if (data->get(text) != simdjson::SUCCESS) return MediaNonsense{"audio data is not text"};
    if (!is_base64_of_samples(text))
      return MediaNonsense{"audio data is not base64 of 16-bit samples"};
    copy = text;  // the parser's memory is shared by all sockets of the thread
    audio.base64 = copy;
  }
  audio.timestamp = parse_iso8601(find_text(audio_data, "timestamp"));
  bool silent = false;
  if (const auto value = find_member(audio_data, "silent");
      value && value->get(silent) == simdjson::SUCCESS)
    audio.silent = silent;
  audio.silent = audio.silent || audio.base64.empty();
  return audio;
}

}  // namespace

bool is_base64_of_samples(std::string_view text) {
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  return is_base64_text(text) && (text.size() / 4 * 3 - padding) % 2 == 0;
}

MediaMessage MediaDecoder::decode(std::string_view text) {
  if (auto audio = walk_audio(text)) return *audio;
  return decode_slowly(text);
}

MediaMessage MediaDecoder::decode_slowly(std::string_view text) {
  // One for all sockets of the thread: rarely used, and some 100 kB once it is.
  thread_local dom::parser parser;
  dom::object root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS)
    return MediaNonsense{"the message is not a JSON object"};
  const auto kind = find_text(root, "kind");
  if (kind.empty()) return MediaNonsense{"the message has no kind"};
  if (same_word(kind, "AudioData")) {
    const auto audio = find_object(root, "audioData");
    if (!audio) return MediaNonsense{"audioData is missing"};
    return read_audio(*audio, copy_);
  }
  if (same_word(kind, "AudioMetadata")) {
    const auto metadata = find_object(root, "audioMetadata");
    if (!metadata) return MediaNonsense{"audioMetadata is missing"};
    return MediaMetadata{.encoding = std::string(find_text(*metadata, "encoding")),
                         .sample_rate_hz = find_number(*metadata, "sampleRate"),
                         .channels = find_number(*metadata, "channels"),
                         .frame_bytes = find_number(*metadata, "length")};
  }
  if (same_word(kind, "DtmfData")) {
    const auto dtmf = find_object(root, "dtmfData");
    const auto tone = dtmf ? find_text(*dtmf, "data") : std::string_view();
    if (tone.empty() || tone.size() > 16) return MediaNonsense{"dtmfData has no tone"};
    return MediaDtmf{std::string(tone)};
  }
  return MediaUnknown{};
}

std::string encode_audio(std::string_view base64) {
  constexpr std::string_view before = R"({"Kind":"AudioData","AudioData":{"Data":")";
  constexpr std::string_view after = R"("},"StopAudio":null})";
  std::string message;
  message.reserve(before.size() + base64.size() + after.size());
  message += before;
  message += base64;
  message += after;
  return message;
}

std::string encode_stop_audio() {
  return R"({"Kind":"StopAudio","AudioData":null,"StopAudio":{}})";
}

}  // namespace earshot::acs
