#include "calls/call_notes.hpp"

#include <algorithm>
#include <utility>

namespace earshot::calls {
namespace {

constexpr Duration batch_window = 250ms;
constexpr Duration commit_retry = 1s;
constexpr std::size_t notes_a_batch = 500;

void put(Changes& changes, const Turn& turn) { changes.turns.push_back(turn); }
void put(Changes& changes, const JournalEntry& entry) { changes.journal.push_back(entry); }
void put(Changes& changes, const std::pair<ContextId, Diagnostics>& diagnostics) {
  changes.diagnostics.push_back(diagnostics);
}

}  // namespace

CallNotes::CallNotes(CallNotesServices services, std::size_t notes_max)
    : services_(services),
      notes_max_(notes_max),
      dropped_(services.counters.counter("earshot_call_notes_dropped_total",
                                         "Turns, notes and diagnostics dropped because the "
                                         "database was away too long")),
      unstorable_(services.counters.counter("earshot_call_notes_unstorable_total",
                                            "Turns, notes and diagnostics the store refused")),
      changed_(services.clock.make_signal()),
      committed_(services.clock.make_signal()),
      tasks_(services.control, services.clock, services.log, "call notes") {}

void CallNotes::turn(Turn turn) { add(std::move(turn)); }

void CallNotes::journal(JournalEntry entry) { add(std::move(entry)); }

void CallNotes::exchanged(const ContextId& call, const Diagnostics& diagnostics) {
  add(std::pair(call, diagnostics));
}

void CallNotes::add(Note note) {
  if (services_.control.runs_here()) return take(std::move(note));
  services_.control.post([this, note = std::move(note)]() mutable { take(std::move(note)); });
}

void CallNotes::take(Note note) {
  // A turn is told again whenever it grows: only its last word need be written.
  if (const auto* turn = std::get_if<Turn>(&note)) {
    const auto same = std::find_if(waiting_.begin(), waiting_.end(), [&](const Note& other) {
      const auto* older = std::get_if<Turn>(&other);
      return older && older->call == turn->call && older->session_id == turn->session_id &&
             older->item_id == turn->item_id;
    });
    if (same != waiting_.end()) {
      *same = std::move(note);
      return;
    }
  }
  if (waiting_.size() >= notes_max_) {
    waiting_.pop_front();
    dropped_.add();
  }
  waiting_.push_back(std::move(note));
  changed_->notify();
}

void CallNotes::start() { tasks_.spawn(flush_whenever_needed()); }

Task<void> CallNotes::flush_whenever_needed() {
  while (!stopping_) {
    if (waiting_.empty()) co_await changed_->wait();
    if (stopping_) co_return;
    co_await services_.clock.sleep_for(batch_window);
    if (!co_await flush()) co_await services_.clock.sleep_for(commit_retry);
  }
}

Task<bool> CallNotes::flush() {
  while (committing_) {
    // Two may wait: whoever is woken wakes the next.
    static_cast<void>(co_await committed_->wait_until(services_.clock.steady_now() + commit_retry));
  }
  committing_ = true;
  bool stored = true;
  while (stored && !waiting_.empty()) stored = co_await commit_batch();
  committing_ = false;
  committed_->notify();
  co_return stored;
}

Task<bool> CallNotes::commit_batch() {
  const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), notes_a_batch));
  std::vector<Note> batch(std::make_move_iterator(waiting_.begin()),
                          std::make_move_iterator(waiting_.begin() + count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  auto committed = co_await commit(batch);
  if (!committed && worth_retrying(committed.error())) {
    waiting_.insert(waiting_.begin(), std::make_move_iterator(batch.begin()),
                    std::make_move_iterator(batch.end()));
    co_return false;
  }
  if (committed) co_return true;
  // One that cannot be stored must not take the others with it.
  for (auto& note : batch) {
    std::vector<Note> one;
    one.push_back(std::move(note));
    auto alone = co_await commit(std::move(one));
    if (alone) continue;
    unstorable_.add();
    services_.log.warn("note of a call cannot be stored", {{"why", alone.error().message}});
  }
  co_return true;
}

Task<Result<void>> CallNotes::commit(std::vector<Note> notes) {
  Changes changes;
  for (const auto& note : notes)
    std::visit([&](const auto& content) { put(changes, content); }, note);
  co_return co_await services_.store.commit(std::move(changes));
}

Task<void> CallNotes::stop() {
  stopping_ = true;
  changed_->notify();
  co_await tasks_.join();
  if (!co_await flush())
    services_.log.warn("notes of calls lost at stop", {{"notes", waiting_.size()}});
}

}  // namespace earshot::calls
