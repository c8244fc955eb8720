#include "recording/chunk_metadata.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <string_view>

namespace earshot::recording {
namespace {

namespace json = boost::json;

// A week: longer spans are nonsense, and would overflow later.
constexpr double milliseconds_max = 7.0 * 24 * 3'600 * 1'000;

const json::value* member(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = member(object, key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string{};
}

// A number, or text that is one.
std::optional<double> number_of(const json::object& object, std::string_view key) {
  const auto* value = member(object, key);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return static_cast<double>(value->get_int64());
  if (value->is_uint64()) return static_cast<double>(value->get_uint64());
  if (value->is_double()) return value->get_double();
  if (!value->is_string()) return std::nullopt;
  const std::string_view text = value->get_string();
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint32_t> whole_of(const json::object& object, std::string_view key) {
  const auto number = number_of(object, key);
  if (!number || !(*number >= 0) || *number > 4'294'967'295.0 || std::floor(*number) != *number)
    return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::optional<Duration> milliseconds_of(const json::object& object, std::string_view key) {
  const auto number = number_of(object, key);
  if (!number || !(*number >= 0) || *number > milliseconds_max) return std::nullopt;
  return Duration(std::llround(*number * 1'000));
}

std::optional<WallTime> time_of(const json::object& object, std::string_view key) {
  const auto text = text_of(object, key);
  return text.empty() ? std::nullopt : parse_iso8601(text);
}

std::string lowered(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

void take_types(const json::object& info, ChunkMetadata& out) {
  for (const std::string_view key : {"contentType", "channelType"}) {
    const auto value = lowered(text_of(info, key));
    const bool is_channel_type = value == "mixed" || value == "unmixed";
    if (is_channel_type) out.channel_type = value;
    if (is_channel_type && key == "contentType") out.types_swapped = true;
    if (value == "audio") out.content_type = "audio";
    if (value == "audiovideo") out.content_type = "audioVideo";
  }
  out.format = lowered(text_of(info, "format"));
}

void take_recording_info(const json::object& document, ChunkMetadata& out) {
  const auto* info = member(document, "recordingInfo");
  if (info == nullptr || !info->is_object()) return;
  take_types(info->get_object(), out);
  const auto* audio = member(info->get_object(), "audioConfiguration");
  if (audio == nullptr || !audio->is_object()) return;
  out.sample_rate_hz = whole_of(audio->get_object(), "sampleRate");
  out.bit_rate = whole_of(audio->get_object(), "bitRate");
  out.channels = whole_of(audio->get_object(), "channels");
  out.bit_depth = whole_of(audio->get_object(), "bitDepth");
}

// The objects in an array, or the one object that stands in its place.
template <class Take>
void each_object(const json::object& document, std::string_view key, Take take) {
  const auto* value = member(document, key);
  if (value == nullptr) return;
  if (value->is_object()) take(value->get_object());
  if (!value->is_array()) return;
  std::size_t taken = 0;
  for (const auto& item : value->get_array()) {
    if (!item.is_object()) continue;
    if (++taken > chunk_metadata_items_max) return;
    take(item.get_object());
  }
}

ChunkMetadata read_document(const json::object& document) {
  ChunkMetadata out;
  out.resource_id = text_of(document, "resourceId");
  out.call_id = text_of(document, "callId");
  out.document_id = text_of(document, "chunkDocumentId");
  out.index = whole_of(document, "chunkIndex");
  out.start = time_of(document, "chunkStartTime");
  out.duration = milliseconds_of(document, "chunkDuration");
  take_recording_info(document, out);
  each_object(document, "pauseResumeIntervals", [&out](const json::object& pause) {
    const auto start = time_of(pause, "startTime");
    const auto duration = milliseconds_of(pause, "duration");
    if (start && duration) out.pauses.push_back({.start = *start, .duration = *duration});
  });
  each_object(document, "participants", [&out](const json::object& participant) {
    auto id = text_of(participant, "participantId");
    if (id.empty()) return;
    out.participants.push_back({.id = std::move(id), .channel = whole_of(participant, "channel")});
  });
  return out;
}

}  // namespace

Result<ChunkMetadata> parse_chunk_metadata(ByteView bytes) {
  if (bytes.size() > chunk_metadata_bytes_max)
    return fail(ErrorKind::invalid, fmt::format("chunk metadata of {} bytes; at most {} are read",
                                                bytes.size(), chunk_metadata_bytes_max));
  auto text = as_text(bytes);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  boost::system::error_code error;
  const auto document = json::parse(text, error);
  if (error)
    return fail(ErrorKind::invalid, fmt::format("chunk metadata is no JSON: {}", error.message()));
  if (!document.is_object()) return fail(ErrorKind::invalid, "chunk metadata is no JSON object");
  return read_document(document.get_object());
}

}  // namespace earshot::recording
