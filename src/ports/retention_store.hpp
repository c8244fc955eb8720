#pragma once
// What is durable of retention: holds, how far the rules have been carried out, and the receipts of
// erasures. Implementations: those of CallStore. Thread-safe.

#include "base/task.hpp"
#include "domain/call.hpp"
#include "domain/erasure.hpp"
#include "domain/legal_hold.hpp"
#include "ports/call_store.hpp"
#include "ports/job_store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot {

struct HoldQuery {
  ContextId call;           // "": of any
  bool lifted_too = false;  // false: those that are in force
  int limit = 100;
};

// Where the walk through the calls, from the oldest, has come.
struct RetentionCursor {
  WallTime received_at{};
  ContextId call;
  bool operator==(const RetentionCursor&) const = default;
};

// Rows of a call that go with what was deleted of it. Calls, recordings, verdicts and journal stay.
struct RowRemoval {
  bool chunks = false;  // with what ACS told of its files
  bool merges = false;
  bool texts = false;     // turns, and the search over them
  bool personal = false;  // numbers, names, raw bodies of events
};

// What a look at a call came to; one transaction.
struct RetentionOutcome {
  ContextId call;
  RowRemoval rows;
  std::vector<JournalEntry> journal;
  std::optional<WallTime> next_at;  // when the rules are to be asked again; none: never
};

struct PlannedErasure {
  Erasure erasure;
  NewJob job;
};

class RetentionStore {
 public:
  virtual ~RetentionStore() = default;

  // `not_found` when there is no such call. Its blobs are to be marked: the call is due at once.
  virtual Task<Result<void>> add_hold(LegalHold hold) = 0;
  // As it then stands; the rules are asked again of its call at `at`. One that was lifted before
  // stays as it is. `not_found`.
  virtual Task<Result<LegalHold>> lift_hold(HoldId id, std::string by, WallTime at) = 0;
  virtual Task<Result<std::vector<LegalHold>>> list_holds(HoldQuery query) = 0;  // newest first
  virtual Task<Result<bool>> is_held(ContextId call) = 0;

  // Calls in the order of their arrival, behind the cursor and received before then.
  virtual Task<Result<std::vector<Call>>> calls_after(RetentionCursor cursor, WallTime before,
                                                      int limit) = 0;
  // Of these rules (any text); the beginning, when the last one saved was of others.
  virtual Task<Result<RetentionCursor>> retention_cursor(std::string rules) = 0;
  virtual Task<Result<void>> save_retention_cursor(std::string rules, RetentionCursor cursor) = 0;
  // Those whose time has come, the longest due first.
  virtual Task<Result<std::vector<Call>>> retention_due(WallTime now, int limit) = 0;
  // What was removed of rows. `conflict`, and nothing is done, if any are to go of a call on hold.
  virtual Task<Result<std::vector<RowCount>>> settle_retention(RetentionOutcome outcome) = 0;

  // Takes a part of what the search index still keeps of texts that are gone out of it, and out of
  // the file. True: there is more. Where the database does that by itself, nothing (PostgreSQL,
  // with autovacuum).
  virtual Task<Result<bool>> clear_search_index() = 0;

  // By what stands as the caller, whole: oldest first.
  virtual Task<Result<std::vector<ContextId>>> calls_of_caller(std::string caller, int limit) = 0;
  // The erasure and the job that carries it out, both or neither.
  virtual Task<Result<void>> add_erasure(Erasure erasure, NewJob job) = 0;
  virtual Task<Result<Erasure>> load_erasure(ErasureId id) = 0;             // `not_found`
  virtual Task<Result<std::vector<Erasure>>> list_erasures(int limit) = 0;  // newest first
  // One call of it as it now is, and with it the rows that go; gives the call with the rows that
  // went added to those it names. As long as it is being erased, and once it was, the store takes
  // no personal data of the call (Call::erased_at); when it is refused, and no other erasure has
  // erased it, the store takes it again. One transaction; `conflict` as above.
  virtual Task<Result<ErasedCall>> save_erased_call(ErasureId id, ErasedCall call,
                                                    RowRemoval rows) = 0;
  // With the receipt as it is signed, which is kept as it stands, and the looks that follow: all or
  // nothing. Finishing it again changes nothing: what was signed stays.
  virtual Task<Result<void>> finish_erasure(ErasureId id, WallTime at, std::string receipt,
                                            std::vector<PlannedErasure> looks) = 0;
  // "": it is not finished, or was before receipts were signed. `not_found`.
  virtual Task<Result<std::string>> erasure_receipt(ErasureId id) = 0;
};

}  // namespace earshot
