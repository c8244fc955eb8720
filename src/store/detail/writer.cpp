#include "store/detail/writer.hpp"

#include "ports/call_store.hpp"
#include "store/detail/migrations.hpp"

#include <system_error>

namespace earshot::store {
namespace {

// A transaction that the database gave up for another's sake is tried so often in all.
constexpr int attempts_max = 3;

// Faults of one write, which leave the others in the transaction alone.
bool is_own_fault(const DatabaseError& error) {
  if (error.connection_lost() || error.may_repeat()) return false;
  return error.error().kind != ErrorKind::unavailable && error.error().kind != ErrorKind::corrupt;
}

}  // namespace

Writer::Writer(ConnectionTarget target, WriterLimits limits, Offload& offload, Log& log,
               Counters& counters)
    : target_(std::move(target)),
      limits_(limits),
      offload_(offload),
      log_(log),
      writes_(counters.counter("earshot_store_writes_total", "writes asked of the database")),
      transactions_(counters.counter("earshot_store_transactions_total",
                                     "transactions that carried these writes")),
      failures_(counters.counter("earshot_store_failures_total",
                                 "transactions that the database did not take")),
      refused_(counters.counter("earshot_store_writes_refused_total",
                                "writes refused because too many waited")),
      too_late_(counters.counter("earshot_erased_writes_refused_total",
                                 "writes of personal data refused because they came after the "
                                 "erasure of their call's data")) {}

Result<void> Writer::open() {
  try {
    // On a connection of its own, without a limit: a large table takes its time.
    auto patient = target_;
    patient.statement_timeout = Duration{0};
    patient.watch = nullptr;
    Connection migrating(patient, true);
    migrate(migrating);
    connection_ = std::make_unique<Connection>(target_, true);
    return ok();
  } catch (const DatabaseError& error) {
    return fail("open the database", error.error());
  }
}

Task<Result<void>> Writer::write(Work work) {
  auto pending = std::make_shared<Pending>();
  pending->work = std::move(work);
  writes_.add();
  {
    std::lock_guard lock(mutex_);
    if (waiting_.size() >= limits_.writes_waiting_max) {
      refused_.add();
      co_return fail(ErrorKind::unavailable,
                     "too many writes wait for the database: it is too slow, or away");
    }
    if (would_only_wait()) {
      refused_.add();
      co_return fail(ErrorKind::unavailable, "the database is away, or hangs");
    }
    // In the queue before a thread is free for it: that is what fills the next transaction.
    waiting_.push_back(pending);
  }
  auto wait = [this, pending] { run_until_done(pending); };
  try {
    co_await offload_.run(std::move(wait));
  } catch (const std::system_error& error) {
    // Its own thread would have been one too many; somebody else's may have taken it all the same.
    std::lock_guard lock(mutex_);
    std::erase(waiting_, pending);
    co_return fail(ErrorKind::unavailable, error.what());
  }
  if (pending->error && is_erased_or_erasing(*pending->error)) too_late_.add();
  if (pending->error) co_return Failure(*pending->error);
  co_return ok();
}

// Under mutex_.
bool Writer::would_only_wait() const {
  return (writing_ && away_) || (target_.watch != nullptr && target_.watch->hanging());
}

// Under mutex_. Of a write that somebody has taken already nobody knows what becomes.
void Writer::withdraw(const std::shared_ptr<Pending>& mine) {
  std::erase(waiting_, mine);
  mine->error = Error{.kind = ErrorKind::unavailable, .message = "the database hangs"};
  mine->done = true;
}

void Writer::run_until_done(const std::shared_ptr<Pending>& mine) {
  std::unique_lock lock(mutex_);
  while (!mine->done) {
    if (writing_) {
      finished_.wait_for(lock, target_.watch != nullptr ? target_.watch->tick() : 1s);
      if (!mine->done && writing_ && would_only_wait()) withdraw(mine);
      continue;
    }
    writing_ = true;
    const auto batch = take_batch();
    lock.unlock();
    commit_batch(batch);
    lock.lock();
    for (const auto& pending : batch) {
      if (!pending->done) pending->error = std::move(pending->outcome);
      pending->done = true;
    }
    writing_ = false;
    finished_.notify_all();
  }
}

Writer::Batch Writer::take_batch() {
  Batch batch;
  while (!waiting_.empty() && batch.size() < limits_.writes_per_transaction_max) {
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return batch;
}

void Writer::commit_batch(const Batch& batch) {
  for (int attempt = 1;; ++attempt) {
    for (const auto& pending : batch) pending->outcome.reset();
    try {
      try_batch(batch);
      note_state(nullptr);
      return;
    } catch (const DatabaseError& error) {
      close_after(error);
      if (error.may_repeat() && attempt < attempts_max) continue;
      fail_batch(batch, error.error());
      return;
    } catch (const std::exception& error) {
      connection_.reset();
      fail_batch(batch, {.kind = ErrorKind::unavailable, .message = error.what()});
      return;
    }
  }
}

void Writer::try_batch(const Batch& batch) {
  if (!connection_) connection_ = std::make_unique<Connection>(target_, true);
  transactions_.add();
  const bool alone = batch.size() == 1;
  connection_->command(begin_write(target_.database));
  for (const auto& pending : batch) run_one(*pending, alone);
  if (alone && batch.front()->outcome)
    connection_->command("ROLLBACK");
  else
    connection_->command("COMMIT");
}

void Writer::run_one(Pending& pending, bool alone) {
  if (!alone) connection_->execute("SAVEPOINT one_write");
  try {
    pending.work(*connection_);
  } catch (const DatabaseError& error) {
    if (!is_own_fault(error)) throw;
    pending.outcome = error.error();
    if (!alone) connection_->execute("ROLLBACK TO SAVEPOINT one_write");
  }
  if (!alone) connection_->execute("RELEASE SAVEPOINT one_write");
}

void Writer::fail_batch(const Batch& batch, const Error& error) {
  failures_.add();
  note_state(&error);
  for (const auto& pending : batch) pending->outcome = error;
}

void Writer::close_after(const DatabaseError& error) {
  if (!connection_) return;
  if (!error.connection_lost()) {
    try {
      connection_->command("ROLLBACK");
      return;
    } catch (const DatabaseError&) {  // NOLINT(bugprone-empty-catch)
      // Some faults have ended the transaction already; a fresh connection is the safe answer.
    }
  }
  connection_.reset();
}

// One line when the database goes away and one when it is back, not one a write.
void Writer::note_state(const Error* error) {
  if (error != nullptr && !away_)
    log_.error("database did not take a write", {{"reason", error->message}});
  if (error == nullptr && away_) log_.info("database takes writes again");
  std::lock_guard lock(mutex_);
  away_ = error != nullptr;
}

}  // namespace earshot::store
