#pragma once
// Calls, recordings, journal, inbox and jobs in one database: SQLite (a file, the default) or
// PostgreSQL (several replicas). Blocking work runs on the Offload given; everything is
// thread-safe. Durable means committed with the disk synced. While the database is away every call
// gives `unavailable`, and the connection is made anew when it is back; the same when it hangs.
// `unavailable` after a write does not say that nothing was written: the answer may have got lost.
//
// Beyond the ports' promises:
// - a commit is `conflict` also when another call of the same ring is stored, or when one of
//   `handled_events` was handled before; `not_found` when it has rows of a call or recording that
//   is not stored; `invalid` when an id cannot be stored (store/detail/stored_text.hpp);
// - the incoming call context stands in the event's row alone, never in the raw body, and is
//   overwritten in the commit that names the event among `handled_events`: name an IncomingCall
//   there only once the call is answered or given up.

#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "ports/alert_store.hpp"
#include "ports/call_facts.hpp"
#include "ports/call_lists.hpp"
#include "ports/call_store.hpp"
#include "ports/downlink_store.hpp"
#include "ports/file_locations.hpp"
#include "ports/folder_claims.hpp"
#include "ports/import_store.hpp"
#include "ports/job_store.hpp"
#include "ports/merge_store.hpp"
#include "ports/retention_store.hpp"
#include "ports/transcript_search.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace earshot::store {

struct SqlStoreOptions {
  // "sqlite:///var/lib/earshot/earshot.db" (three slashes and the absolute path) or
  // "postgresql://user:password@host:5432/database".
  std::string connection;
  std::size_t read_connections_max = 4;
  std::size_t writes_per_transaction_max = 256;
  std::size_t writes_waiting_max = 10'000;
  // A statement that takes longer is ended, its connection replaced, and the answer `unavailable`.
  // Migrations may take as long as they need.
  Duration statement_timeout = 10s;
  // PostgreSQL's connections, each unless the address says otherwise.
  Duration connect_timeout = 5s;  // whole seconds, 2 at least
  Duration keepalive_idle = 10s;
  Duration keepalive_interval = 5s;
  int keepalive_count = 3;
  Duration unacknowledged_max = 15s;  // bytes that nobody acknowledges (tcp_user_timeout)
};

class SqlStore : public TranscriptSearch,
                 public CallStore,
                 public CallLists,
                 public JobStore,
                 public FileLocations,
                 public FolderClaims,
                 public MergeStore,
                 public ImportStore,
                 public AlertStore,
                 public RetentionStore,
                 public DownlinkStore,
                 public CallFactsSource {
 public:
  // Called after each commit that added jobs, on the committer's thread; quick. Before the first
  // commit; none: nobody is told.
  virtual void on_jobs_added(std::function<void()> told) = 0;
};

// Connects, and brings the schema up to date; blocks. `invalid`: the connection text, or a schema
// newer than this program; `corrupt`: the file is damaged or no database; `unavailable`: no
// database there.
Result<std::unique_ptr<SqlStore>> make_sql_store(const SqlStoreOptions& options, Offload& offload,
                                                 Random& random, Log& log, Counters& counters);

}  // namespace earshot::store
