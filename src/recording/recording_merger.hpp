#pragma once
// The job that makes a merge ("merge_recording", subject: the recordingId, payload: the merge's
// number): reads the audio as it is asked for and writes it as one file beside the chunks, in
// blocks. Made again from the beginning when it was interrupted; blocks of an earlier attempt are
// overwritten, and the file appears whole or not at all.

#include "base/executor.hpp"
#include "jobs/job_outcome.hpp"
#include "recording/merges.hpp"

#include <cstddef>
#include <optional>

namespace earshot::recording {

struct MergerOptions {
  std::size_t running_max = 2;   // others wait, and leave room for jobs of calls
  Duration place_delay = 2s;     // until one that found no room looks again
  Duration progress_every = 1s;  // how often progress is stored
  Duration retry_first = 10s;    // doubled each time
  Duration retry_max = 10min;
  // Of failures that another try may mend, but hardly: what is read has changed meanwhile.
  int attempts_max = 5;
};

class RecordingMerger {
 public:
  // All outlive this. `offload` takes what would hold up others: hashing.
  RecordingMerger(MergeServices services, Offload& offload, MergerOptions options = {});

  // The handler. Safe to run twice.
  Task<JobOutcome> run(Job job);
  // Merges that run end soon, and are begun again by whoever runs next.
  void stop() { stopping_ = true; }

 private:
  class Place;
  struct Written {
    std::string sha256;
  };
  Task<JobOutcome> run_in_place(Job job, int number);
  Task<Result<Merge>> make(Merge merge);
  Task<Result<Written>> write(AudioReader* audio, Merge* merge);
  Task<Result<void>> confirm(const Merge* merge);
  Task<JobOutcome> after_failure(Job job, Merge merge, Error error);
  Task<bool> is_erased(RecordingId recording);
  Task<void> discard(BlobName name);
  Duration spacing(int attempts) const;

  MergeServices services_;
  Offload& offload_;
  MergerOptions options_;
  Gauge& running_gauge_;
  Counter& bytes_;
  std::size_t running_ = 0;
  bool stopping_ = false;
};

}  // namespace earshot::recording
