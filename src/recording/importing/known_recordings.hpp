#pragma once
// Is what lies in a folder of the container known already, and as which recording? Asked of the
// database alone: by the recording's id, by the name of a chunk, by the ids of its call, and by the
// document that its metadata names.

#include "ports/call_store.hpp"
#include "ports/import_store.hpp"
#include "recording/importing/imported_recording.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::recording {

class KnownRecordings {
 public:
  struct Known {
    Recording recording;
    Call call;
    std::vector<Chunk> chunks;  // as stored
  };

  // Both outlive this.
  KnownRecordings(CallStore& store, ImportStore& imports) : store_(store), imports_(imports) {}

  // By its path and the names of its chunks; nothing of the container is read.
  Task<Result<std::optional<Known>>> by_name(std::string folder, std::vector<FoundChunk> found);
  // By what the metadata says: its call, or a chunk that was exported a second time.
  Task<Result<std::optional<Known>>> by_metadata(std::vector<InspectedChunk> chunks);
  // The imported call of which another recording was adopted before: that of the same callId, else
  // that of the same serverCallId unless another callId made it.
  Task<Result<std::optional<Call>>> imported_call(CallNames names);

 private:
  Task<Result<std::optional<Known>>> by_recording(RecordingId id);
  Task<Result<std::optional<Known>>> by_call_id(std::string id, std::string folder);
  Task<Result<std::optional<Known>>> load(Recording recording);

  CallStore& store_;
  ImportStore& imports_;
};

}  // namespace earshot::recording
