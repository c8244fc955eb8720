#include "recording/session_end.hpp"

#include <boost/json.hpp>
#include <string_view>

namespace earshot::recording {
namespace {

namespace json = boost::json;

constexpr std::string_view file_status_type = "event RecordingFileStatusUpdated";

bool has_text(const json::object& object, std::string_view key, std::string_view text) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() && std::string_view(value->get_string()) == text;
}

std::optional<std::uint32_t> last_chunk(const json::object& detail) {
  const auto* chunks = detail.if_contains("chunks");
  if (chunks == nullptr || !chunks->is_array()) return std::nullopt;
  for (const auto& chunk : chunks->get_array()) {
    if (!chunk.is_object() || !has_text(chunk.get_object(), "endReason", "SessionEnded")) continue;
    const auto* index = chunk.get_object().if_contains("index");
    if (index != nullptr && index->is_int64() && index->get_int64() >= 0)
      return static_cast<std::uint32_t>(index->get_int64());
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> last_chunk_of_session(const std::vector<JournalEntry>& journal,
                                                   const RecordingId& recording) {
  for (const auto& entry : journal) {
    if (entry.type != file_status_type) continue;
    boost::system::error_code error;
    const auto detail = json::parse(entry.detail, error);
    if (error || !detail.is_object() || !has_text(detail.get_object(), "recording", recording.text))
      continue;
    if (const auto index = last_chunk(detail.get_object())) return index;
  }
  return std::nullopt;
}

}  // namespace earshot::recording
