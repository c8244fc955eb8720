#pragma once
// What is written of calls without deciding anything: turns, the bridge's notes, ACS's diagnostic
// identifiers. Collected and committed in batches, so that no talker waits for the database; while
// that is away they wait here, bounded. Thread-safe but for start, flush and stop.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/task_group.hpp"
#include "ports/call_control.hpp"
#include "ports/call_store.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <variant>

namespace earshot::calls {

// Given at construction, outlive the notes.
struct CallNotesServices {
  Executor& control;
  Clock& clock;
  Log& log;
  Counters& counters;
  CallStore& store;
};

class CallNotes : public DiagnosticsSink {
 public:
  CallNotes(CallNotesServices services, std::size_t notes_max);

  void turn(Turn turn);
  void journal(JournalEntry entry);
  // Keeps the identifiers on the call. The adapter has logged them.
  void exchanged(const ContextId& call, const Diagnostics& diagnostics) override;

  // On the control executor.
  void start();
  // What was noted before is stored when it returns, unless the database is away (then false).
  Task<bool> flush();
  Task<void> stop();

 private:
  using Note = std::variant<Turn, JournalEntry, std::pair<ContextId, Diagnostics>>;
  void add(Note note);
  void take(Note note);
  Task<void> flush_whenever_needed();
  Task<Result<void>> commit(std::vector<Note> notes);
  Task<bool> commit_batch();

  CallNotesServices services_;
  std::size_t notes_max_;
  Counter& dropped_;
  Counter& unstorable_;
  // Touched only on the control executor.
  std::deque<Note> waiting_;
  bool committing_ = false;
  bool stopping_ = false;
  std::unique_ptr<Signal> changed_;
  std::unique_ptr<Signal> committed_;
  TaskGroup tasks_;
};

}  // namespace earshot::calls
