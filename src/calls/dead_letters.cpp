#include "calls/dead_letters.hpp"

#include <fmt/format.h>
#include <utility>

namespace earshot::calls {

DeadLetters::DeadLetters(BlobStore& letters, EventReplay& replay, Clock& clock, Counters& counters,
                         Log& log, DeadLetterOptions options)
    : letters_(letters),
      replay_(replay),
      clock_(clock),
      log_(log),
      options_(options),
      wake_(clock.make_signal()),
      replayed_(counters.counter("earshot_dead_letters_replayed_total",
                                 "events that came by Event Grid's dead-letter container only")),
      unreadable_(counters.counter("earshot_dead_letters_unreadable_total",
                                   "blobs of the dead-letter container that hold no events")) {}

Task<void> DeadLetters::run() {
  while (!stopping_) {
    auto stored = co_await run_once();
    if (!stored)
      log_.warn("dead letters could not be read; this is tried again",
                {{"why", stored.error().message}});
    const auto wait = stored ? options_.round_every : options_.round_after_failure;
    if (!stopping_) co_await wake_->wait_until(clock_.steady_now() + wait);
  }
}

void DeadLetters::stop() {
  stopping_ = true;
  wake_->notify();
}

Task<Result<int>> DeadLetters::run_once() {
  const auto youngest_too_old = clock_.wall_now() - options_.age_max;
  std::map<std::string, std::string> present;
  BlobListRequest request;
  int stored = 0;
  for (int page_number = 0; page_number < options_.pages_max && !stopping_; ++page_number) {
    auto page = co_await letters_.list(request);
    if (!page) co_return fail("list the dead letters", page.error());
    for (auto& blob : page->blobs) {
      if (stopping_) break;
      if (blob.modified_at < youngest_too_old) continue;
      present[blob.name.text] = blob.etag;
      const auto known = read_.find(blob.name.text);
      if (known != read_.end() && known->second == blob.etag) continue;
      const auto name = blob.name.text;
      const auto etag = blob.etag;
      auto taken = co_await take(std::move(blob));
      if (!taken) co_return Failure(taken.error());
      stored += *taken;
      read_[name] = etag;
    }
    request.marker = page->next_marker;
    if (request.marker.empty()) {
      // What has become too old, or is gone, need not be remembered.
      std::erase_if(read_, [&](const auto& entry) { return !present.contains(entry.first); });
      break;
    }
  }
  co_return stored;
}

// Fails only with what is worth another try: a blob that can never be read must not hold up others.
Task<Result<int>> DeadLetters::take(BlobInfo blob) {
  Result<ReplayOutcome> outcome = fail(ErrorKind::invalid, "it is too large");
  if (blob.bytes <= options_.blob_bytes_max) outcome = co_await replay_blob(blob.name.text);
  if (!outcome && worth_retrying(outcome.error())) co_return Failure(outcome.error());
  if (!outcome) {
    unreadable_.add();
    log_.warn("a dead letter cannot be read",
              {{"blob", blob.name.text}, {"why", outcome.error().message}});
    co_return 0;
  }
  if (outcome->stored > 0) {
    replayed_.add(outcome->stored);
    log_.warn("events came by the dead-letter container only",
              {{"blob", blob.name.text}, {"events", outcome->stored}});
  }
  co_return outcome->stored;
}

Task<Result<ReplayOutcome>> DeadLetters::replay_blob(std::string name) {
  auto bytes = co_await letters_.read({std::move(name)}, 0, options_.blob_bytes_max, "");
  if (!bytes) co_return fail("read the dead letter", bytes.error());
  co_return co_await replay_.replay(std::string(as_text(*bytes)));
}

}  // namespace earshot::calls
