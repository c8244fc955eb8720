#include "net/detail/asio_executor.hpp"
#include "net/runtime.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace earshot::net {

namespace asio = boost::asio;

namespace {

// One piece of work; `finish` runs on the pool's thread and posts the awaiting coroutine back to
// where it was.
struct Piece {
  std::move_only_function<void()> work;
  std::move_only_function<void(std::exception_ptr)> finish;
};

// Destroyed before the event loops whose coroutines use it; what is queued then is still done.
class ThreadOffload : public Offload {
 public:
  ThreadOffload(std::size_t threads, std::size_t queue_max, Counter* refused)
      : queue_max_(queue_max), refused_(refused) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~ThreadOffload() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  Task<void> run(std::move_only_function<void()> work) override {
    auto& context = detail::io_context_of(co_await asio::this_coro::executor);
    check_place();
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(std::exception_ptr)>(
        [this, &context, &work](auto handler) {
          push({.work = std::move(work),
                .finish = [guard = asio::make_work_guard(context),
                           handler = std::move(handler)](std::exception_ptr thrown) mutable {
                  asio::post(guard.get_executor(),
                             [handler = std::move(handler), thrown = std::move(thrown)]() mutable {
                               handler(std::move(thrown));
                             });
                }});
        },
        asio::use_awaitable);
  }

 private:
  // Threads that push at the same time may exceed the bound by one each.
  void check_place() {
    {
      std::lock_guard lock(mutex_);
      if (queue_.size() < queue_max_) return;
    }
    if (refused_ != nullptr) refused_->add();
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again),
                            "too much work waits for a disk or a database");
  }
  void push(Piece piece) {
    {
      std::lock_guard lock(mutex_);
      queue_.push_back(std::move(piece));
    }
    changed_.notify_one();
  }
  bool take(Piece& piece) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return false;
    piece = std::move(queue_.front());
    queue_.pop_front();
    return true;
  }
  void work() {
    for (Piece piece; take(piece); piece = Piece()) {
      std::exception_ptr thrown;
      try {
        piece.work();
      } catch (...) {
        thrown = std::current_exception();
      }
      piece.work = nullptr;
      // Handed over whole: the exception dies on the thread that caught it, not on both at once.
      piece.finish(std::move(thrown));
    }
  }

  std::size_t queue_max_;
  Counter* refused_;  // or null
  std::mutex mutex_;  // guards queue_, stopping_
  std::condition_variable changed_;
  std::deque<Piece> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Offload> make_thread_offload(std::size_t threads, std::size_t queue_max,
                                             Counter* refused) {
  return std::make_unique<ThreadOffload>(threads, queue_max, refused);
}

}  // namespace earshot::net
