#pragma once
// A bounded queue that one coroutine reads: "the next item, or a time". Same-thread: push from the
// reader's executor (post to it from elsewhere). What happens when it is full is the caller's
// decision, from push's answer.

#include "base/clock.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

namespace earshot {

template <class T>
class Mailbox {
 public:
  Mailbox(Clock& clock, std::size_t items_max)
      : items_max_(items_max), arrived_(clock.make_signal()) {}

  // False when the mailbox is full or closed; the item is then not taken.
  bool try_push(T item) {
    if (closed_ || items_.size() >= items_max_) return false;
    items_.push_back(std::move(item));
    arrived_->notify();
    return true;
  }
  // After close, readers get what is left and then nothing.
  void close() {
    closed_ = true;
    arrived_->notify();
  }
  bool closed() const { return closed_; }
  std::size_t size() const { return items_.size(); }

  // nullopt: the deadline passed, or the mailbox is closed and empty.
  Task<std::optional<T>> next_until(SteadyTime deadline) {
    while (items_.empty() && !closed_)
      if (co_await arrived_->wait_until(deadline) == Wake::timed_out) co_return std::nullopt;
    co_return take();
  }
  Task<std::optional<T>> next() {
    while (items_.empty() && !closed_) co_await arrived_->wait();
    co_return take();
  }
  std::optional<T> take() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

 private:
  std::size_t items_max_;
  std::deque<T> items_;
  bool closed_ = false;
  std::unique_ptr<Signal> arrived_;
};

}  // namespace earshot
