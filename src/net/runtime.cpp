#include "net/runtime.hpp"

#include "base/invariant.hpp"
#include "net/detail/asio_executor.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <mutex>
#include <thread>
#include <vector>

namespace earshot::net {

namespace asio = boost::asio;

namespace {

struct Worker {
  asio::io_context context{1};
  detail::AsioExecutor executor{context};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
};

}  // namespace

struct Runtime::State {
  std::vector<std::unique_ptr<Worker>> workers;
  std::mutex mutex;  // guards threads
  std::vector<std::thread> threads;
  std::unique_ptr<asio::signal_set> signals;
  std::function<void(std::string_view)> report;

  void run(asio::io_context& context) {
    while (report) {
      try {
        context.run();
        return;
      } catch (const std::exception& error) {
        report(error.what());
      } catch (...) {
        report("unknown exception");
      }
    }
    context.run();
  }
  void stop() {
    for (auto& worker : workers) worker->context.stop();
  }
  void join() {
    std::vector<std::thread> joining;
    {
      std::lock_guard lock(mutex);
      joining.swap(threads);
    }
    for (auto& thread : joining) thread.join();
  }
};

Runtime::Runtime(std::size_t workers) : state_(std::make_unique<State>()) {
  CHECK_INVARIANT(workers > 0, "a runtime has a worker");
  // A peer that goes away is an error of that write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  for (std::size_t i = 0; i < workers; ++i) state_->workers.push_back(std::make_unique<Worker>());
}

Runtime::~Runtime() {
  state_->stop();
  state_->join();
  state_->signals.reset();
}

std::size_t Runtime::workers() const { return state_->workers.size(); }

Executor& Runtime::worker(std::size_t index) { return state_->workers.at(index)->executor; }

void Runtime::contain(std::function<void(std::string_view what)> report) {
  state_->report = std::move(report);
}

void Runtime::run() {
  {
    std::lock_guard lock(state_->mutex);
    for (std::size_t i = 1; i < state_->workers.size(); ++i)
      state_->threads.emplace_back(
          [this, &worker = *state_->workers[i]] { state_->run(worker.context); });
  }
  state_->run(state_->workers.front()->context);
  state_->join();
}

void Runtime::stop() { state_->stop(); }

void Runtime::on_termination(std::move_only_function<void()> handler) {
  auto& signals = state_->signals;
  signals = std::make_unique<asio::signal_set>(state_->workers.front()->context, SIGTERM, SIGINT);
  signals->async_wait(
      [this, handler = std::move(handler)](boost::system::error_code error, int) mutable {
        if (error) return;
        // Gives both signals back to the system, so that a second one ends the process even if this
        // thread is stuck.
        state_->signals->clear();
        handler();
      });
}

}  // namespace earshot::net
