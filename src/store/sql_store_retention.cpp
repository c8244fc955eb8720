// Of the store over SQL: holds, how far the rules have come, receipts of erasures.
#include "store/detail/erased_calls.hpp"
#include "store/detail/erasure_rows.hpp"
#include "store/detail/job_rows.hpp"
#include "store/detail/retention_rows.hpp"
#include "store/detail/search_rows.hpp"
#include "store/detail/sql_store_impl.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace earshot::store {

Task<Result<void>> SqlStoreImpl::add_hold(LegalHold hold) {
  return writer_.write(
      [hold = std::move(hold)](Connection& connection) { put_hold(connection, hold); });
}

Task<Result<LegalHold>> SqlStoreImpl::lift_hold(HoldId id, std::string by, WallTime at) {
  return change([id = std::move(id), by = std::move(by), at](Connection& connection) {
    return store::lift_hold(connection, id, by, at);
  });
}

Task<Result<std::vector<LegalHold>>> SqlStoreImpl::list_holds(HoldQuery query) {
  return read([query = std::move(query)](Connection& connection) {
    return store::list_holds(connection, query);
  });
}

Task<Result<bool>> SqlStoreImpl::is_held(ContextId call) {
  return read([call](Connection& connection) { return store::is_held(connection, call); });
}

Task<Result<std::vector<Call>>> SqlStoreImpl::calls_after(RetentionCursor cursor, WallTime before,
                                                          int limit) {
  return read([cursor = std::move(cursor), before, limit](Connection& connection) {
    return store::calls_after(connection, cursor, before, limit);
  });
}

Task<Result<RetentionCursor>> SqlStoreImpl::retention_cursor(std::string rules) {
  return read([rules = std::move(rules)](Connection& connection) {
    return store::retention_cursor(connection, rules);
  });
}

Task<Result<void>> SqlStoreImpl::save_retention_cursor(std::string rules, RetentionCursor cursor) {
  return writer_.write(
      [rules = std::move(rules), cursor = std::move(cursor)](Connection& connection) {
        put_retention_cursor(connection, rules, cursor);
      });
}

Task<Result<std::vector<Call>>> SqlStoreImpl::retention_due(WallTime now, int limit) {
  return read([now, limit](Connection& connection) {
    return store::retention_due(connection, now, limit);
  });
}

Task<Result<std::vector<RowCount>>> SqlStoreImpl::settle_retention(RetentionOutcome outcome) {
  return change([outcome = std::move(outcome)](Connection& connection) {
    return store::settle_retention(connection, outcome);
  });
}

Task<Result<std::vector<ContextId>>> SqlStoreImpl::calls_of_caller(std::string caller, int limit) {
  return read([caller = std::move(caller), limit](Connection& connection) {
    return store::calls_of_caller(connection, caller, limit);
  });
}

Task<Result<void>> SqlStoreImpl::add_erasure(Erasure erasure, NewJob job) {
  return write_with_job(
      [erasure = std::move(erasure)](Connection& connection) { put_erasure(connection, erasure); },
      std::move(job));
}

Task<Result<Erasure>> SqlStoreImpl::load_erasure(ErasureId id) {
  return read(
      [id = std::move(id)](Connection& connection) { return store::load_erasure(connection, id); });
}

Task<Result<bool>> SqlStoreImpl::clear_search_index() {
  return change([](Connection& connection) { return store::clear_search_index(connection); });
}

Task<Result<std::vector<Erasure>>> SqlStoreImpl::list_erasures(int limit) {
  return read([limit](Connection& connection) { return store::list_erasures(connection, limit); });
}

Task<Result<ErasedCall>> SqlStoreImpl::save_erased_call(ErasureId id, ErasedCall call,
                                                        RowRemoval rows) {
  return change([id = std::move(id), call = std::move(call), rows](Connection& connection) {
    auto saved = call;
    mark_erased(connection, id, call);
    std::ranges::move(remove_rows(connection, call.call, rows), std::back_inserter(saved.rows));
    put_erased_call(connection, id, saved);
    return saved;
  });
}

Task<Result<void>> SqlStoreImpl::finish_erasure(ErasureId id, WallTime at, std::string receipt,
                                                std::vector<PlannedErasure> looks) {
  std::vector<JobId> jobs;
  jobs.reserve(looks.size());
  for (std::size_t i = 0; i < looks.size(); ++i) jobs.push_back({make_uuid(random_)});
  Writer::Work work = [id = std::move(id), at, receipt = std::move(receipt),
                       looks = std::move(looks), jobs = std::move(jobs)](Connection& connection) {
    if (!store::finish_erasure(connection, id, at, receipt)) return;
    for (std::size_t i = 0; i < looks.size(); ++i) {
      put_erasure(connection, looks[i].erasure);
      add_job(connection, looks[i].job, jobs[i]);
    }
  };
  auto written = co_await writer_.write(std::move(work));
  if (written && jobs_added_) jobs_added_();
  co_return written;
}

Task<Result<std::string>> SqlStoreImpl::erasure_receipt(ErasureId id) {
  return read([id = std::move(id)](Connection& connection) {
    return store::erasure_receipt(connection, id);
  });
}

}  // namespace earshot::store
