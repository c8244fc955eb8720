#pragma once
// The promises of sql_store.hpp in memory, for tests: nothing outlives it. Thread-safe.

#include "base/random.hpp"
#include "ports/alert_store.hpp"
#include "ports/call_facts.hpp"
#include "ports/call_lists.hpp"
#include "ports/call_store.hpp"
#include "ports/downlink_store.hpp"
#include "ports/file_locations.hpp"
#include "ports/folder_claims.hpp"
#include "ports/job_store.hpp"
#include "ports/merge_store.hpp"
#include "ports/retention_store.hpp"
#include "ports/transcript_search.hpp"

#include <memory>

namespace earshot::store {

class MemoryStore : public TranscriptSearch,
                    public CallStore,
                    public CallLists,
                    public JobStore,
                    public FileLocations,
                    public FolderClaims,
                    public MergeStore,
                    public AlertStore,
                    public RetentionStore,
                    public DownlinkStore,
                    public CallFactsSource {
 public:
  // `random` names jobs; it outlives this.
  explicit MemoryStore(Random& random);
  ~MemoryStore() override;

  // The next so many commits and stores of events give `unavailable` and change nothing: a database
  // that is away.
  void fail_next_commits(int count);
  // Events stored and not handled yet.
  std::size_t events_waiting() const;

  Task<Result<void>> commit(Changes changes) override;
  Task<Result<std::vector<EventStoreResult>>> store_events(std::vector<InboundEvent> events,
                                                           WallTime received_at) override;
  Task<Result<std::vector<StoredEvent>>> unhandled_events(int limit) override;

  Task<Result<Call>> load_call(ContextId id) override;
  Task<Result<std::optional<Call>>> find_call_by_ring_key(std::string ring_key) override;
  Task<Result<std::optional<Call>>> find_call_by_correlation(CorrelationId id) override;
  Task<Result<std::optional<Call>>> find_call_by_connection(CallConnectionId id) override;
  Task<Result<std::optional<Call>>> find_call_by_server_call(ServerCallId id) override;
  Task<Result<std::optional<Call>>> find_call_by_recording(RecordingId id) override;
  Task<Result<std::vector<Call>>> open_calls() override;
  Task<Result<std::vector<Call>>> list_calls(CallQuery query) override;
  Task<Result<std::vector<ListedCall>>> calls_page(CallQuery query) override;
  Task<Result<CallPersonal>> load_personal(ContextId id) override;

  Task<Result<Recording>> load_recording(RecordingId id) override;
  Task<Result<std::vector<Recording>>> recordings_of(ContextId call) override;
  Task<Result<std::vector<Recording>>> list_recordings(RecordingQuery query) override;
  Task<Result<std::vector<ListedRecording>>> recordings_page(RecordingQuery query) override;
  Task<Result<std::vector<RecordingPause>>> pauses_of(RecordingId id) override;
  Task<Result<std::vector<Chunk>>> chunks_of(RecordingId id) override;
  Task<Result<std::vector<Turn>>> turns_of(ContextId call) override;
  Task<Result<std::vector<MeasuredDownlink>>> recent_downlinks(int limit) override;
  Task<Result<std::vector<JournalEntry>>> journal_of(ContextId call) override;
  Task<Result<std::vector<Diagnostics>>> diagnostics_of(ContextId call) override;
  Task<Result<std::optional<Verdict>>> verdict_of(ContextId call,
                                                  std::optional<int> number) override;
  Task<Result<std::vector<Verdict>>> verdicts_of(ContextId call) override;
  Task<Result<std::vector<Call>>> unjudged_calls(UnjudgedQuery query) override;
  // Letters of ASCII alone are found in either case.
  Task<Result<TranscriptPage>> search_transcripts(TranscriptQuery query) override;
  Task<Result<std::vector<CallFacts>>> call_facts(CallFactsQuery query) override;
  Task<Result<void>> ping() override;

  Task<Result<std::vector<RecordingFile>>> files_of(RecordingId recording) override;
  Task<Result<void>> save_fetch(FileFetch fetch) override;
  Task<Result<std::vector<FileOwner>>> owners_of(BlobName audio) override;
  Task<Result<std::vector<FolderClaimant>>> claimants(ClaimantQuery query) override;

  Task<Result<void>> add_merge(Merge merge, NewJob job) override;
  Task<Result<std::vector<Merge>>> merges_of(RecordingId recording) override;
  Task<Result<std::optional<Merge>>> find_merge(RecordingId recording, int number) override;
  Task<Result<void>> save_merge(Merge merge) override;
  Task<Result<int>> unfinished_merges() override;

  Task<Result<StoredAlert>> load_alert(AlertId id) override;
  Task<Result<std::vector<StoredAlert>>> list_alerts(AlertQuery query) override;
  Task<Result<void>> save_deliveries(AlertId id, AlertState state,
                                     std::vector<AlertDelivery> deliveries) override;
  Task<Result<void>> retry_alert(AlertId id, WallTime now) override;
  Task<Result<void>> disable_webhook(DisabledWebhook webhook) override;
  Task<Result<std::vector<DisabledWebhook>>> disabled_webhooks() override;
  Task<Result<int>> purge_alerts(WallTime before) override;

  Task<Result<void>> add_hold(LegalHold hold) override;
  Task<Result<LegalHold>> lift_hold(HoldId id, std::string by, WallTime at) override;
  Task<Result<std::vector<LegalHold>>> list_holds(HoldQuery query) override;
  Task<Result<bool>> is_held(ContextId call) override;
  Task<Result<std::vector<Call>>> calls_after(RetentionCursor cursor, WallTime before,
                                              int limit) override;
  Task<Result<RetentionCursor>> retention_cursor(std::string rules) override;
  Task<Result<void>> save_retention_cursor(std::string rules, RetentionCursor cursor) override;
  Task<Result<std::vector<Call>>> retention_due(WallTime now, int limit) override;
  Task<Result<std::vector<RowCount>>> settle_retention(RetentionOutcome outcome) override;
  Task<Result<bool>> clear_search_index() override;
  Task<Result<std::vector<ContextId>>> calls_of_caller(std::string caller, int limit) override;
  Task<Result<void>> add_erasure(Erasure erasure, NewJob job) override;
  Task<Result<Erasure>> load_erasure(ErasureId id) override;
  Task<Result<std::vector<Erasure>>> list_erasures(int limit) override;
  Task<Result<ErasedCall>> save_erased_call(ErasureId id, ErasedCall call,
                                            RowRemoval rows) override;
  Task<Result<void>> finish_erasure(ErasureId id, WallTime at, std::string receipt,
                                    std::vector<PlannedErasure> looks) override;
  Task<Result<std::string>> erasure_receipt(ErasureId id) override;

  Task<Result<std::optional<Job>>> lease(std::string runner, WallTime now, WallTime until) override;
  Task<Result<void>> extend(JobId id, std::string runner, WallTime until) override;
  Task<Result<void>> complete(JobId id, std::string runner) override;
  Task<Result<void>> retry(JobId id, std::string runner, WallTime due, std::string error,
                           std::string payload) override;
  Task<Result<void>> give_up(JobId id, std::string runner, std::string error) override;
  Task<Result<std::optional<WallTime>>> next_due() override;
  Task<Result<std::vector<Job>>> given_up(int limit) override;

 private:
  struct State;
  Random& random_;
  std::unique_ptr<State> state_;
};

}  // namespace earshot::store
