#pragma once
// The job that finds a recording's chunks once it has ended ("discover_recording", subject: the
// recordingId), reads what they are, and stores them. It is repeated with growing spacing until the
// chunks account for the whole recording or its deadline has come.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "jobs/job_outcome.hpp"
#include "ports/alert_sink.hpp"
#include "ports/call_store.hpp"
#include "ports/chunk_source.hpp"
#include "ports/job_store.hpp"
#include "recording/chunk_inspector.hpp"
#include "recording/discovery_progress.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::recording {

inline constexpr const char* discover_recording_job = "discover_recording";

struct DiscoveryOptions {
  Duration retry_first = 1s;
  Duration retry_max = 60s;
  // For a job without a deadline of its own: so long after it was added.
  Duration search_for = std::chrono::hours(2);
  // Between the last sample and what we know of the recording's end, which we may hear of late.
  Duration end_tolerance = 5s;
  // A recording whose end was learnt late is whole when its chunks may reach that end and nothing
  // new has appeared for so long.
  Duration quiet_period = std::chrono::minutes(10);
  // Nothing at all so long after the recording's end is told to a person, once.
  Duration alert_after = std::chrono::minutes(5);
  std::size_t chunks_max = 2'000;  // of one recording; more are left out, and that is logged
};

class RecordingDiscovery {
 public:
  // All outlive this.
  RecordingDiscovery(CallStore& store, ChunkSource& source, AlertSink& alerts, Clock& clock,
                     Counters& counters, Log& log, DiscoveryOptions options = {});

  // The handler. Safe to run twice, and for a recording that was found already.
  Task<JobOutcome> run(Job job);

 private:
  struct Known {
    Recording recording;
    Call call;
    std::vector<RecordingPause> pauses;
    std::vector<Chunk> chunks;
  };
  struct Seen {
    std::vector<Chunk> chunks;   // one of each index
    std::vector<Chunk> changed;  // of these: new, or not as stored
    std::vector<ChunkPause> pauses;
    std::string folder;
    int duplicates = 0;
    int audio_files = 0;
    std::string doubt;  // why nothing was taken although something is there
  };

  Task<Result<JobOutcome>> attempt(Job job);
  Task<Result<std::shared_ptr<const Known>>> load(RecordingId id);
  using KnownPtr = std::shared_ptr<const Known>;
  using SeenPtr = std::shared_ptr<const Seen>;
  Task<Result<SeenPtr>> look(KnownPtr known);
  Task<Result<InspectedChunk>> best_of(KnownPtr known, std::vector<FoundChunk> exports);
  // Nothing has appeared for the quiet period, after the end was known.
  bool is_quiet(const Seen& seen, WallTime end) const;
  // What ACS said of the session's end, if it did.
  Task<Result<std::optional<std::uint32_t>>> last_chunk_told(KnownPtr known);
  // It could not be asked.
  Task<Result<JobOutcome>> unreachable(Job job, KnownPtr known, Error error);
  JobOutcome away(const Job& job, const Error& error, bool alerted);
  // The time has come at which a person is told that there is nothing.
  bool is_late(const Known& known, WallTime now) const;
  Task<Result<void>> raise_late(KnownPtr known, std::string message);
  Task<Result<void>> raise_absent(KnownPtr known, std::string doubt);
  // The container said no: wrong name or rights, which a person may mend before the deadline.
  Task<Result<JobOutcome>> refused(Job job, KnownPtr known, Error error);
  Task<Result<void>> store(KnownPtr known, SeenPtr seen, Discovery outcome, std::string reason);
  Task<Result<void>> raise(Alert alert);
  Alert end_alert(const Known& known, Discovery outcome, const std::string& reason) const;
  JobOutcome again(const Job& job, WallTime now, std::string why, bool alerted) const;
  WallTime deadline_of(const Job& job) const;
  Duration spacing(int attempts) const;
  void tell(const Known& known, const Seen& seen, const Progress& progress, Discovery outcome);
  void tell_seen(const Known& known, const Seen& seen);

  CallStore& store_;
  ChunkSource& source_;
  AlertSink& alerts_;
  Clock& clock_;
  Log& log_;
  DiscoveryOptions options_;
  ChunkInspector inspector_;
  Counter& chunks_discovered_;
  Counter& recordings_found_;
  Counter& recordings_incomplete_;
  Counter& recordings_missing_;
  Counter& chunks_cut_;
};

}  // namespace earshot::recording
