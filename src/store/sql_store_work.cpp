// Of the store over SQL: what has jobs behind it (merges, imports, alerts), and the jobs.
#include "store/detail/alert_rows.hpp"
#include "store/detail/erased_calls.hpp"
#include "store/detail/import_rows.hpp"
#include "store/detail/job_rows.hpp"
#include "store/detail/merge_rows.hpp"
#include "store/detail/recording_rows.hpp"
#include "store/detail/sql_store_impl.hpp"

#include <memory>
#include <utility>

namespace earshot::store {

Task<Result<void>> SqlStoreImpl::add_merge(Merge merge, NewJob job) {
  return write_with_job(
      [merge = std::move(merge)](Connection& connection) {
        refuse_of_erased(connection, merge.recording);
        put_merge(connection, merge);
      },
      std::move(job));
}

Task<Result<std::vector<Merge>>> SqlStoreImpl::merges_of(RecordingId recording) {
  return read([recording](Connection& connection) { return find_merges(connection, recording); });
}

Task<Result<std::optional<Merge>>> SqlStoreImpl::find_merge(RecordingId recording, int number) {
  return read([recording, number](Connection& connection) {
    return store::find_merge(connection, recording, number);
  });
}

Task<Result<void>> SqlStoreImpl::save_merge(Merge merge) {
  return writer_.write([merge = std::move(merge)](Connection& connection) {
    refuse_of_erased(connection, merge.recording);
    update_merge(connection, merge);
  });
}

Task<Result<int>> SqlStoreImpl::unfinished_merges() {
  return read([](Connection& connection) { return count_unfinished_merges(connection); });
}

Task<Result<void>> SqlStoreImpl::add_import(Import added, NewJob job) {
  return write_with_job(
      [added = std::move(added)](Connection& connection) { put_import(connection, added); },
      std::move(job));
}

Task<Result<std::optional<Import>>> SqlStoreImpl::find_import(ImportId id) {
  return read([id](Connection& connection) { return store::find_import(connection, id); });
}

Task<Result<std::vector<Import>>> SqlStoreImpl::list_imports(int limit) {
  return read([limit](Connection& connection) { return store::list_imports(connection, limit); });
}

Task<Result<void>> SqlStoreImpl::save_import(Import changed) {
  return writer_.write([changed = std::move(changed)](Connection& connection) {
    update_import(connection, changed);
  });
}

Task<Result<void>> SqlStoreImpl::put_import_item(ImportItem item, Changes changes) {
  return commit_after([item = std::move(item)](
                          Connection& connection) { store::put_import_item(connection, item); },
                      std::move(changes));
}

Task<Result<int>> SqlStoreImpl::purge_imports(WallTime over_before, int limit) {
  return change([over_before, limit](Connection& connection) {
    return store::purge_imports(connection, over_before, limit);
  });
}

Task<Result<std::vector<ImportItem>>> SqlStoreImpl::import_items(ImportItemQuery query) {
  return read([query = std::move(query)](Connection& connection) {
    return find_import_items(connection, query);
  });
}

Task<Result<std::optional<Chunk>>> SqlStoreImpl::find_chunk(BlobName audio,
                                                            std::string document_id) {
  return read([audio, document_id](Connection& connection) {
    return store::find_chunk(connection, audio, document_id);
  });
}

Task<Result<std::vector<FileOwner>>> SqlStoreImpl::owners_of(BlobName audio) {
  return read([audio = std::move(audio)](Connection& connection) {
    return find_owners(connection, audio);
  });
}

Task<Result<std::vector<FolderClaimant>>> SqlStoreImpl::claimants(ClaimantQuery query) {
  return read([query](Connection& connection) { return find_claimants(connection, query); });
}

Task<Result<StoredAlert>> SqlStoreImpl::load_alert(AlertId id) {
  return load([id](Connection& connection) { return find_alert(connection, id); }, "alert");
}

Task<Result<std::vector<StoredAlert>>> SqlStoreImpl::list_alerts(AlertQuery query) {
  return read([query = std::move(query)](Connection& connection) {
    return store::list_alerts(connection, query);
  });
}

Task<Result<void>> SqlStoreImpl::save_deliveries(AlertId id, AlertState state,
                                                 std::vector<AlertDelivery> deliveries) {
  return writer_.write(
      [id = std::move(id), state, deliveries = std::move(deliveries)](Connection& connection) {
        put_deliveries(connection, id, state, deliveries);
      });
}

Task<Result<void>> SqlStoreImpl::retry_alert(AlertId id, WallTime now) {
  const JobId job{make_uuid(random_)};
  Writer::Work work = [id, now, job](Connection& connection) {
    revive_alert(connection, id, now);
    add_job(connection, delivery_job(id, now), job);
  };
  auto written = co_await writer_.write(std::move(work));
  if (written && jobs_added_) jobs_added_();
  co_return written;
}

Task<Result<void>> SqlStoreImpl::disable_webhook(DisabledWebhook webhook) {
  return writer_.write([webhook = std::move(webhook)](Connection& connection) {
    store::disable_webhook(connection, webhook);
  });
}

Task<Result<std::vector<DisabledWebhook>>> SqlStoreImpl::disabled_webhooks() {
  return read([](Connection& connection) { return find_disabled_webhooks(connection); });
}

Task<Result<int>> SqlStoreImpl::purge_alerts(WallTime before) {
  auto purged = std::make_shared<int>(0);
  Writer::Work work = [before, purged](Connection& connection) {
    *purged = store::purge_alerts(connection, before);
  };
  auto written = co_await writer_.write(std::move(work));
  if (!written) co_return Failure(written.error());
  co_return *purged;
}

Task<Result<std::optional<Job>>> SqlStoreImpl::lease(std::string runner, WallTime now,
                                                     WallTime until) {
  auto leased = std::make_shared<std::optional<Job>>();
  Writer::Work work = [=, runner = std::move(runner)](Connection& connection) {
    *leased = lease_job(connection, runner, now, until);
  };
  auto written = co_await writer_.write(std::move(work));
  if (!written) co_return Failure(written.error());
  co_return std::move(*leased);
}

Task<Result<void>> SqlStoreImpl::extend(JobId id, std::string runner, WallTime until) {
  JobRef job{.id = std::move(id), .runner = std::move(runner)};
  return writer_.write([job = std::move(job), until](Connection& connection) {
    extend_lease(connection, job, until);
  });
}

Task<Result<void>> SqlStoreImpl::complete(JobId id, std::string runner) {
  JobRef job{.id = std::move(id), .runner = std::move(runner)};
  return writer_.write(
      [job = std::move(job)](Connection& connection) { complete_job(connection, job); });
}

Task<Result<void>> SqlStoreImpl::retry(JobId id, std::string runner, WallTime due,
                                       std::string error, std::string payload) {
  JobRef job{.id = std::move(id), .runner = std::move(runner)};
  return writer_.write([job = std::move(job), due, error = std::move(error),
                        payload = std::move(payload)](Connection& connection) {
    retry_job(connection, job, due, error, payload);
  });
}

Task<Result<void>> SqlStoreImpl::give_up(JobId id, std::string runner, std::string error) {
  JobRef job{.id = std::move(id), .runner = std::move(runner)};
  return writer_.write([job = std::move(job), error = std::move(error)](Connection& connection) {
    give_up_job(connection, job, error);
  });
}

Task<Result<std::optional<WallTime>>> SqlStoreImpl::next_due() {
  return read([](Connection& connection) { return find_next_due(connection); });
}

Task<Result<std::vector<Job>>> SqlStoreImpl::given_up(int limit) {
  return read([limit](Connection& connection) { return find_given_up(connection, limit); });
}

}  // namespace earshot::store
