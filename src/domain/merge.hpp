#pragma once
// A merge: some audio of a recording written out as one WAV file of its own, because somebody asked
// for it. Made by a job; the row tells how far it has come and what came of it.

#include "base/time.hpp"
#include "domain/audio.hpp"
#include "domain/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace earshot {

enum class MergeState {
  waiting,  // for its job
  running,
  done,    // the file is there
  failed,  // for good; `error` says why
};

inline bool is_over(MergeState state) {
  return state == MergeState::done || state == MergeState::failed;
}

struct Merge {
  RecordingId recording;
  int number = 0;  // of the recording's merges, from 1
  // What was asked for, in the words of the API: acs, repaired, tap; "" (all), caller, 0, …
  std::string source;
  std::string channels;
  // Of the audio that it is made from: the same etag, the same file.
  std::string etag;
  MergeState state = MergeState::waiting;
  WallTime requested_at{};
  std::optional<WallTime> started_at;
  std::optional<WallTime> finished_at;
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;  // of the whole file, header and all
  int attempts = 0;               // that failed
  std::string error;              // of the last one

  // The result; what it is made of is known from the beginning, the rest once it is done.
  BlobName blob;
  std::string content_type;
  AudioFormat format;
  std::string sha256;  // hex, of the whole file
};

}  // namespace earshot
