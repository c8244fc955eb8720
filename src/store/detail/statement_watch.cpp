#include "store/detail/statement_watch.hpp"

#include <algorithm>
#include <utility>

namespace earshot::store {
namespace {

// The thread counts ticks instead of reading a clock: it need not be exact, and an idle database
// costs next to nothing.
constexpr std::uint64_t ticks_per_limit = 8;

}  // namespace

StatementWatch::StatementWatch(Duration limit, Counter& ended)
    : tick_(std::max<Duration>(limit / ticks_per_limit, 1ms)),
      ended_(ended),
      thread_([this] { run(); }) {}

StatementWatch::~StatementWatch() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  thread_.join();
}

StatementWatch::Statement::Statement(StatementWatch* watch, std::function<void()> end)
    : watch_(watch) {
  if (watch_ == nullptr) return;
  std::lock_guard lock(watch_->mutex_);
  entry_ = watch_->under_way_.insert(watch_->under_way_.end(),
                                     {.begun = watch_->now_, .end = std::move(end)});
}

StatementWatch::Statement::~Statement() {
  if (watch_ == nullptr) return;
  std::lock_guard lock(watch_->mutex_);
  if (entry_->told) --watch_->overdue_;
  watch_->under_way_.erase(entry_);
}

bool StatementWatch::hanging() const {
  std::lock_guard lock(mutex_);
  return overdue_ > 0;
}

void StatementWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, tick_, [this] { return stopping_; })) {
    ++now_;
    look();
  }
}

// Under the lock: whoever is told cannot be gone.
void StatementWatch::look() {
  for (auto& entry : under_way_) {
    // Begun some time within its first tick.
    if (entry.told || now_ - entry.begun <= ticks_per_limit) continue;
    entry.told = true;
    ++overdue_;
    ended_.add();
    entry.end();
  }
}

}  // namespace earshot::store
