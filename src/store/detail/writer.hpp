#pragma once
// The one connection that writes, and its group commit. Writes that wait while another commits go
// into one transaction together, each in a savepoint of its own: one sync of the disk for all of
// them, and still all or nothing for each. Whoever is first does the work for all; the others wait
// on their Offload thread. While the database is away one write asks whether it is back, and the
// others fail at once; nobody waits behind a statement that hangs. Thread-safe.

#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "store/detail/connection.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace earshot::store {

struct WriterLimits {
  std::size_t writes_per_transaction_max = 256;
  std::size_t writes_waiting_max = 10'000;  // above it a write is refused as `unavailable`
};

class Writer {
 public:
  // What is written; throws DatabaseError. May be run more than once (after a dead-lock), each time
  // in a fresh transaction; owns all that it uses, since its asker may be gone by then.
  using Work = std::function<void(Connection&)>;

  Writer(ConnectionTarget target, WriterLimits limits, Offload& offload, Log& log,
         Counters& counters);

  // Connects and migrates; blocks. Once, before the first write.
  Result<void> open();
  // Durable when it returns.
  Task<Result<void>> write(Work work);

 private:
  struct Pending {
    Work work;
    std::optional<Error> outcome;  // the writing thread's
    std::optional<Error> error;    // the asker's, once `done`; under mutex_ till then
    bool done = false;
  };
  using Batch = std::vector<std::shared_ptr<Pending>>;

  bool would_only_wait() const;
  void run_until_done(const std::shared_ptr<Pending>& mine);
  void withdraw(const std::shared_ptr<Pending>& mine);
  Batch take_batch();
  void commit_batch(const Batch& batch);
  void try_batch(const Batch& batch);
  void run_one(Pending& pending, bool alone);
  void fail_batch(const Batch& batch, const Error& error);
  void close_after(const DatabaseError& error);
  void note_state(const Error* error);

  // Given at construction.
  ConnectionTarget target_;
  WriterLimits limits_;
  Offload& offload_;
  Log& log_;
  Counter& writes_;
  Counter& transactions_;
  Counter& failures_;
  Counter& refused_;
  Counter& too_late_;

  std::mutex mutex_;
  // Protected by mutex_.
  std::condition_variable finished_;
  std::deque<std::shared_ptr<Pending>> waiting_;
  bool writing_ = false;
  bool away_ = false;  // as of the last transaction
  // Touched only by the thread that set writing_.
  std::unique_ptr<Connection> connection_;
};

}  // namespace earshot::store
