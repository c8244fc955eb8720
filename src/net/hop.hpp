#pragma once
// Work that belongs to another thread: the awaiting coroutine goes on where it was when the task
// there has ended.

#include "base/executor.hpp"
#include "net/router.hpp"

#include <optional>
#include <utility>

namespace earshot::net {

// Runs `task` on `where`, which outlives it; throws what it threw.
Task<void> run_on(Executor& where, Task<void> task);

namespace detail {
template <class T>
Task<void> keep_result(Task<T> task, std::optional<T>* result) {
  result->emplace(co_await std::move(task));
}

template <class T>
Task<T> run_and_keep(Executor* where, Task<T> task) {
  std::optional<T> result;
  co_await run_on(*where, keep_result(std::move(task), &result));
  co_return std::move(*result);
}
}  // namespace detail

template <class T>
Task<T> run_on_for(Executor& where, Task<T> task) {
  return detail::run_and_keep(&where, std::move(task));
}

// The same handler, run on `where` whichever worker the request came in on; a streamed body is read
// there too.
HttpHandler on_executor(Executor& where, HttpHandler handler);

}  // namespace earshot::net
