#include "simulator/recording_files.hpp"

#include "net/url.hpp"
#include "simulator/identifiers.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace earshot::simulator {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

class DirectoryChunkStore : public ChunkStore {
 public:
  explicit DirectoryChunkStore(std::string directory) : directory_(std::move(directory)) {}

  Task<Result<void>> put(std::string container_url, std::string name, std::string bytes,
                         std::string) override {
    const fs::path path = fs::path(directory_) / (folder_of_container_url(container_url) + name);
    const fs::path part = path.string() + ".part";
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    {
      std::ofstream out(part, std::ios::binary);
      out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      if (!out.flush())
        co_return fail(ErrorKind::unavailable, fmt::format("write {}: failed", part.string()));
    }
    fs::rename(part, path, error);
    if (error)
      co_return fail(ErrorKind::unavailable,
                     fmt::format("rename {}: {}", part.string(), error.message()));
    co_return ok();
  }

 private:
  std::string directory_;
};

json::array pauses_of(const FinishedChunk& chunk) {
  json::array out;
  for (const auto& pause : chunk.pauses)
    out.push_back(json::object{{"startTime", event_time(pause.start)},
                               {"duration", pause.length.count() / 1000}});
  return out;
}

json::array participants_of(const FinishedChunk& chunk) {
  json::array out;
  for (const auto& participant : chunk.participants) {
    json::object one{{"participantId", participant.raw_id}};
    if (participant.channel) one["channel"] = *participant.channel;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

std::string recording_folder(const RecordingNames& names, const RecordingFileOptions& options) {
  const std::string folder =
      options.folder == RecordingFolder::recording_id
          ? names.recording_id
          : fmt::format("{}-{}", names.recording_id.substr(0, 8), names.folder_guid);
  return fmt::format("{}/{}/{}/", to_compact_date(names.started),
                     options.call_id_segment ? names.call_id : names.server_call_id, folder);
}

std::string chunk_file(int index, const std::string& kind, const std::string& extension,
                       const std::string& document_id, const RecordingFileOptions& options) {
  if (options.document_id_in_name)
    return fmt::format("{}-{}.{}.{}", index, kind, document_id, extension);
  return fmt::format("{}-{}.{}", index, kind, extension);
}

bool lists_index(const std::string& list, int index) {
  return fmt::format(",{},", list).find(fmt::format(",{},", index)) != std::string::npos;
}

std::string chunk_metadata(const FinishedChunk& chunk, const MetadataFacts& facts,
                           const RecordingFileOptions& options) {
  std::string content_type = "audio";
  std::string channel_type = facts.unmixed ? "unmixed" : "mixed";
  if (options.swap_types) std::swap(content_type, channel_type);
  const int bit_rate =
      facts.mp3 ? 48'000 : static_cast<int>(recording_rate_hz) * 16 * chunk.channels;
  json::object document{
      {"resourceId", facts.resource_id},
      {"callId", facts.call_id},
      {"chunkDocumentId", facts.document_id},
      {"chunkIndex", chunk.index},
      {"chunkStartTime", event_time(chunk.start)},
      {"chunkDuration", chunk.length.count() / 1000},
      {"recordingInfo",
       json::object{{"contentType", content_type},
                    {"channelType", channel_type},
                    {"format", facts.mp3 ? "mp3" : "wav"},
                    {"audioConfiguration", json::object{{"sampleRate", recording_rate_hz},
                                                        {"bitRate", bit_rate},
                                                        {"channels", chunk.channels}}}}},
  };
  if (!chunk.pauses.empty() || !options.omit_pauses_when_none)
    document["pauseResumeIntervals"] = pauses_of(chunk);
  if (!options.omit_participants) document["participants"] = participants_of(chunk);
  return json::serialize(document);
}

std::string folder_of_container_url(const std::string& container_url) {
  auto url = net::parse_url(container_url);
  if (!url) return "";
  std::string path = url->target.substr(0, url->target.find('?'));
  // Emulators have the account as the first segment of the path.
  const bool account_in_path = net::is_loopback(url->host) && !url->host.ends_with(".localhost");
  for (int skipped = 0; skipped < (account_in_path ? 2 : 1); ++skipped) {
    const auto slash = path.find('/', 1);
    if (slash == std::string::npos) return "";
    path.erase(0, slash);
  }
  path.erase(0, 1);
  auto folder = net::percent_decode(path).value_or(path);
  if (folder.find("..") != std::string::npos) return "";
  while (folder.ends_with('/')) folder.pop_back();
  return folder.empty() ? "" : folder + "/";
}

std::unique_ptr<ChunkStore> make_directory_chunk_store(std::string directory) {
  return std::make_unique<DirectoryChunkStore>(std::move(directory));
}

Task<Result<void>> MemoryChunkStore::put(std::string container_url, std::string name,
                                         std::string bytes, std::string) {
  files_[folder_of_container_url(container_url) + name] = std::move(bytes);
  co_return ok();
}

}  // namespace earshot::simulator
