#include "store/detail/changes_rows.hpp"

#include "store/detail/alert_rows.hpp"
#include "store/detail/call_rows.hpp"
#include "store/detail/downlink_rows.hpp"
#include "store/detail/erased_calls.hpp"
#include "store/detail/event_rows.hpp"
#include "store/detail/file_rows.hpp"
#include "store/detail/job_rows.hpp"
#include "store/detail/journal_rows.hpp"
#include "store/detail/recording_rows.hpp"
#include "store/detail/turn_rows.hpp"
#include "store/detail/verdict_rows.hpp"

namespace earshot::store {

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
  for (const auto number : changes.dropped_events) drop_event(connection, number);
  for (const auto& call : changes.calls) put_call(connection, call);
  refuse_of_erased(connection, changes);
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

}  // namespace earshot::store
