#pragma once
// What is behind a MemoryStore, for the files that implement it.

#include "store/detail/memory_tables.hpp"
#include "store/detail/stored_text.hpp"
#include "store/memory_store.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <tuple>
#include <vector>

namespace earshot::store {

template <class T>
void cut_to(std::vector<T>& list, int limit) {
  const auto length = static_cast<std::size_t>(std::clamp(limit, 0, list_limit_max));
  if (list.size() > length) list.resize(length);
}

inline Failure away() {
  return fail(ErrorKind::unavailable, "the database is away, as the test wanted");
}

struct MemoryStore::State {
  mutable std::mutex mutex;
  MemoryTables tables;
  int commits_to_fail = 0;

  bool must_fail() {
    if (commits_to_fail == 0) return false;
    --commits_to_fail;
    return true;
  }
  std::optional<Call> newest_call(const std::function<bool(const Call&)>& wanted) const {
    std::lock_guard lock(mutex);
    std::optional<Call> newest;
    for (const auto& [id, call] : tables.calls)
      if (wanted(call) && (!newest || std::tie(call.received_at, call.id) >
                                          std::tie(newest->received_at, newest->id)))
        newest = call;
    return newest;
  }
};

}  // namespace earshot::store
