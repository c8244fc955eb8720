#pragma once
// Ends what the database does not: a thread that looks at the statements under way, and tells the
// connection of one that takes too long to end it. A server's own time limit does not help when the
// server, or the way to it, hangs. Thread-safe.

#include "base/counters.hpp"
#include "base/time.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace earshot::store {

class StatementWatch {
 public:
  // A statement is ended after `limit` and at most an eighth more.
  StatementWatch(Duration limit, Counter& ended);
  ~StatementWatch();
  StatementWatch(const StatementWatch&) = delete;
  StatementWatch& operator=(const StatementWatch&) = delete;

 private:
  struct Entry {
    std::uint64_t begun;  // in ticks
    std::function<void()> end;
    bool told = false;
  };

 public:
  // One statement, from construction to destruction.
  class Statement {
   public:
    // `end` is called at most once, from the watch's thread, never after the destruction; quick.
    // `watch` may be null: then nobody watches.
    Statement(StatementWatch* watch, std::function<void()> end);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

   private:
    StatementWatch* watch_;
    std::list<Entry>::iterator entry_;
  };

  // Some statement was told to end and has not: the disk or the kernel holds its thread, and would
  // hold the next one as well.
  bool hanging() const;
  // How often a thread that waits for another's statement should look at hanging().
  Duration tick() const { return tick_; }

 private:
  void run();
  void look();

  Duration tick_;
  Counter& ended_;
  mutable std::mutex mutex_;
  // Protected by mutex_.
  std::condition_variable stop_;
  std::list<Entry> under_way_;
  std::uint64_t now_ = 0;
  int overdue_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace earshot::store
