#include "recording/file_watch.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace earshot::recording {
namespace file_watch {

Decision decide(const State& state) {
  Decision decision{.expires_at = state.ended_at + files_kept_at_acs};
  // The clock of what is kept runs from the word on it; without one, from the end at the latest.
  auto half = state.ended_at + files_kept_at_acs / 2;
  bool first = true;
  for (const auto& file : state.files) {
    if (file.fetch.state != FileState::waiting) continue;
    ++decision.waiting;
    decision.expires_at =
        first ? file.told.expires_at : std::min(decision.expires_at, file.told.expires_at);
    first = false;
  }
  if (decision.waiting > 0) half = decision.expires_at - files_kept_at_acs / 2;
  if (!state.files.empty() && decision.waiting == 0) {
    decision.over = true;
    return decision;
  }
  const bool unheard = state.files.empty();
  auto grave = Alarm::none;
  auto next = decision.expires_at;
  if (unheard && state.now < state.ended_at + state.event_due_after)
    next = state.ended_at + state.event_due_after;
  else if (unheard)
    grave = Alarm::event_missing;
  if (state.now >= half)
    grave = Alarm::half_gone;
  else
    next = std::min(next, half);
  if (state.now >= decision.expires_at) {
    grave = Alarm::expired;
    decision.over = true;
  }
  // What was told of tells of its own expiry, when the fetching finds it: RecordingFetch.
  if (grave > state.raised && (unheard || grave != Alarm::expired)) decision.raise = grave;
  decision.look_again = next;
  return decision;
}

}  // namespace file_watch

namespace {

using file_watch::Alarm;

constexpr std::array<std::string_view, 4> payloads{
    "{}", R"({"alarm":"event_missing"})", R"({"alarm":"half_gone"})", R"({"alarm":"expired"})"};

Alarm raised_of(const std::string& payload) {
  const auto found = std::ranges::find(payloads, payload);
  return found == payloads.end() ? Alarm::none : static_cast<Alarm>(found - payloads.begin());
}

double hours(Duration duration) {
  return std::max(0.0, std::chrono::duration<double, std::ratio<3600>>(duration).count());
}

Alert alert_of(const Recording& recording, const file_watch::Decision& decision, WallTime now) {
  Alert alert{.call = recording.call,
              .recording = recording.id,
              .at = now,
              .expires_at = decision.expires_at};
  const auto left = hours(decision.expires_at - now);
  if (decision.raise == Alarm::expired) {
    alert.kind = "service_copy_expired";
    alert.message =
        "a service-managed recording is gone at ACS, and the event that tells where its files are "
        "never came; the bridge's own copy is what is left of it";
    return alert;
  }
  alert.kind =
      decision.raise == Alarm::event_missing ? "file_event_missing" : "service_copy_expiring";
  alert.message =
      decision.waiting == 0
          ? fmt::format(
                "the event that tells where a recording's files are has not come, and they "
                "are kept for {:.1f} more hours: replay it from Event Grid's dead letters "
                "(earshot events replay)",
                left)
          : fmt::format(
                "{} file(s) of a recording were not fetched from ACS yet, which keeps them "
                "for {:.1f} more hours",
                decision.waiting, left);
  return alert;
}

}  // namespace

FileWatch::FileWatch(CallStore& store, FileLocations& locations, AlertSink& alerts, Clock& clock,
                     Counters& counters, Log& log, FileWatchOptions options)
    : store_(store),
      locations_(locations),
      alerts_(alerts),
      clock_(clock),
      log_(log),
      options_(options),
      missed_events_(counters.counter(
          "earshot_file_events_missed_total",
          "service-managed recordings whose file event had not come when it was due")) {}

Task<JobOutcome> FileWatch::run(Job job) {
  const auto now = clock_.wall_now();
  auto recording = co_await store_.load_recording({job.subject});
  if (!recording && recording.error().kind == ErrorKind::not_found)
    co_return JobGivenUp{.error = recording.error().message};
  Result<std::vector<RecordingFile>> files = Failure(Error{});
  if (recording) files = co_await locations_.files_of(recording->id);
  if (recording && files && files->empty()) {
    auto call = co_await store_.load_call(recording->call);
    if (call && call->erasing)
      co_return JobRetry{
          .at = now + call_erasing_retry, .error = call_erasing_error().message, .payload = ""};
    if (call && (call->erased_at || never_resumed(*call, *recording))) co_return JobDone{};
  }
  if (!recording || !files)
    co_return JobRetry{.at = now + 1min,
                       .error = (recording ? files.error() : recording.error()).message,
                       .payload = ""};
  const auto raised = raised_of(job.payload);
  const auto decision = file_watch::decide({.now = now,
                                            .ended_at = recording->ended_at.value_or(job.added_at),
                                            .files = std::move(*files),
                                            .raised = raised,
                                            .event_due_after = options_.event_due_after});
  if (decision.raise == Alarm::event_missing) missed_events_.add();
  tell(*recording, decision, now);
  if (decision.raise != Alarm::none)
    if (auto stored = co_await raise(alert_of(*recording, decision, now)); !stored)
      co_return JobRetry{.at = now + 1min, .error = stored.error().message, .payload = ""};
  if (decision.over) co_return JobDone{};
  const auto worst = std::max(raised, decision.raise);
  co_return JobRetry{
      .at = std::min(decision.look_again, now + options_.look_every),
      .error = decision.waiting == 0 ? "the file event has not come" : "files wait at ACS",
      .payload = std::string(payloads.at(static_cast<std::size_t>(worst)))};
}

// Before the job knows that it has done so: rather twice than never, and stored only once.
Task<Result<void>> FileWatch::raise(Alert alert) {
  Changes changes;
  changes.alerts.push_back(alert);
  if (auto stored = co_await store_.commit(std::move(changes)); !stored)
    co_return fail("store an alert", stored.error());
  alerts_.announce(alert);
  co_return ok();
}

// The countdown.
void FileWatch::tell(const Recording& recording, const file_watch::Decision& decision,
                     WallTime now) {
  if (decision.over) return;
  log_.info("files of a recording are at ACS only",
            {{"recording", recording.id.text},
             {"call", recording.call.text},
             {"files", decision.waiting},
             {"hours_left", hours(decision.expires_at - now)}});
}

}  // namespace earshot::recording
