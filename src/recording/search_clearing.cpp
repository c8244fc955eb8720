#include "recording/search_clearing.hpp"

namespace earshot::recording {

Task<Result<void>> clear_search(RetentionStore& store, Log& log, int steps_max) {
  for (int step = 0; step < steps_max; ++step) {
    auto more = co_await store.clear_search_index();
    if (!more) co_return fail("clear the search index", more.error());
    if (!*more) co_return ok();
  }
  log.warn("the search index is not yet cleared of deleted texts; the next deletion goes on",
           {{"steps", steps_max}});
  co_return ok();
}

}  // namespace earshot::recording
