#pragma once
// Calls, recordings, chunks, turns, journal: what is durable. Writes are values (`Changes`) that
// are applied in one transaction together with the jobs they need, so that nothing can happen
// between "the call ended" and "look for its chunks". Implementations: store/sql_store (SQLite,
// PostgreSQL), store/memory_store. Thread-safe; a call resumes where it was awaited.

#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/alert.hpp"
#include "domain/call.hpp"
#include "domain/downlink.hpp"
#include "domain/recording.hpp"
#include "domain/recording_file.hpp"
#include "domain/turn.hpp"
#include "domain/verdict.hpp"
#include "ports/call_control.hpp"
#include "ports/call_events.hpp"
#include "ports/job_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace earshot {

// One thing that happened, in order of arrival, never changed. `detail` is JSON without personal
// data.
struct JournalEntry {
  ContextId call;
  std::int64_t number = 0;  // given by the store, ascending
  WallTime at{};
  std::string
      type;  // "event CallConnected", "recording started", "warning no recording state event"
  std::string detail;  // "{}" at least
};

// Numbers, names: rows of their own, so that they can be erased and the journal stay.
struct CallPersonal {
  ContextId call;
  std::string caller;
  std::string called;
  std::string caller_name;
};

// An inbound event as stored: by (door, id, call); handled once.
struct StoredEvent {
  std::int64_t number = 0;
  InboundEvent event;  // with `raw`; the incoming call context is kept until the call is answered
                       // or given up
  WallTime received_at{};
};

// How far the search for a recording's chunks has come: written by the search, which may run beside
// what its call writes of the same recording.
struct DiscoveryChange {
  RecordingId recording;
  Discovery discovery = Discovery::searching;
  std::string folder;  // "": stays as it is
  std::optional<WallTime> discovered_at;
};

struct Changes {
  std::vector<Call> calls;  // inserted (version 0) or updated (version must match; then raised)
  std::vector<CallPersonal> personal;
  // Inserted or updated; of one that is stored, discovery moves from `not_started` only, and folder
  // and discovered_at stay: these are changed by `discoveries` alone.
  std::vector<Recording> recordings;
  std::vector<DiscoveryChange> discoveries;  // of stored recordings
  std::vector<RecordingPause> pauses;        // inserted, or `to` filled in (by recording and from)
  std::vector<Chunk> chunks;                 // inserted or updated by (recording, index)
  std::vector<Turn> turns;                   // inserted or updated by (call, session, item)
  // Inserted or updated by call; read through ports/downlink_store.hpp.
  std::vector<MeasuredDownlink> downlinks;
  std::vector<Verdict> verdicts;  // inserted; `conflict` when the call has one of that number
  // Inserted or updated by (recording, index), unless what is stored was told later; read through
  // ports/file_locations.hpp.
  std::vector<FileLocation> file_locations;
  std::vector<JournalEntry> journal;  // appended
  // Inserted, each with the job that delivers it, unless its call has one of that kind; read
  // through ports/alert_store.hpp.
  std::vector<Alert> alerts;
  std::vector<std::pair<ContextId, Diagnostics>> diagnostics;  // appended
  std::vector<NewJob>
      jobs;  // added; one with a `unique_key` that is waiting already is not added twice
  std::vector<std::int64_t> handled_events;  // numbers of StoredEvents that are now done
  std::vector<std::int64_t> dropped_events;  // done as well, and their raw bodies go
};

// The code of a refusal to store personal data of a call whose data was erased: whoever is told it
// came too late, and ends quietly. Its kind is `conflict`.
inline constexpr std::string_view call_erased_code = "call_erased";
inline bool is_call_erased(const Error& error) { return error.code == call_erased_code; }
inline Error call_erased_error() {
  return {.kind = ErrorKind::conflict,
          .message = "the call's data was erased by request, so nothing more is stored of it",
          .code = std::string(call_erased_code)};
}

// The same while the erasure goes on, which may still be refused: whoever is told it keeps what
// there is to store, and comes again. Its kind is `conflict` as well.
inline constexpr std::string_view call_erasing_code = "call_erasing";
inline bool is_call_erasing(const Error& error) { return error.code == call_erasing_code; }
inline Error call_erasing_error() {
  return {.kind = ErrorKind::conflict,
          .message =
              "the call's data is being erased by request; nothing is stored of it until "
              "that is over",
          .code = std::string(call_erasing_code)};
}
inline bool is_erased_or_erasing(const Error& error) {
  return is_call_erased(error) || is_call_erasing(error);
}
// When to come again.
inline constexpr Duration call_erasing_retry = std::chrono::minutes(5);

// Of a call that has erased_at.
inline Error erased_error_of(const Call& call) {
  return call.erasing ? call_erasing_error() : call_erased_error();
}

struct CallQuery {
  std::optional<CallPhase> phase;
  std::optional<WallTime> from;  // received_at
  std::optional<WallTime> to;
  std::string before_id;  // paging: what came before this call, newest first
  int limit = 50;
};

struct RecordingQuery {
  std::optional<WallTime> from;  // requested_at
  std::optional<WallTime> to;
  std::optional<Discovery> discovery;
  std::string before_id;
  int limit = 50;
};

// Calls that were answered and are over, and have no verdict; none that is erased.
struct UnjudgedQuery {
  WallTime received_since{};
  WallTime ended_before{};
  int limit = 100;
};

struct EventStoreResult {
  Accepted outcome = Accepted::stored;
  std::int64_t number = 0;  // of a duplicate: of the event that was stored
  bool handled = false;     // a duplicate of which nothing more follows
};

class CallStore {
 public:
  virtual ~CallStore() = default;

  // All or nothing. `conflict` when a call's version has moved on, and, with call_erased_code, when
  // numbers, chunks, file locations, discoveries, turns, downlinks or verdicts are of a call whose
  // data was erased (call_erasing_code while that goes on). `unavailable` does not say that nothing
  // was stored: a second try may find its own changes, which gives `conflict`.
  virtual Task<Result<void>> commit(Changes changes) = 0;

  // Durable when it returns; an event stored before is `duplicate` (door, id, and context or
  // correlation id the same). Of one to an erased call's address the raw body is not kept.
  virtual Task<Result<std::vector<EventStoreResult>>> store_events(std::vector<InboundEvent> events,
                                                                   WallTime received_at) = 0;
  virtual Task<Result<std::vector<StoredEvent>>> unhandled_events(int limit) = 0;

  virtual Task<Result<Call>> load_call(ContextId id) = 0;  // `not_found`
  virtual Task<Result<std::optional<Call>>> find_call_by_ring_key(std::string ring_key) = 0;
  virtual Task<Result<std::optional<Call>>> find_call_by_correlation(
      CorrelationId id) = 0;  // newest
  virtual Task<Result<std::optional<Call>>> find_call_by_connection(CallConnectionId id) = 0;
  virtual Task<Result<std::optional<Call>>> find_call_by_server_call(
      ServerCallId id) = 0;  // newest
  virtual Task<Result<std::optional<Call>>> find_call_by_recording(RecordingId id) = 0;
  virtual Task<Result<std::vector<Call>>> open_calls() = 0;  // ringing, answering, connected
  virtual Task<Result<std::vector<Call>>> list_calls(CallQuery query) = 0;  // newest first
  virtual Task<Result<CallPersonal>> load_personal(ContextId id) = 0;

  virtual Task<Result<Recording>> load_recording(RecordingId id) = 0;
  virtual Task<Result<std::vector<Recording>>> recordings_of(ContextId call) = 0;  // oldest first
  virtual Task<Result<std::vector<Recording>>> list_recordings(
      RecordingQuery query) = 0;  // newest first
  virtual Task<Result<std::vector<RecordingPause>>> pauses_of(RecordingId id) = 0;
  virtual Task<Result<std::vector<Chunk>>> chunks_of(RecordingId id) = 0;  // by index
  virtual Task<Result<std::vector<Turn>>> turns_of(ContextId call) = 0;    // by start
  virtual Task<Result<std::vector<JournalEntry>>> journal_of(ContextId call) = 0;
  virtual Task<Result<std::vector<Diagnostics>>> diagnostics_of(ContextId call) = 0;

  // The verdict of that number, or the newest; nullopt: the call has none (yet).
  virtual Task<Result<std::optional<Verdict>>> verdict_of(ContextId call,
                                                          std::optional<int> number) = 0;
  virtual Task<Result<std::vector<Verdict>>> verdicts_of(ContextId call) = 0;       // ascending
  virtual Task<Result<std::vector<Call>>> unjudged_calls(UnjudgedQuery query) = 0;  // oldest first

  // Answers when the database does, for /readyz.
  virtual Task<Result<void>> ping() = 0;
};

}  // namespace earshot
