#include "store/detail/memory_tables.hpp"

#include "domain/imported_call.hpp"
#include "store/detail/alert_rows.hpp"
#include "store/detail/event_fields.hpp"
#include "store/detail/stored_text.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <utility>

namespace earshot::store {
namespace {

void mend_merge(Merge& merge) {
  for (auto* text : {&merge.source, &merge.channels, &merge.etag, &merge.error, &merge.blob.text,
                     &merge.content_type, &merge.sha256})
    *text = mend_text(*text);
}

// As store/detail/verdict_rows.cpp does, before the verdict is stored.
void remind_of(MemoryTables& tables, const Verdict& verdict) {
  const auto behind = tables.verdicts.upper_bound({verdict.call, std::numeric_limits<int>::max()});
  const bool is_first =
      behind == tables.verdicts.begin() || std::prev(behind)->first.first != verdict.call;
  const bool may_change_rules = is_first ? is_imported(tables.calls.at(verdict.call))
                                         : std::prev(behind)->second.kind != verdict.kind;
  if (!may_change_rules) return;
  const auto [reminder, added] = tables.retention_reminders.try_emplace(verdict.call, verdict.at);
  if (!added) reminder->second = std::min(reminder->second, verdict.at);
}

}  // namespace

Result<void> MemoryTables::check_call(const Call& call) const {
  const auto stored = calls.find(call.id);
  const bool ring_taken =
      !call.ring_key.empty() && std::ranges::any_of(calls, [&](const auto& entry) {
        return entry.second.ring_key == call.ring_key && entry.first != call.id;
      });
  if (ring_taken)
    return fail(ErrorKind::conflict, "the call, or one of the same ring, is stored already");
  if (call.version == 0 ? stored != calls.end()
                        : stored == calls.end() || stored->second.version != call.version)
    return fail(ErrorKind::conflict, "the call was changed by somebody else meanwhile");
  return ok();
}

Result<void> MemoryTables::refuse_of_erased(const ContextId& call) const {
  const auto known = calls.find(call);
  if (known == calls.end() || !known->second.erased_at) return ok();
  return Failure(erased_error_of(known->second));
}

Result<void> MemoryTables::refuse_of_erased(const RecordingId& recording) const {
  const auto* known = find_recording(recording);
  return known == nullptr ? ok() : refuse_of_erased(known->call);
}

Result<void> MemoryTables::check_erased(const Changes& changes) const {
  Result<void> may = ok();
  const auto look = [&](const auto& list, auto whose) {
    for (const auto& one : list)
      if (may) may = refuse_of_erased(std::invoke(whose, one));
  };
  look(changes.personal, &CallPersonal::call);
  look(changes.turns, &Turn::call);
  look(changes.downlinks, &MeasuredDownlink::call);
  look(changes.verdicts, &Verdict::call);
  const auto call_of = [&](const RecordingId& id) {
    const auto added = std::ranges::find(changes.recordings, id, &Recording::id);
    if (added != changes.recordings.end()) return added->call;
    const auto* known = find_recording(id);
    return known == nullptr ? ContextId{} : known->call;
  };
  look(changes.chunks, [&](const Chunk& one) { return call_of(one.recording); });
  look(changes.file_locations, [&](const FileLocation& one) { return call_of(one.recording); });
  look(changes.discoveries, [&](const DiscoveryChange& one) { return call_of(one.recording); });
  for (const auto& recording : changes.recordings)
    for (const auto& other : recordings)
      if (may && !recording.folder.empty() && other.folder == recording.folder &&
          other.call != recording.call)
        may = refuse_of_erased(other.call);
  return may;
}

void MemoryTables::mark_erased(const ErasureId& erasure, const ErasedCall& call) {
  const auto known = calls.find(call.call);
  if (known == calls.end()) return;
  auto& erased_at = known->second.erased_at;
  const bool begins = call.state == ErasureState::erasing || call.state == ErasureState::erased;
  if (begins && !erased_at) erased_at = erasures.at(erasure).at;
  const bool by_another = std::ranges::any_of(erasures, [&](const auto& entry) {
    return entry.first != erasure &&
           std::ranges::any_of(entry.second.calls, [&](const ErasedCall& other) {
             return other.call == call.call && other.state == ErasureState::erased;
           });
  });
  if (call.state == ErasureState::refused && !by_another) erased_at.reset();
  known->second.erasing = erased_at && !by_another && call.state != ErasureState::erased;
}

Result<void> MemoryTables::check(const Changes& changes) const {
  auto ids = check_ids(changes);
  if (!ids) return ids;
  std::set<std::int64_t> handled;
  for (const auto* numbers : {&changes.handled_events, &changes.dropped_events})
    for (const auto number : *numbers) {
      const auto event = events.find(number);
      if (event == events.end() || event->second.handled || !handled.insert(number).second)
        return fail(ErrorKind::conflict, "the event was handled by somebody else meanwhile");
    }
  for (const auto& call : changes.calls)
    if (auto checked = check_call(call); !checked) return checked;
  if (auto may = check_erased(changes); !may) return may;
  const auto call_known = [&](const ContextId& id) {
    return calls.contains(id) ||
           std::ranges::find(changes.calls, id, &Call::id) != changes.calls.end();
  };
  const auto recording_known = [&](const RecordingId& id) {
    return find_recording(id) != nullptr ||
           std::ranges::find(changes.recordings, id, &Recording::id) != changes.recordings.end();
  };
  if (!std::ranges::all_of(changes.personal, call_known, &CallPersonal::call) ||
      !std::ranges::all_of(changes.recordings, call_known, &Recording::call) ||
      !std::ranges::all_of(changes.turns, call_known, &Turn::call) ||
      !std::ranges::all_of(changes.downlinks, call_known, &MeasuredDownlink::call) ||
      !std::ranges::all_of(changes.verdicts, call_known, &Verdict::call))
    return fail(ErrorKind::not_found, "there is no such call");
  std::set<std::pair<ContextId, int>> judged;
  for (const auto& verdict : changes.verdicts) {
    const std::pair key(verdict.call, verdict.number);
    if (verdicts.contains(key) || !judged.insert(key).second)
      return fail(ErrorKind::conflict, "the call has a verdict of that number already");
  }
  if (!std::ranges::all_of(changes.discoveries, recording_known, &DiscoveryChange::recording) ||
      !std::ranges::all_of(changes.pauses, recording_known, &RecordingPause::recording) ||
      !std::ranges::all_of(changes.chunks, recording_known, &Chunk::recording) ||
      !std::ranges::all_of(changes.file_locations, recording_known, &FileLocation::recording))
    return fail(ErrorKind::not_found, "there is no such recording");
  return ok();
}

void MemoryTables::apply(Changes changes, Random& random) {
  for (const auto* numbers : {&changes.handled_events, &changes.dropped_events})
    for (const auto number : *numbers) {
      auto& event = events.at(number);
      event.handled = true;
      // The secret and the numbers go, as they do in the database.
      event.stored.event.body = OtherEvent{};
    }
  for (const auto number : changes.dropped_events) events.at(number).stored.event.raw.clear();
  for (auto& call : changes.calls) {
    call.end_reason = mend_text(call.end_reason);
    call.erased_at.reset();
    call.erasing = false;
    if (call.version > 0) {
      call.resource = calls[call.id].resource;
      call.erased_at = calls[call.id].erased_at;
      call.erasing = calls[call.id].erasing;
    }
    ++call.version;
    calls[call.id] = std::move(call);
  }
  for (auto& row : changes.personal) {
    row.caller = mend_text(row.caller);
    row.called = mend_text(row.called);
    row.caller_name = mend_text(row.caller_name);
    personal[row.call] = std::move(row);
  }
  for (auto& recording : changes.recordings) {
    const auto same = std::ranges::find_if(recordings, [&](const Recording& other) {
      return other.id == recording.id && other.call == recording.call;
    });
    if (same == recordings.end()) {
      recordings.push_back(std::move(recording));
      continue;
    }
    if (same->discovery != Discovery::not_started) recording.discovery = same->discovery;
    recording.folder = std::move(same->folder);
    recording.discovered_at = same->discovered_at;
    *same = std::move(recording);
  }
  for (auto& change : changes.discoveries) {
    auto* recording = find_recording(change.recording);
    recording->discovery = change.discovery;
    if (!change.folder.empty()) recording->folder = mend_text(change.folder);
    recording->discovered_at = change.discovered_at;
  }
  for (auto& pause : changes.pauses) pauses[{pause.recording, pause.from}] = pause;
  for (auto& chunk : changes.chunks) chunks[{chunk.recording, chunk.index}] = std::move(chunk);
  for (auto& location : changes.file_locations) put_location(std::move(location));
  for (auto& turn : changes.turns) {
    turn.text = mend_text(turn.text);
    turn.generated_text = mend_text(turn.generated_text);
    if (turn.verified) turn.verified->text = mend_text(turn.verified->text);
    turns[{turn.call, turn.session_id, turn.item_id}] = std::move(turn);
  }
  for (auto& measured : changes.downlinks) downlinks[measured.call] = measured;
  for (auto& verdict : changes.verdicts) {
    for (auto& finding : verdict.findings) finding.detail = mend_text(finding.detail);
    remind_of(*this, verdict);
    const std::pair key(verdict.call, verdict.number);
    verdicts.emplace(key, std::move(verdict));
  }
  for (auto& entry : changes.journal) {
    entry.number = next_number++;
    entry.type = mend_text(entry.type);
    entry.detail = entry.detail.empty() ? "{}" : mend_text(entry.detail);
    journal.push_back(std::move(entry));
  }
  for (auto& row : changes.diagnostics) diagnostics.push_back(std::move(row));
  for (auto& alert : changes.alerts) put_alert(std::move(alert), random);
  for (const auto& job : changes.jobs) add_job(job, random);
}

void MemoryTables::put_location(FileLocation location) {
  for (auto* text : {&location.document_id, &location.end_reason, &location.content,
                     &location.metadata, &location.deletion})
    *text = mend_text(*text);
  const std::pair key{location.recording, location.index};
  auto& file = files[key];
  file.fetch.recording = location.recording;
  file.fetch.index = location.index;
  if (file.told.recording.empty() || location.told_at >= file.told.told_at)
    file.told = std::move(location);
}

Result<void> MemoryTables::put_fetch(FileFetch fetch) {
  if (auto may = refuse_of_erased(fetch.recording); !may) return may;
  if (find_recording(fetch.recording) == nullptr)
    return fail(ErrorKind::not_found, "there is no such recording");
  const auto found = files.find({fetch.recording, fetch.index});
  if (found == files.end())
    return fail(ErrorKind::not_found, "ACS has told of no such chunk of the recording");
  fetch.audio.text = mend_text(fetch.audio.text);
  fetch.metadata.text = mend_text(fetch.metadata.text);
  fetch.sha256 = mend_text(fetch.sha256);
  fetch.last_error = mend_text(fetch.last_error);
  found->second.fetch = std::move(fetch);
  return ok();
}

Result<void> MemoryTables::put_merge(Merge merge) {
  if (auto may = refuse_of_erased(merge.recording); !may) return may;
  if (find_recording(merge.recording) == nullptr)
    return fail(ErrorKind::not_found, "there is no such recording");
  const std::pair key{merge.recording, merge.number};
  if (merges.contains(key))
    return fail(ErrorKind::conflict, "the recording has a merge of that number already");
  mend_merge(merge);
  merges.emplace(key, std::move(merge));
  return ok();
}

Result<void> MemoryTables::save_merge(Merge merge) {
  if (auto may = refuse_of_erased(merge.recording); !may) return may;
  if (find_recording(merge.recording) == nullptr)
    return fail(ErrorKind::not_found, "there is no such recording");
  const auto found = merges.find({merge.recording, merge.number});
  if (found == merges.end())
    return fail(ErrorKind::not_found, "the recording has no merge of that number");
  auto& stored = found->second;
  mend_merge(merge);
  merge.source = stored.source;
  merge.channels = stored.channels;
  merge.requested_at = stored.requested_at;
  stored = std::move(merge);
  return ok();
}

void MemoryTables::put_alert(Alert alert, Random& random) {
  const AlertId id{make_uuid(random)};
  if (!alert_keys.emplace(alert_key(alert, id), id).second) return;
  alert.message = mend_text(alert.message);
  add_job(delivery_job(id, alert.at), random);
  alerts[id] = {.id = id, .alert = std::move(alert)};
}

void MemoryTables::add_job(const NewJob& job, Random& random) {
  const bool waiting = !job.unique_key.empty() && std::ranges::any_of(jobs, [&](const auto& entry) {
    return entry.second.unique_key == job.unique_key && entry.second.state != JobState::given_up;
  });
  if (waiting) return;
  StoredJob stored{.job = {.id = {make_uuid(random)},
                           .kind = job.kind,
                           .subject = mend_text(job.subject),
                           .payload = mend_text(job.payload),
                           .due = job.due,
                           .deadline = job.deadline,
                           .added_at = job.due},
                   .unique_key = job.unique_key};
  jobs[stored.job.id] = std::move(stored);
}

EventStoreResult MemoryTables::put_event(InboundEvent event, WallTime received_at) {
  const auto key = event_key(event);
  if (const auto earlier = event_keys.find(key); earlier != event_keys.end())
    return {.outcome = Accepted::duplicate,
            .number = earlier->second,
            .handled = events.at(earlier->second).handled};
  const auto number = next_number++;
  event_keys[key] = number;
  const auto may = refuse_of_erased(event.context_id);
  const bool keeps_raw = may || is_call_erasing(may.error());
  event.raw = keeps_raw ? mend_text(raw_without_secret(event)) : std::string();
  events[number] = {
      .stored = {.number = number, .event = std::move(event), .received_at = received_at}};
  return {.outcome = Accepted::stored, .number = number};
}

Recording* MemoryTables::find_recording(const RecordingId& id) {
  return const_cast<Recording*>(std::as_const(*this).find_recording(id));
}

const Recording* MemoryTables::find_recording(const RecordingId& id) const {
  const Recording* newest = nullptr;
  for (const auto& recording : recordings)
    if (recording.id == id && (newest == nullptr || recording.requested_at > newest->requested_at))
      newest = &recording;
  return newest;
}

StoredJob* MemoryTables::find_leased(const JobId& id, const std::string& runner) {
  const auto found = jobs.find(id);
  if (found == jobs.end() || found->second.state != JobState::leased ||
      found->second.runner != runner)
    return nullptr;
  return &found->second;
}

}  // namespace earshot::store
