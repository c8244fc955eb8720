#pragma once
// What ACS leaves behind for a chunk: names, the metadata document, and the container or folder
// they are put in. Both naming patterns and the second path segment's variants are options, since
// neither documentation nor the field agrees on one.

#include "base/random.hpp"
#include "base/task.hpp"
#include "simulator/recorder.hpp"

#include <map>
#include <memory>
#include <string>

namespace earshot::simulator {

enum class RecordingFolder {
  prefix_and_guid,  // first 8 characters of the recording id, "-", a guid: as documented
  recording_id,     // as the field has seen
};

struct RecordingFileOptions {
  bool document_id_in_name = false;  // "0-audiowav.<documentId>.wav"
  bool call_id_segment = false;      // the call's guid instead of the serverCallId
  RecordingFolder folder = RecordingFolder::recording_id;
  // Known oddities of the service.
  bool export_twice = false;  // the same chunk a second time, in a folder of its own
  bool swap_types = false;    // contentType and channelType change places
  bool omit_participants = false;
  bool omit_pauses_when_none = false;
  std::string missing_chunks;  // indices never exported: "1,3"
  std::string torn_chunks;     // indices exported cut in half
};

struct RecordingNames {
  WallTime started{};
  std::string server_call_id;
  std::string call_id;
  std::string recording_id;
  std::string folder_guid;
};

// "20260302/<call>/<folder>/".
std::string recording_folder(const RecordingNames& names, const RecordingFileOptions& options);
// "0-audiowav.wav"; kind "acsmetadata" with extension "json".
std::string chunk_file(int index, const std::string& kind, const std::string& extension,
                       const std::string& document_id, const RecordingFileOptions& options);
bool lists_index(const std::string& list, int index);

struct MetadataFacts {
  std::string resource_id;
  std::string call_id;
  std::string document_id;
  bool unmixed = false;
  bool mp3 = false;
};
// The metadata document of a chunk (JSON).
std::string chunk_metadata(const FinishedChunk& chunk, const MetadataFacts& facts,
                           const RecordingFileOptions& options);

// Where exported files go. `container_url` is what the start request named; its path behind the
// container is a folder.
class ChunkStore {
 public:
  virtual ~ChunkStore() = default;
  virtual Task<Result<void>> put(std::string container_url, std::string name, std::string bytes,
                                 std::string content_type) = 0;
};

// Into a folder of this machine; a file appears whole or not at all.
std::unique_ptr<ChunkStore> make_directory_chunk_store(std::string directory);

// In memory, for tests.
class MemoryChunkStore : public ChunkStore {
 public:
  Task<Result<void>> put(std::string container_url, std::string name, std::string bytes,
                         std::string content_type) override;
  const std::map<std::string, std::string>& files() const { return files_; }

 private:
  std::map<std::string, std::string> files_;
};

// The folder that a container URL names behind its container ("" or "a/b/").
std::string folder_of_container_url(const std::string& container_url);

}  // namespace earshot::simulator
