#include "store/sql_store.hpp"

#include "store/detail/alert_rows.hpp"
#include "store/detail/call_rows.hpp"
#include "store/detail/downlink_rows.hpp"
#include "store/detail/erasure_rows.hpp"
#include "store/detail/event_rows.hpp"
#include "store/detail/facts_rows.hpp"
#include "store/detail/file_rows.hpp"
#include "store/detail/import_rows.hpp"
#include "store/detail/job_rows.hpp"
#include "store/detail/journal_rows.hpp"
#include "store/detail/merge_rows.hpp"
#include "store/detail/readers.hpp"
#include "store/detail/recording_rows.hpp"
#include "store/detail/retention_rows.hpp"
#include "store/detail/search_rows.hpp"
#include "store/detail/stored_text.hpp"
#include "store/detail/turn_rows.hpp"
#include "store/detail/verdict_rows.hpp"
#include "store/detail/writer.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

namespace earshot::store {
namespace {

// Without limits of our own, a host that does not answer holds a thread for minutes.
std::string with_limits(std::string address, const SqlStoreOptions& options) {
  const std::pair<std::string_view, long long> limits[] = {
      {"connect_timeout", options.connect_timeout / 1s},
      {"keepalives_idle", options.keepalive_idle / 1s},
      {"keepalives_interval", options.keepalive_interval / 1s},
      {"keepalives_count", options.keepalive_count},
      {"tcp_user_timeout", options.unacknowledged_max / 1ms}};
  for (const auto& [name, value] : limits) {
    if (address.find(fmt::format("{}=", name)) != std::string::npos) continue;
    const char separator = address.find('?') == std::string::npos ? '?' : '&';
    address += fmt::format("{}{}={}", separator, name, value);
  }
  return address;
}

Result<ConnectionTarget> parse_connection(const SqlStoreOptions& options) {
  const auto& text = options.connection;
  constexpr std::string_view sqlite = "sqlite://";
  if (text.starts_with(sqlite)) {
    auto path = text.substr(sqlite.size());
    if (!path.starts_with('/') || path.ends_with('/') || path.find('"') != std::string::npos)
      return fail(ErrorKind::invalid,
                  "the database's address must be sqlite:// and an absolute path, such as "
                  "sqlite:///var/lib/earshot/earshot.db");
    return ConnectionTarget{.database = Database::sqlite,
                            .where = std::move(path),
                            .statement_timeout = options.statement_timeout};
  }
  if (text.starts_with("postgresql://") || text.starts_with("postgres://"))
    return ConnectionTarget{.database = Database::postgresql,
                            .where = with_limits(text, options),
                            .statement_timeout = options.statement_timeout};
  // Not quoted: it may hold a password.
  return fail(ErrorKind::invalid,
              "the database's address must begin with sqlite:// or postgresql://");
}

// Made before the transaction, which may be run again.
struct NewIds {
  std::vector<JobId> jobs;
  std::vector<AlertId> alerts;
  std::vector<JobId> alert_jobs;
};

NewIds make_ids(const Changes& changes, Random& random) {
  NewIds ids;
  for (std::size_t i = 0; i < changes.jobs.size(); ++i) ids.jobs.push_back({make_uuid(random)});
  for (std::size_t i = 0; i < changes.alerts.size(); ++i) {
    ids.alerts.push_back({make_uuid(random)});
    ids.alert_jobs.push_back({make_uuid(random)});
  }
  return ids;
}

void apply(Connection& connection, const Changes& changes, const NewIds& ids) {
  // The events first: whoever comes second to one must change nothing. Then in the order of the
  // foreign keys.
  for (const auto number : changes.handled_events) mark_handled(connection, number);
  for (const auto& call : changes.calls) put_call(connection, call);
  for (const auto& personal : changes.personal) put_personal(connection, personal);
  for (const auto& recording : changes.recordings) put_recording(connection, recording);
  for (const auto& change : changes.discoveries) put_discovery(connection, change);
  for (const auto& pause : changes.pauses) put_pause(connection, pause);
  for (const auto& chunk : changes.chunks) put_chunk(connection, chunk);
  for (const auto& location : changes.file_locations) put_file_location(connection, location);
  for (const auto& turn : changes.turns) put_turn(connection, turn);
  for (const auto& measured : changes.downlinks) put_downlink(connection, measured);
  for (const auto& verdict : changes.verdicts) put_verdict(connection, verdict);
  for (const auto& entry : changes.journal) append_journal(connection, entry);
  for (const auto& [call, diagnostics] : changes.diagnostics)
    append_diagnostics(connection, call, diagnostics);
  for (std::size_t i = 0; i < changes.alerts.size(); ++i)
    if (put_alert(connection, changes.alerts[i], ids.alerts[i]))
      add_job(connection, delivery_job(ids.alerts[i], changes.alerts[i].at), ids.alert_jobs[i]);
  for (std::size_t i = 0; i < changes.jobs.size(); ++i)
    add_job(connection, changes.jobs[i], ids.jobs[i]);
}

class SqlStoreImpl : public SqlStore {
 public:
  SqlStoreImpl(ConnectionTarget target, const SqlStoreOptions& options, Offload& offload,
               Random& random, Log& log, Counters& counters)
      : offload_(offload),
        random_(random),
        watch_(options.statement_timeout,
               counters.counter("earshot_store_statements_ended_total",
                                "statements that were ended because the database hung")),
        writer_(watched(target),
                {.writes_per_transaction_max = options.writes_per_transaction_max,
                 .writes_waiting_max = options.writes_waiting_max},
                offload, log, counters),
        readers_(watched(target), options.read_connections_max) {}

  Result<void> open() { return writer_.open(); }

  Task<Result<void>> commit(Changes changes) override {
    auto checked = check_ids(changes);
    if (!checked) co_return checked;
    const bool adds_jobs = !changes.jobs.empty() || !changes.alerts.empty();
    auto ids = make_ids(changes, random_);
    Writer::Work work = [changes = std::move(changes), ids = std::move(ids)](
                            Connection& connection) { apply(connection, changes, ids); };
    auto written = co_await writer_.write(std::move(work));
    if (written && adds_jobs && jobs_added_) jobs_added_();
    co_return written;
  }
  void on_jobs_added(std::function<void()> told) override { jobs_added_ = std::move(told); }

  Task<Result<std::vector<EventStoreResult>>> store_events(std::vector<InboundEvent> events,
                                                           WallTime received_at) override {
    auto results = std::make_shared<std::vector<EventStoreResult>>();
    Writer::Work work = [events = std::move(events), results, received_at](Connection& connection) {
      results->clear();
      for (const auto& event : events)
        results->push_back(put_event(connection, event, received_at));
    };
    auto written = co_await writer_.write(std::move(work));
    if (!written) co_return Failure(written.error());
    co_return std::move(*results);
  }

  Task<Result<std::vector<StoredEvent>>> unhandled_events(int limit) override {
    return read([limit](Connection& connection) { return find_unhandled(connection, limit); });
  }

  Task<Result<Call>> load_call(ContextId id) override {
    return load([id](Connection& connection) { return find_call(connection, id); }, "call");
  }
  Task<Result<std::optional<Call>>> find_call_by_ring_key(std::string ring_key) override {
    return find(CallKey::ring_key, std::move(ring_key));
  }
  Task<Result<std::optional<Call>>> find_call_by_correlation(CorrelationId id) override {
    return find(CallKey::correlation, std::move(id.text));
  }
  Task<Result<std::optional<Call>>> find_call_by_connection(CallConnectionId id) override {
    return find(CallKey::connection, std::move(id.text));
  }
  Task<Result<std::optional<Call>>> find_call_by_server_call(ServerCallId id) override {
    return find(CallKey::server_call, std::move(id.text));
  }
  Task<Result<std::optional<Call>>> find_call_by_recording(RecordingId id) override {
    return read([id](Connection& connection) { return find_call_of_recording(connection, id); });
  }
  Task<Result<std::vector<Call>>> open_calls() override {
    return read([](Connection& connection) { return find_open_calls(connection); });
  }
  Task<Result<std::vector<Call>>> list_calls(CallQuery query) override {
    return read([query = std::move(query)](Connection& connection) {
      return store::list_calls(connection, query);
    });
  }
  Task<Result<CallPersonal>> load_personal(ContextId id) override {
    return load([id](Connection& connection) { return find_personal(connection, id); },
                "caller of that call");
  }

  Task<Result<Recording>> load_recording(RecordingId id) override {
    return load([id](Connection& connection) { return find_recording(connection, id); },
                "recording");
  }
  Task<Result<std::vector<Recording>>> recordings_of(ContextId call) override {
    return read([call](Connection& connection) { return find_recordings(connection, call); });
  }
  Task<Result<std::vector<Recording>>> list_recordings(RecordingQuery query) override {
    return read([query = std::move(query)](Connection& connection) {
      return store::list_recordings(connection, query);
    });
  }
  Task<Result<std::vector<RecordingPause>>> pauses_of(RecordingId id) override {
    return read([id](Connection& connection) { return find_pauses(connection, id); });
  }
  Task<Result<std::vector<Chunk>>> chunks_of(RecordingId id) override {
    return read([id](Connection& connection) { return find_chunks(connection, id); });
  }
  Task<Result<std::vector<Turn>>> turns_of(ContextId call) override {
    return read([call](Connection& connection) { return find_turns(connection, call); });
  }
  Task<Result<std::vector<MeasuredDownlink>>> recent_downlinks(int limit) override {
    return read([limit](Connection& connection) { return find_downlinks(connection, limit); });
  }
  Task<Result<std::vector<JournalEntry>>> journal_of(ContextId call) override {
    return read([call](Connection& connection) { return find_journal(connection, call); });
  }
  Task<Result<std::vector<Diagnostics>>> diagnostics_of(ContextId call) override {
    return read([call](Connection& connection) { return find_diagnostics(connection, call); });
  }

  Task<Result<std::optional<Verdict>>> verdict_of(ContextId call,
                                                  std::optional<int> number) override {
    return read(
        [call, number](Connection& connection) { return find_verdict(connection, call, number); });
  }
  Task<Result<std::vector<Verdict>>> verdicts_of(ContextId call) override {
    return read([call](Connection& connection) { return find_verdicts(connection, call); });
  }
  Task<Result<std::vector<Call>>> unjudged_calls(UnjudgedQuery query) override {
    return read([query](Connection& connection) { return find_unjudged(connection, query); });
  }
  Task<Result<std::vector<RecordingFile>>> files_of(RecordingId recording) override {
    return read([recording](Connection& connection) { return find_files(connection, recording); });
  }
  Task<Result<void>> save_fetch(FileFetch fetch) override {
    return writer_.write(
        [fetch = std::move(fetch)](Connection& connection) { put_file_fetch(connection, fetch); });
  }

  Task<Result<void>> add_merge(Merge merge, NewJob job) override {
    Changes ids;
    ids.jobs.push_back(job);
    if (auto checked = check_ids(ids); !checked) co_return checked;
    JobId job_id{make_uuid(random_)};
    Writer::Work work = [merge = std::move(merge), job = std::move(job),
                         job_id = std::move(job_id)](Connection& connection) {
      put_merge(connection, merge);
      add_job(connection, job, job_id);
    };
    auto written = co_await writer_.write(std::move(work));
    if (written && jobs_added_) jobs_added_();
    co_return written;
  }
  Task<Result<std::vector<Merge>>> merges_of(RecordingId recording) override {
    return read([recording](Connection& connection) { return find_merges(connection, recording); });
  }
  Task<Result<std::optional<Merge>>> find_merge(RecordingId recording, int number) override {
    return read([recording, number](Connection& connection) {
      return store::find_merge(connection, recording, number);
    });
  }
  Task<Result<void>> save_merge(Merge merge) override {
    return writer_.write(
        [merge = std::move(merge)](Connection& connection) { update_merge(connection, merge); });
  }
  Task<Result<int>> unfinished_merges() override {
    return read([](Connection& connection) { return count_unfinished_merges(connection); });
  }

  Task<Result<void>> add_import(Import added, NewJob job) override {
    Changes ids;
    ids.jobs.push_back(job);
    if (auto checked = check_ids(ids); !checked) co_return checked;
    JobId job_id{make_uuid(random_)};
    Writer::Work work = [added = std::move(added), job = std::move(job),
                         job_id = std::move(job_id)](Connection& connection) {
      put_import(connection, added);
      add_job(connection, job, job_id);
    };
    auto written = co_await writer_.write(std::move(work));
    if (written && jobs_added_) jobs_added_();
    co_return written;
  }
  Task<Result<std::optional<Import>>> find_import(ImportId id) override {
    return read([id](Connection& connection) { return store::find_import(connection, id); });
  }
  Task<Result<std::vector<Import>>> list_imports(int limit) override {
    return read([limit](Connection& connection) { return store::list_imports(connection, limit); });
  }
  Task<Result<void>> save_import(Import changed) override {
    return writer_.write([changed = std::move(changed)](Connection& connection) {
      update_import(connection, changed);
    });
  }
  Task<Result<void>> put_import_item(ImportItem item, Changes changes) override {
    if (auto checked = check_ids(changes); !checked) co_return checked;
    const bool adds_jobs = !changes.jobs.empty() || !changes.alerts.empty();
    auto ids = make_ids(changes, random_);
    Writer::Work work = [item = std::move(item), changes = std::move(changes),
                         ids = std::move(ids)](Connection& connection) {
      store::put_import_item(connection, item);
      apply(connection, changes, ids);
    };
    auto written = co_await writer_.write(std::move(work));
    if (written && adds_jobs && jobs_added_) jobs_added_();
    co_return written;
  }
  Task<Result<std::vector<ImportItem>>> import_items(ImportItemQuery query) override {
    return read([query = std::move(query)](Connection& connection) {
      return find_import_items(connection, query);
    });
  }
  Task<Result<std::optional<Chunk>>> find_chunk(BlobName audio, std::string document_id) override {
    return read([audio, document_id](Connection& connection) {
      return store::find_chunk(connection, audio, document_id);
    });
  }
  Task<Result<std::vector<CallFacts>>> call_facts(CallFactsQuery query) override {
    return read([query = std::move(query)](Connection& connection) {
      return list_call_facts(connection, query);
    });
  }

  Task<Result<TranscriptPage>> search_transcripts(TranscriptQuery query) override {
    auto text = check_search(query);
    if (!text) co_return Failure(text.error());
    const int limit = query.limit;
    auto hits =
        co_await read([query = std::move(query), text = std::move(*text)](Connection& connection) {
          return search_turns(connection, query, text);
        });
    if (!hits) co_return Failure(hits.error());
    co_return page_of(std::move(*hits), limit);
  }

  Task<Result<StoredAlert>> load_alert(AlertId id) override {
    return load([id](Connection& connection) { return find_alert(connection, id); }, "alert");
  }
  Task<Result<std::vector<StoredAlert>>> list_alerts(AlertQuery query) override {
    return read([query = std::move(query)](Connection& connection) {
      return store::list_alerts(connection, query);
    });
  }
  Task<Result<void>> save_deliveries(AlertId id, AlertState state,
                                     std::vector<AlertDelivery> deliveries) override {
    return writer_.write(
        [id = std::move(id), state, deliveries = std::move(deliveries)](Connection& connection) {
          put_deliveries(connection, id, state, deliveries);
        });
  }
  Task<Result<void>> retry_alert(AlertId id, WallTime now) override {
    const JobId job{make_uuid(random_)};
    Writer::Work work = [id, now, job](Connection& connection) {
      revive_alert(connection, id, now);
      add_job(connection, delivery_job(id, now), job);
    };
    auto written = co_await writer_.write(std::move(work));
    if (written && jobs_added_) jobs_added_();
    co_return written;
  }
  Task<Result<void>> disable_webhook(DisabledWebhook webhook) override {
    return writer_.write([webhook = std::move(webhook)](Connection& connection) {
      store::disable_webhook(connection, webhook);
    });
  }
  Task<Result<std::vector<DisabledWebhook>>> disabled_webhooks() override {
    return read([](Connection& connection) { return find_disabled_webhooks(connection); });
  }
  Task<Result<int>> purge_alerts(WallTime before) override {
    auto purged = std::make_shared<int>(0);
    Writer::Work work = [before, purged](Connection& connection) {
      *purged = store::purge_alerts(connection, before);
    };
    auto written = co_await writer_.write(std::move(work));
    if (!written) co_return Failure(written.error());
    co_return *purged;
  }

  Task<Result<void>> add_hold(LegalHold hold) override {
    return writer_.write(
        [hold = std::move(hold)](Connection& connection) { put_hold(connection, hold); });
  }
  Task<Result<LegalHold>> lift_hold(HoldId id, std::string by, WallTime at) override {
    return change([id = std::move(id), by = std::move(by), at](Connection& connection) {
      return store::lift_hold(connection, id, by, at);
    });
  }
  Task<Result<std::vector<LegalHold>>> list_holds(HoldQuery query) override {
    return read([query = std::move(query)](Connection& connection) {
      return store::list_holds(connection, query);
    });
  }
  Task<Result<bool>> is_held(ContextId call) override {
    return read([call](Connection& connection) { return store::is_held(connection, call); });
  }
  Task<Result<std::vector<Call>>> calls_after(RetentionCursor cursor, WallTime before,
                                              int limit) override {
    return read([cursor = std::move(cursor), before, limit](Connection& connection) {
      return store::calls_after(connection, cursor, before, limit);
    });
  }
  Task<Result<RetentionCursor>> retention_cursor(std::string rules) override {
    return read([rules = std::move(rules)](Connection& connection) {
      return store::retention_cursor(connection, rules);
    });
  }
  Task<Result<void>> save_retention_cursor(std::string rules, RetentionCursor cursor) override {
    return writer_.write(
        [rules = std::move(rules), cursor = std::move(cursor)](Connection& connection) {
          put_retention_cursor(connection, rules, cursor);
        });
  }
  Task<Result<std::vector<Call>>> retention_due(WallTime now, int limit) override {
    return read([now, limit](Connection& connection) {
      return store::retention_due(connection, now, limit);
    });
  }
  Task<Result<std::vector<RowCount>>> settle_retention(RetentionOutcome outcome) override {
    return change([outcome = std::move(outcome)](Connection& connection) {
      return store::settle_retention(connection, outcome);
    });
  }
  Task<Result<std::vector<ContextId>>> calls_of_caller(std::string caller, int limit) override {
    return read([caller = std::move(caller), limit](Connection& connection) {
      return store::calls_of_caller(connection, caller, limit);
    });
  }
  Task<Result<void>> add_erasure(Erasure erasure, NewJob job) override {
    Changes ids;
    ids.jobs.push_back(job);
    if (auto checked = check_ids(ids); !checked) co_return checked;
    JobId job_id{make_uuid(random_)};
    Writer::Work work = [erasure = std::move(erasure), job = std::move(job),
                         job_id = std::move(job_id)](Connection& connection) {
      put_erasure(connection, erasure);
      add_job(connection, job, job_id);
    };
    auto written = co_await writer_.write(std::move(work));
    if (written && jobs_added_) jobs_added_();
    co_return written;
  }
  Task<Result<Erasure>> load_erasure(ErasureId id) override {
    return read([id = std::move(id)](Connection& connection) {
      return store::load_erasure(connection, id);
    });
  }
  Task<Result<std::vector<Erasure>>> list_erasures(int limit) override {
    return read(
        [limit](Connection& connection) { return store::list_erasures(connection, limit); });
  }
  Task<Result<ErasedCall>> save_erased_call(ErasureId id, ErasedCall call,
                                            RowRemoval rows) override {
    return change([id = std::move(id), call = std::move(call), rows](Connection& connection) {
      auto saved = call;
      std::ranges::move(remove_rows(connection, call.call, rows), std::back_inserter(saved.rows));
      put_erased_call(connection, id, saved);
      return saved;
    });
  }
  Task<Result<void>> finish_erasure(ErasureId id, WallTime at) override {
    return writer_.write([id = std::move(id), at](Connection& connection) {
      store::finish_erasure(connection, id, at);
    });
  }

  Task<Result<void>> ping() override {
    auto found = co_await read(
        [](Connection& connection) { return connection.query("SELECT 1", 1).size(); });
    if (!found) co_return Failure(found.error());
    co_return ok();
  }

  Task<Result<std::optional<Job>>> lease(std::string runner, WallTime now,
                                         WallTime until) override {
    auto leased = std::make_shared<std::optional<Job>>();
    Writer::Work work = [=, runner = std::move(runner)](Connection& connection) {
      *leased = lease_job(connection, runner, now, until);
    };
    auto written = co_await writer_.write(std::move(work));
    if (!written) co_return Failure(written.error());
    co_return std::move(*leased);
  }
  Task<Result<void>> extend(JobId id, std::string runner, WallTime until) override {
    JobRef job{.id = std::move(id), .runner = std::move(runner)};
    return writer_.write([job = std::move(job), until](Connection& connection) {
      extend_lease(connection, job, until);
    });
  }
  Task<Result<void>> complete(JobId id, std::string runner) override {
    JobRef job{.id = std::move(id), .runner = std::move(runner)};
    return writer_.write(
        [job = std::move(job)](Connection& connection) { complete_job(connection, job); });
  }
  Task<Result<void>> retry(JobId id, std::string runner, WallTime due, std::string error,
                           std::string payload) override {
    JobRef job{.id = std::move(id), .runner = std::move(runner)};
    return writer_.write([job = std::move(job), due, error = std::move(error),
                          payload = std::move(payload)](Connection& connection) {
      retry_job(connection, job, due, error, payload);
    });
  }
  Task<Result<void>> give_up(JobId id, std::string runner, std::string error) override {
    JobRef job{.id = std::move(id), .runner = std::move(runner)};
    return writer_.write([job = std::move(job), error = std::move(error)](Connection& connection) {
      give_up_job(connection, job, error);
    });
  }
  Task<Result<std::optional<WallTime>>> next_due() override {
    return read([](Connection& connection) { return find_next_due(connection); });
  }
  Task<Result<std::vector<Job>>> given_up(int limit) override {
    return read([limit](Connection& connection) { return find_given_up(connection, limit); });
  }

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

  Task<Result<std::optional<Call>>> find(CallKey key, std::string value) {
    return read([key, value = std::move(value)](Connection& connection) {
      return find_newest_call(connection, key, value);
    });
  }

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

}  // namespace

Result<std::unique_ptr<SqlStore>> make_sql_store(const SqlStoreOptions& options, Offload& offload,
                                                 Random& random, Log& log, Counters& counters) {
  auto target = parse_connection(options);
  if (!target) return Failure(target.error());
  auto store =
      std::make_unique<SqlStoreImpl>(std::move(*target), options, offload, random, log, counters);
  auto opened = store->open();
  if (!opened) return Failure(opened.error());
  return store;
}

}  // namespace earshot::store
