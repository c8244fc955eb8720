#pragma once
// Reads the container into which Event Grid puts what it could not deliver, and replays it. A
// service of every process: a second one, or a restart, replays the same again, and the inbox
// ignores what it knows. Blobs are left where they are; Event Grid's container is the operator's.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "ports/blob_store.hpp"
#include "ports/event_replay.hpp"

#include <map>
#include <memory>
#include <string>

namespace earshot::calls {

struct DeadLetterOptions {
  Duration round_every = 5min;
  Duration round_after_failure = 1min;
  // An older letter tells of nothing that could still be fetched.
  Duration age_max = std::chrono::hours(48);
  std::size_t blob_bytes_max = 16 << 20;  // a larger one is left out, and counted
  int pages_max = 100;                    // of the listing in one round
};

class DeadLetters {
 public:
  // All outlive this. `letters` is the container.
  DeadLetters(BlobStore& letters, EventReplay& replay, Clock& clock, Counters& counters, Log& log,
              DeadLetterOptions options = {});

  // Rounds until stop().
  Task<void> run();
  void stop();
  // One round: what is new is replayed. How many events were stored by it.
  Task<Result<int>> run_once();
  // One blob, whatever its age and whether it was read before. `not_found`, or as EventReplay.
  Task<Result<ReplayOutcome>> replay_blob(std::string name);

 private:
  Task<Result<int>> take(BlobInfo blob);

  BlobStore& letters_;
  EventReplay& replay_;
  Clock& clock_;
  Log& log_;
  DeadLetterOptions options_;
  std::map<std::string, std::string> read_;  // name and etag, of those that are young enough
  std::unique_ptr<Signal> wake_;
  bool stopping_ = false;
  Counter& replayed_;
  Counter& unreadable_;
};

}  // namespace earshot::calls
