#pragma once
// The store over SQL, for the files that implement it: sql_store.cpp calls and what belongs to
// them, sql_store_work.cpp what jobs do, sql_store_retention.cpp what is kept and erased.

#include "store/detail/call_rows.hpp"
#include "store/detail/changes_rows.hpp"
#include "store/detail/connection.hpp"
#include "store/detail/readers.hpp"
#include "store/detail/stored_text.hpp"
#include "store/detail/writer.hpp"
#include "store/sql_store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace earshot::store {

class SqlStoreImpl : public SqlStore {
 public:
  SqlStoreImpl(ConnectionTarget target, const SqlStoreOptions& options, Offload& offload,
               Random& random, Log& log, Counters& counters);

  Result<void> open() { return writer_.open(); }

  Task<Result<void>> commit(Changes changes) override;
  void on_jobs_added(std::function<void()> told) override { jobs_added_ = std::move(told); }

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
  Task<Result<std::vector<RecordingFile>>> files_of(RecordingId recording) override;
  Task<Result<void>> save_fetch(FileFetch fetch) override;
  Task<Result<std::vector<FileOwner>>> owners_of(BlobName audio) override;
  Task<Result<std::vector<FolderClaimant>>> claimants(ClaimantQuery query) override;

  Task<Result<void>> add_merge(Merge merge, NewJob job) override;
  Task<Result<std::vector<Merge>>> merges_of(RecordingId recording) override;
  Task<Result<std::optional<Merge>>> find_merge(RecordingId recording, int number) override;
  Task<Result<void>> save_merge(Merge merge) override;
  Task<Result<int>> unfinished_merges() override;

  Task<Result<void>> add_import(Import added, NewJob job) override;
  Task<Result<std::optional<Import>>> find_import(ImportId id) override;
  Task<Result<std::vector<Import>>> list_imports(int limit) override;
  Task<Result<void>> save_import(Import changed) override;
  Task<Result<void>> put_import_item(ImportItem item, Changes changes) override;
  Task<Result<std::vector<ImportItem>>> import_items(ImportItemQuery query) override;
  Task<Result<int>> purge_imports(WallTime over_before, int limit) override;
  Task<Result<std::optional<Chunk>>> find_chunk(BlobName audio, std::string document_id) override;
  Task<Result<std::vector<CallFacts>>> call_facts(CallFactsQuery query) override;

  Task<Result<TranscriptPage>> search_transcripts(TranscriptQuery query) override;

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

  Task<Result<void>> ping() override;

  Task<Result<std::optional<Job>>> lease(std::string runner, WallTime now, WallTime until) override;
  Task<Result<void>> extend(JobId id, std::string runner, WallTime until) override;
  Task<Result<void>> complete(JobId id, std::string runner) override;
  Task<Result<void>> retry(JobId id, std::string runner, WallTime due, std::string error,
                           std::string payload) override;
  Task<Result<void>> give_up(JobId id, std::string runner, std::string error) override;
  Task<Result<std::optional<WallTime>>> next_due() override;
  Task<Result<std::vector<Job>>> given_up(int limit) override;

 private:
  // Writes, and gives what `work` gives.
  template <class Work>
  auto change(Work work) -> Task<Result<decltype(work(std::declval<Connection&>()))>> {
    using Value = decltype(work(std::declval<Connection&>()));
    auto result = std::make_shared<std::optional<Value>>();
    Writer::Work writing = [work = std::move(work), result](Connection& connection) {
      result->emplace(work(connection));
    };
    auto written = co_await writer_.write(std::move(writing));
    if (!written) co_return Failure(written.error());
    co_return std::move(**result);
  }

  // What `first` writes and then the changes, in one transaction.
  template <class First>
  Task<Result<void>> commit_after(First first, Changes changes) {
    if (auto checked = check_ids(changes); !checked) co_return checked;
    const bool adds_jobs = !changes.jobs.empty() || !changes.alerts.empty();
    auto ids = make_ids(changes, random_);
    Writer::Work work = [first = std::move(first), changes = std::move(changes),
                         ids = std::move(ids)](Connection& connection) {
      first(connection);
      apply(connection, changes, ids);
    };
    auto written = co_await writer_.write(std::move(work));
    if (written && adds_jobs && jobs_added_) jobs_added_();
    co_return written;
  }
  // The same with one job and nothing else.
  template <class First>
  Task<Result<void>> write_with_job(First first, NewJob job) {
    Changes changes;
    changes.jobs.push_back(std::move(job));
    return commit_after(std::move(first), std::move(changes));
  }

  // Runs `work` on a reading connection; what it gives, or the DatabaseError it throws.
  template <class Work>
  auto read(Work work) -> Task<Result<decltype(work(std::declval<Connection&>()))>> {
    using Value = decltype(work(std::declval<Connection&>()));
    if (watch_.hanging())
      co_return fail(ErrorKind::unavailable, "the database hangs: look at its disk or its server");
    // Shared: the work may outlive its asker.
    auto result = std::make_shared<Result<Value>>(fail(ErrorKind::unavailable, "not read"));
    auto blocking = [this, result, work = std::move(work)] {
      try {
        readers_.read([&](Connection& connection) { *result = work(connection); });
      } catch (const DatabaseError& error) {
        *result = Failure(error.error());
      }
    };
    try {
      co_await offload_.run(std::move(blocking));
    } catch (const std::system_error& error) {
      co_return fail(ErrorKind::unavailable, error.what());
    }
    co_return std::move(*result);
  }

  // The same for what must be there.
  template <class Work>
  auto load(Work work, std::string_view what)
      -> Task<Result<typename decltype(work(std::declval<Connection&>()))::value_type>> {
    auto found = co_await read(std::move(work));
    if (!found) co_return Failure(found.error());
    if (!*found) co_return fail(ErrorKind::not_found, "there is no such " + std::string(what));
    co_return std::move(**found);
  }

  Task<Result<std::optional<Call>>> find(CallKey key, std::string value);

  ConnectionTarget watched(ConnectionTarget target) {
    target.watch = &watch_;
    return target;
  }

  Offload& offload_;
  Random& random_;
  std::function<void()> jobs_added_;
  StatementWatch watch_;
  Writer writer_;
  Readers readers_;
};

}  // namespace earshot::store
