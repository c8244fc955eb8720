#include "recording/verification/verdict_reconciler.hpp"

#include "recording/recording_discovery.hpp"
#include "recording/verification/call_verifier.hpp"

#include <algorithm>

namespace earshot::recording {

VerdictReconciler::VerdictReconciler(CallStore& store, AlertSink& alerts, Clock& clock,
                                     Counters& counters, Log& log, ReconcilerOptions options)
    : store_(store),
      alerts_(alerts),
      clock_(clock),
      log_(log),
      options_(options),
      wake_(clock.make_signal()),
      calls_queued_(counters.counter("earshot_reconciled_total",
                                     "work queued again because its job was gone",
                                     {{"what", "verdict"}})),
      searches_queued_(counters.counter("earshot_reconciled_total",
                                        "work queued again because its job was gone",
                                        {{"what", "search"}})),
      calls_overdue_(counters.gauge("earshot_verdicts_overdue",
                                    "answered calls that are over and have no verdict, as the last "
                                    "round found them")) {}

Task<void> VerdictReconciler::run() {
  while (!stopping_) {
    co_await wake_->wait_until(clock_.steady_now() + options_.round_every);
    if (stopping_) break;
    auto round = co_await run_once();
    if (!round)
      log_.warn("overdue verdicts could not be looked for; this is tried again",
                {{"error", round.error().message}});
    else if (round->calls > 0 || round->recordings > 0)
      log_.info("overdue work was queued again",
                {{"calls", round->calls}, {"recordings", round->recordings}});
  }
}

void VerdictReconciler::stop() {
  stopping_ = true;
  wake_->notify();
}

Task<Result<VerdictReconciler::Round>> VerdictReconciler::run_once() {
  Round round;
  auto calls = co_await queue_calls();
  if (!calls) co_return Failure(calls.error());
  round.calls = *calls;
  for (const auto discovery :
       {Discovery::not_started, Discovery::searching, Discovery::incomplete, Discovery::missing}) {
    auto recordings = co_await queue_searches(discovery);
    if (!recordings) co_return Failure(recordings.error());
    round.recordings += *recordings;
  }
  co_return round;
}

Task<Result<int>> VerdictReconciler::queue_calls() {
  const auto now = clock_.wall_now();
  UnjudgedQuery query{.received_since = now - options_.look_back,
                      .ended_before = now - options_.overdue_after,
                      .limit = options_.rows_per_round_max};
  auto overdue = co_await store_.unjudged_calls(query);
  if (!overdue) co_return fail("look for calls without a verdict", overdue.error());
  calls_overdue_.set(static_cast<double>(overdue->size()));
  std::erase_if(alerted_,
                [&](const auto& entry) { return entry.second < now - options_.look_back; });
  Changes changes;
  for (const auto& call : *overdue) {
    auto job = make_verify_job(call.id, now);
    // One that waits for its time, or is tried again and again, is not doubled.
    job.unique_key = "verify_call/" + call.id.text;
    changes.jobs.push_back(std::move(job));
    if (!call.ended_at || now - *call.ended_at < options_.alert_after) continue;
    if (alerted_.contains(call.id)) continue;
    changes.alerts.push_back(
        {.kind = "verdict_overdue",
         .call = call.id,
         .recording = {},
         .message = "a call that is long over has no verdict; its jobs are queued again, and the "
                    "log says why they fail",
         .at = now});
  }
  const auto count = static_cast<int>(changes.jobs.size());
  if (count == 0) co_return 0;
  const auto alerts = changes.alerts;
  if (auto done = co_await store_.commit(std::move(changes)); !done)
    co_return fail("queue verdicts again", done.error());
  for (const auto& alert : alerts) {
    alerted_.emplace(alert.call, now);
    alerts_.announce(alert);
  }
  calls_queued_.add(count);
  co_return count;
}

bool VerdictReconciler::is_due(const Recording& recording, WallTime now) const {
  if (!recording.ended_at || *recording.ended_at > now - options_.overdue_after) return false;
  // It never ran: there is nothing to look for.
  if (!recording.active_at && recording.discovery == Discovery::missing) return false;
  const auto searched = searched_.find(recording.id);
  const auto last =
      searched != searched_.end() ? searched->second : recording.discovered_at.value_or(WallTime{});
  return now - last >= options_.search_again_after;
}

Task<Result<int>> VerdictReconciler::queue_searches(Discovery discovery) {
  const auto now = clock_.wall_now();
  RecordingQuery query{.from = now - options_.look_back,
                       .discovery = discovery,
                       .limit = options_.rows_per_round_max};
  auto recordings = co_await store_.list_recordings(query);
  if (!recordings) co_return fail("look for recordings without chunks", recordings.error());
  std::erase_if(searched_,
                [&](const auto& entry) { return entry.second < now - options_.look_back; });
  Changes changes;
  for (const auto& recording : *recordings) {
    if (!is_due(recording, now)) continue;
    searched_[recording.id] = now;
    // Not doubled while its search waits or runs. Where that is over, one look decides.
    changes.jobs.push_back({.kind = discover_recording_job,
                            .subject = recording.id.text,
                            .payload = "{}",
                            .due = now,
                            .deadline = now,
                            .unique_key = "discover_recording/" + recording.id.text});
  }
  const auto count = static_cast<int>(changes.jobs.size());
  if (count == 0) co_return 0;
  if (auto done = co_await store_.commit(std::move(changes)); !done)
    co_return fail("queue searches again", done.error());
  searches_queued_.add(count);
  co_return count;
}

}  // namespace earshot::recording
