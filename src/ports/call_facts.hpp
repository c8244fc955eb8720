#pragma once
// Calls in short, page by page, for statistics over many of them. Implementations: store/sql_store,
// store/memory_store.

#include "base/task.hpp"
#include "domain/call_facts.hpp"

#include <optional>
#include <vector>

namespace earshot {

inline constexpr int call_facts_page_max = 1'000;

struct CallFactsQuery {
  WallTime from{};  // received at or after
  WallTime to{};    // and before
  // Goes on behind this call: the last of the page before.
  std::optional<WallTime> after_received_at;
  ContextId after;
  int limit = call_facts_page_max;  // at most that
};

class CallFactsSource {
 public:
  virtual ~CallFactsSource() = default;
  // By time of the ring, oldest first. Costs as much as the page has rows, however many calls there
  // are.
  virtual Task<Result<std::vector<CallFacts>>> call_facts(CallFactsQuery query) = 0;
};

}  // namespace earshot
