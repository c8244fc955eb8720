#include "store/sql_store.hpp"

#include "store/detail/call_rows.hpp"
#include "store/detail/downlink_rows.hpp"
#include "store/detail/erased_calls.hpp"
#include "store/detail/event_rows.hpp"
#include "store/detail/facts_rows.hpp"
#include "store/detail/file_rows.hpp"
#include "store/detail/journal_rows.hpp"
#include "store/detail/list_rows.hpp"
#include "store/detail/recording_rows.hpp"
#include "store/detail/search_rows.hpp"
#include "store/detail/sql_store_impl.hpp"
#include "store/detail/turn_rows.hpp"
#include "store/detail/verdict_rows.hpp"

#include <fmt/format.h>
#include <optional>
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

}  // namespace

SqlStoreImpl::SqlStoreImpl(ConnectionTarget target, const SqlStoreOptions& options,
                           Offload& offload, Random& random, Log& log, Counters& counters)
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

Task<Result<void>> SqlStoreImpl::commit(Changes changes) {
  return commit_after([](Connection&) {}, std::move(changes));
}

Task<Result<std::vector<EventStoreResult>>> SqlStoreImpl::store_events(
    std::vector<InboundEvent> events, WallTime received_at) {
  auto results = std::make_shared<std::vector<EventStoreResult>>();
  Writer::Work work = [events = std::move(events), results, received_at](Connection& connection) {
    results->clear();
    for (const auto& event : events) results->push_back(put_event(connection, event, received_at));
  };
  auto written = co_await writer_.write(std::move(work));
  if (!written) co_return Failure(written.error());
  co_return std::move(*results);
}

Task<Result<std::vector<StoredEvent>>> SqlStoreImpl::unhandled_events(int limit) {
  return read([limit](Connection& connection) { return find_unhandled(connection, limit); });
}

Task<Result<Call>> SqlStoreImpl::load_call(ContextId id) {
  return load([id](Connection& connection) { return find_call(connection, id); }, "call");
}

Task<Result<std::optional<Call>>> SqlStoreImpl::find_call_by_ring_key(std::string ring_key) {
  return find(CallKey::ring_key, std::move(ring_key));
}

Task<Result<std::optional<Call>>> SqlStoreImpl::find_call_by_correlation(CorrelationId id) {
  return find(CallKey::correlation, std::move(id.text));
}

Task<Result<std::optional<Call>>> SqlStoreImpl::find_call_by_connection(CallConnectionId id) {
  return find(CallKey::connection, std::move(id.text));
}

Task<Result<std::optional<Call>>> SqlStoreImpl::find_call_by_server_call(ServerCallId id) {
  return find(CallKey::server_call, std::move(id.text));
}

Task<Result<std::optional<Call>>> SqlStoreImpl::find_call_by_recording(RecordingId id) {
  return read([id](Connection& connection) { return find_call_of_recording(connection, id); });
}

Task<Result<std::vector<Call>>> SqlStoreImpl::open_calls() {
  return read([](Connection& connection) { return find_open_calls(connection); });
}

Task<Result<std::vector<Call>>> SqlStoreImpl::list_calls(CallQuery query) {
  return read([query = std::move(query)](Connection& connection) {
    return store::list_calls(connection, query);
  });
}

Task<Result<std::vector<ListedCall>>> SqlStoreImpl::calls_page(CallQuery query) {
  return read([query = std::move(query)](Connection& connection) {
    return read_calls_page(connection, query);
  });
}

Task<Result<CallPersonal>> SqlStoreImpl::load_personal(ContextId id) {
  return load([id](Connection& connection) { return find_personal(connection, id); },
              "caller of that call");
}

Task<Result<Recording>> SqlStoreImpl::load_recording(RecordingId id) {
  return load([id](Connection& connection) { return find_recording(connection, id); }, "recording");
}

Task<Result<std::vector<Recording>>> SqlStoreImpl::recordings_of(ContextId call) {
  return read([call](Connection& connection) { return find_recordings(connection, call); });
}

Task<Result<std::vector<Recording>>> SqlStoreImpl::list_recordings(RecordingQuery query) {
  return read([query = std::move(query)](Connection& connection) {
    return store::list_recordings(connection, query);
  });
}

Task<Result<std::vector<ListedRecording>>> SqlStoreImpl::recordings_page(RecordingQuery query) {
  return read([query = std::move(query)](Connection& connection) {
    return read_recordings_page(connection, query);
  });
}

Task<Result<std::vector<RecordingPause>>> SqlStoreImpl::pauses_of(RecordingId id) {
  return read([id](Connection& connection) { return find_pauses(connection, id); });
}

Task<Result<std::vector<Chunk>>> SqlStoreImpl::chunks_of(RecordingId id) {
  return read([id](Connection& connection) { return find_chunks(connection, id); });
}

Task<Result<std::vector<Turn>>> SqlStoreImpl::turns_of(ContextId call) {
  return read([call](Connection& connection) { return find_turns(connection, call); });
}

Task<Result<std::vector<MeasuredDownlink>>> SqlStoreImpl::recent_downlinks(int limit) {
  return read([limit](Connection& connection) { return find_downlinks(connection, limit); });
}

Task<Result<std::vector<JournalEntry>>> SqlStoreImpl::journal_of(ContextId call) {
  return read([call](Connection& connection) { return find_journal(connection, call); });
}

Task<Result<std::vector<Diagnostics>>> SqlStoreImpl::diagnostics_of(ContextId call) {
  return read([call](Connection& connection) { return find_diagnostics(connection, call); });
}

Task<Result<std::optional<Verdict>>> SqlStoreImpl::verdict_of(ContextId call,
                                                              std::optional<int> number) {
  return read(
      [call, number](Connection& connection) { return find_verdict(connection, call, number); });
}

Task<Result<std::vector<Verdict>>> SqlStoreImpl::verdicts_of(ContextId call) {
  return read([call](Connection& connection) { return find_verdicts(connection, call); });
}

Task<Result<std::vector<Call>>> SqlStoreImpl::unjudged_calls(UnjudgedQuery query) {
  return read([query](Connection& connection) { return find_unjudged(connection, query); });
}

Task<Result<std::vector<RecordingFile>>> SqlStoreImpl::files_of(RecordingId recording) {
  return read([recording](Connection& connection) { return find_files(connection, recording); });
}

Task<Result<void>> SqlStoreImpl::save_fetch(FileFetch fetch) {
  return writer_.write([fetch = std::move(fetch)](Connection& connection) {
    refuse_of_erased(connection, fetch.recording);
    put_file_fetch(connection, fetch);
  });
}

Task<Result<std::vector<CallFacts>>> SqlStoreImpl::call_facts(CallFactsQuery query) {
  return read([query = std::move(query)](Connection& connection) {
    return list_call_facts(connection, query);
  });
}

Task<Result<TranscriptPage>> SqlStoreImpl::search_transcripts(TranscriptQuery query) {
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

Task<Result<void>> SqlStoreImpl::ping() {
  auto found =
      co_await read([](Connection& connection) { return connection.query("SELECT 1", 1).size(); });
  if (!found) co_return Failure(found.error());
  co_return ok();
}

Task<Result<std::optional<Call>>> SqlStoreImpl::find(CallKey key, std::string value) {
  return read([key, value = std::move(value)](Connection& connection) {
    return find_newest_call(connection, key, value);
  });
}

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
