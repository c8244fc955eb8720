#pragma once
// What MemoryStore holds, and how a commit is checked and then applied: a check that passes cannot
// be followed by a change that fails. Its user holds the lock.

#include "base/random.hpp"
#include "domain/merge.hpp"
#include "ports/alert_store.hpp"
#include "ports/call_store.hpp"
#include "ports/retention_store.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace earshot::store {

enum class JobState { waiting, leased, given_up };

struct StoredJob {
  Job job;
  std::string unique_key;
  std::string runner;
  JobState state = JobState::waiting;
};

struct MemoryEvent {
  StoredEvent stored;
  bool handled = false;
};

struct MemoryTables {
  std::map<ContextId, Call> calls;
  std::map<ContextId, CallPersonal> personal;
  std::vector<Recording> recordings;
  std::map<std::pair<RecordingId, WallTime>, RecordingPause> pauses;
  std::map<std::pair<RecordingId, ChunkIndex>, Chunk> chunks;
  std::map<std::pair<RecordingId, ChunkIndex>, RecordingFile> files;
  std::map<ContextId, MeasuredDownlink> downlinks;
  std::map<std::pair<RecordingId, int>, Merge> merges;
  std::map<std::tuple<ContextId, std::string, std::string>, Turn> turns;
  std::map<std::pair<ContextId, int>, Verdict> verdicts;
  std::vector<JournalEntry> journal;
  std::vector<std::pair<ContextId, Diagnostics>> diagnostics;
  std::map<std::int64_t, MemoryEvent> events;
  std::map<std::string, std::int64_t> event_keys;
  std::map<JobId, StoredJob> jobs;
  std::map<AlertId, StoredAlert> alerts;
  std::map<std::string, AlertId> alert_keys;
  std::map<std::string, DisabledWebhook> disabled_webhooks;
  std::map<HoldId, LegalHold> holds;
  std::map<ContextId, WallTime> retention_reminders;
  std::string retention_rules;
  RetentionCursor retention_cursor;
  std::map<ErasureId, Erasure> erasures;
  std::map<ErasureId, std::string> erasure_receipts;
  std::int64_t next_number = 1;

  // What sql_store.hpp says of a commit's errors.
  Result<void> check(const Changes& changes) const;
  void apply(Changes changes, Random& random);
  EventStoreResult put_event(InboundEvent event, WallTime received_at);
  Result<void> put_fetch(FileFetch fetch);
  Result<void> put_merge(Merge merge);
  Result<void> save_merge(Merge merge);
  // As detail/erased_calls.hpp says.
  Result<void> refuse_of_erased(const ContextId& call) const;
  Result<void> refuse_of_erased(const RecordingId& recording) const;
  void mark_erased(const ErasureId& erasure, const ErasedCall& call);
  std::vector<RowCount> remove_rows(const ContextId& call, const RowRemoval& rows);

  Recording* find_recording(const RecordingId& id);
  const Recording* find_recording(const RecordingId& id) const;  // the newest of that id
  StoredJob* find_leased(const JobId& id, const std::string& runner);

  void add_job(const NewJob& job, Random& random);

 private:
  Result<void> check_call(const Call& call) const;
  Result<void> check_erased(const Changes& changes) const;
  void put_location(FileLocation location);
  void put_alert(Alert alert, Random& random);
};

}  // namespace earshot::store
