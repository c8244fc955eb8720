#pragma once
// What is adopted of a folder that nobody knows: a recording, a call to stand for the one that was
// recorded, and the verdict on all recordings of that call. All of it rests on names, metadata and
// headers; no sample was heard. Pure.

#include "domain/call.hpp"
#include "domain/folder_claim.hpp"
#include "domain/recording.hpp"
#include "domain/verdict.hpp"
#include "recording/chunk_inspector.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::recording {

// What a folder's path says: "20250801/<call>/<recording>/".
struct FolderPath {
  std::optional<WallTime> date;  // midnight; nullopt: the first segment is none
  std::string call;              // decoded; "" when there is no such segment
  std::string recording;         // the last segment, decoded; "" directly below the date
};
FolderPath read_folder_path(const std::string& folder);

// Made of the folder's name: whoever adopts it, and however often, gives the same. Of a call that
// its metadata names, made of that name, so that all its recordings find the same call.
ContextId imported_call_id(const std::string& folder);
ContextId imported_call_id_of(const std::string& guid);
// The last segment where it is a recordingId of ACS's, which is that; else made of the folder's
// name.
RecordingId imported_recording_id(const std::string& folder);

struct FoundFolder {
  std::string name;
  std::vector<InspectedChunk> chunks;  // by index, one of each
  std::vector<int> exports;            // of each of these, how many there are
  WallTime modified_at{};              // of the first audio file: its time when nothing else says
};

// What ACS calls the call of a folder, each "" when nothing tells.
struct CallNames {
  std::string guid;         // the callId of most metadata; else that of the path
  std::string server_call;  // of the path
};
CallNames call_names(const FoundFolder& folder);

// The telephone that the metadata names first, as ACS writes it ("4:+81312345678"); "" when it
// names none. Whoever answered is no telephone, so it is the caller's.
std::string telephone_of(const std::vector<InspectedChunk>& chunks);

// By which it is told whether the folder may be a recording of ours. Its start is that of the first
// chunk whose metadata tells one, and else guessed by its files' time; none when neither is near
// the date in its path.
FolderWords folder_words(const FoundFolder& folder);

struct Adoption {
  Call call;           // version 0, unless it was there
  std::string caller;  // "": not known
  Recording recording;
  std::vector<Chunk> chunks;
  Verdict verdict;     // on the whole call, without a number
  std::string detail;  // what was odd; "" when nothing was
};

// What there is already of the call that the folder belongs to.
struct CallSoFar {
  std::optional<Call> call;           // none: it is new
  std::vector<FoundFolder> siblings;  // its other recordings, as they lie there
};
// `invalid` when no chunk holds a sample that can be read, with the reason. Siblings without one
// are left out.
Result<Adoption> adopt(FoundFolder folder, CallSoFar so_far, WallTime now,
                       const VerdictThresholds& thresholds);

}  // namespace earshot::recording
