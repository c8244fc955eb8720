#pragma once
// Is what lies in a folder of the container known already, and as which recording? Asked of the
// database alone: by the recording's id, by the name of a chunk, by the ids of its call, by the
// document that its metadata names, and at last by what speaks for a recording of ours whose folder
// nobody knows yet: that ACS told of it, or its caller and its time (domain/folder_claim.hpp).

#include "ports/call_store.hpp"
#include "ports/file_locations.hpp"
#include "ports/folder_claims.hpp"
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

  struct Claimed {
    std::optional<Known> owner;  // whose it is
    std::string doubt;           // "": nobody who is still looked for may have it; else a sentence
    std::string note;            // on whose it may have been
  };

  // All outlive this.
  KnownRecordings(CallStore& store, ImportStore& imports, FileLocations& files,
                  FolderClaims& claims)
      : store_(store), imports_(imports), files_(files), claims_(claims) {}

  // By its path and the names of its chunks; nothing of the container is read.
  Task<Result<std::optional<Known>>> by_name(std::string folder, std::vector<FoundChunk> found);
  // By what the metadata says: its call, or a chunk that was exported a second time.
  Task<Result<std::optional<Known>>> by_metadata(std::vector<InspectedChunk> chunks);
  // By what speaks for a recording without a folder. `documents`: of the folder's chunks.
  Task<Result<Claimed>> by_claim(std::string folder, FolderWords words,
                                 std::vector<std::string> documents);
  // The imported call of which another recording was adopted before: that of the same callId, else
  // that of the same serverCallId unless another callId made it.
  Task<Result<std::optional<Call>>> imported_call(CallNames names);

 private:
  Task<Result<bool>> is_told(RecordingId recording, std::string folder,
                             std::vector<std::string> documents);
  Task<Result<std::optional<Known>>> by_recording(RecordingId id);
  Task<Result<std::optional<Known>>> by_call_id(std::string id, std::string folder);
  Task<Result<std::optional<Known>>> load(Recording recording);

  CallStore& store_;
  ImportStore& imports_;
  FileLocations& files_;
  FolderClaims& claims_;
};

}  // namespace earshot::recording
