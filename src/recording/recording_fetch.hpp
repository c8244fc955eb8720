#pragma once
// The job that brings a recording's files from ACS's own storage into ours ("fetch_recording",
// subject: the recordingId), queued with the event that names them.
//
// Service-managed: every chunk, for there is no other copy; then its search is queued, and, if so
// configured, what was confirmed is deleted at ACS. Customer's container: only chunks that are
// missing or torn there, as second copies beside the chunks. Repeated until all is settled, or
// gone at ACS.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "jobs/job_outcome.hpp"
#include "ports/alert_sink.hpp"
#include "ports/call_store.hpp"
#include "ports/file_locations.hpp"
#include "recording/file_fetcher.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::recording {

inline constexpr const char* fetch_recording_job = "fetch_recording";

struct RecordingFetchOptions {
  bool delete_at_acs = false;  // service-managed only
  Duration retry_first = 10s;  // doubled each time
  Duration retry_max = 10min;
  FileFetcherOptions fetcher;
};

struct RecordingFetchServices {
  CallStore& store;
  FileLocations& locations;
  ServiceFiles& files;
  BlobStore& blobs;
  AlertSink& alerts;
  Clock& clock;
  Counters& counters;
  Log& log;
};

class RecordingFetch {
 public:
  // All that `services` names outlives this.
  explicit RecordingFetch(RecordingFetchServices services, RecordingFetchOptions options = {});

  // The handler. Safe to run twice.
  Task<JobOutcome> run(Job job);
  // Attempts that run end soon, with what they have.
  void stop() { fetcher_.stop(); }

 private:
  struct Known {
    Recording recording;
    Call call;
    std::vector<RecordingFile> files;
    std::vector<Chunk> chunks;  // as discovered; of a customer's container
    std::vector<RecordingPause> pauses;
  };
  struct Pass {  // what one run came to
    int fetched = 0;
    int waiting = 0;
    int expired = 0;
    bool refused = false;  // a location is on no host that we ask
    std::string error;     // the last one
  };
  using PassPtr = std::shared_ptr<Pass>;
  using KnownPtr = std::shared_ptr<const Known>;
  Task<Result<KnownPtr>> load(RecordingId id);
  Task<Result<PassPtr>> attempt(KnownPtr known);
  Task<Result<void>> settle(KnownPtr known, RecordingFile file, PassPtr pass);
  Task<Result<void>> expire(KnownPtr known, RecordingFile file, PassPtr pass);
  Task<Result<bool>> is_whole(KnownPtr known, FileLocation told);
  Task<Result<bool>> is_torn(Chunk chunk);
  Task<Result<Duration>> audio_in(Chunk chunk);
  Task<Result<void>> remove_at_acs(KnownPtr known, RecordingFile file, PassPtr pass);
  Task<Result<void>> tell_of(KnownPtr known, PassPtr pass);
  Task<Result<void>> raise_refusal(KnownPtr known, std::string error);
  Task<Result<void>> commit(Changes changes);
  JobOutcome outcome(const Job& job, const Known& known, const Pass& pass);
  Duration spacing(int attempts) const;
  void count(FileState state);

  RecordingFetchServices services_;
  RecordingFetchOptions options_;
  FileFetcher fetcher_;
};

}  // namespace earshot::recording
