#pragma once
// What somebody asks of merges: one to be made, how far they are, the file of one that is done. The
// making is recording_merger.hpp's.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "ports/merge_store.hpp"
#include "recording/recording_queries.hpp"

#include <vector>

namespace earshot::recording {

inline constexpr const char* merge_recording_job = "merge_recording";

struct MergesOptions {
  // Waiting and running ones, of all recordings; one more is refused until some are done.
  int unfinished_max = 100;
  // Of one recording, whatever became of them: each may be as long as the recording.
  int per_recording_max = 100;
  // After this time a merge that still cannot be made has failed.
  Duration deadline = 24h;
};

struct MergeServices {
  CallStore& store;
  MergeStore& merges;
  RecordingQueries& queries;
  // Reads what a view refuses: with `convert_on`.
  AudioOpener& opener;
  BlobStore& blobs;
  Clock& clock;
  Counters& counters;
  Log& log;
};

struct RequestedMerge {
  Merge merge;
  bool is_new = false;  // false: the same file was asked for before
};

class Merges {
 public:
  // All that `services` names outlives this.
  explicit Merges(MergeServices services, MergesOptions options = {});

  // Durable when it returns. Asked for twice, the same audio is merged once, as long as the chunks
  // stay as they are and the file is there. Fails as AudioOpener::open, before anything is written;
  // `unavailable` with status 429 when too many wait, `conflict` when the recording has too many.
  Task<Result<RequestedMerge>> request(RecordingId id, AudioRequest wanted);
  // `not_found` when there is no such recording.
  Task<Result<std::vector<Merge>>> list(RecordingId id);
  Task<Result<Merge>> find(RecordingId id, int number);  // `not_found`
  // `conflict` until it is done, and when it failed; `not_found` also when the file was removed.
  Task<Result<OpenedAudio>> open(RecordingId id, int number);

 private:
  Task<Result<RequestedMerge>> request_once(RecordingId id, AudioRequest wanted);
  Task<Result<bool>> is_there(Merge merge);

  MergeServices services_;
  MergesOptions options_;
  Counter& requested_;
  Counter& refused_;
};

// "merged-3-repaired-caller.wav", beside the chunks.
BlobName merge_blob(const AudioSubject& subject, const Merge& merge);

}  // namespace earshot::recording
