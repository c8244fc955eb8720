#include "recording/fetched_names.hpp"

#include "recording/chunk_name.hpp"

#include <fmt/format.h>

namespace earshot::recording {
namespace {

std::string segment(const std::string& id) { return id.contains('/') ? percent_encoded(id) : id; }

const char* extension(RecordingFormat format) {
  return format == RecordingFormat::mp3 ? "mp3" : "wav";
}

}  // namespace

std::string fetched_folder(const Recording& recording, const Call& call) {
  const auto& id =
      call.server_call_id.empty() ? call.correlation_id.text : call.server_call_id.text;
  return fmt::format("{}/{}/{}/",
                     to_compact_date(recording.active_at.value_or(recording.requested_at)),
                     segment(id.empty() ? call.id.text : id), segment(recording.id.text));
}

FetchedNames chunk_names(const std::string& folder, ChunkIndex index, RecordingFormat format) {
  return {.audio = {fmt::format("{}{}-audio{}.{}", folder, index.value, extension(format),
                                extension(format))},
          .metadata = {fmt::format("{}{}-acsmetadata.json", folder, index.value)}};
}

FetchedNames second_copy_names(const std::string& folder, ChunkIndex index,
                               RecordingFormat format) {
  return {.audio = {fmt::format("{}second-copy-{}.{}", folder, index.value, extension(format))},
          .metadata = {fmt::format("{}second-copy-{}.json", folder, index.value)}};
}

}  // namespace earshot::recording
