#pragma once
// The job that watches over a service-managed recording until its files are ours
// ("watch_recording_files", subject: the recordingId), queued at the recording's end. One event
// alone tells where the files are, and ACS keeps them for 24 hours: a person hears when the event
// is missing, again when half of the time is over, and when it is all over.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "jobs/job_outcome.hpp"
#include "ports/alert_sink.hpp"
#include "ports/call_store.hpp"
#include "ports/file_locations.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::recording {

inline constexpr const char* watch_recording_files_job = "watch_recording_files";

// The decision, apart from doing. Pure.
namespace file_watch {

enum class Alarm { none, event_missing, half_gone, expired };

struct State {
  WallTime now{};
  WallTime ended_at{};
  std::vector<RecordingFile> files;
  Alarm raised = Alarm::none;  // the gravest so far
  Duration event_due_after{};  // an event later than this after the end is missed
};

struct Decision {
  Alarm raise = Alarm::none;
  bool over = false;
  WallTime look_again{};
  WallTime expires_at{};  // when the first of what waits is gone
  int waiting = 0;        // files told of and not fetched
};

Decision decide(const State& state);

}  // namespace file_watch

struct FileWatchOptions {
  Duration event_due_after = 15min;
  Duration look_every = 1h;
};

class FileWatch {
 public:
  // All outlive this.
  FileWatch(CallStore& store, FileLocations& locations, AlertSink& alerts, Clock& clock,
            Counters& counters, Log& log, FileWatchOptions options = {});

  // The handler. Safe to run twice.
  Task<JobOutcome> run(Job job);

 private:
  Task<Result<void>> raise(Alert alert);
  void tell(const Recording& recording, const file_watch::Decision& decision, WallTime now);

  CallStore& store_;
  FileLocations& locations_;
  AlertSink& alerts_;
  Clock& clock_;
  Log& log_;
  FileWatchOptions options_;
  Counter& missed_events_;
};

}  // namespace earshot::recording
