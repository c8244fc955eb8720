#include "recording/tap_retention.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <vector>

namespace earshot::recording {
namespace {

// "20260302/" and nothing else: other people's folders stand in the same container.
bool is_date_folder(const std::string& folder) {
  return folder.size() == 9 && folder.back() == '/' &&
         std::all_of(folder.begin(), folder.end() - 1,
                     [](char letter) { return letter >= '0' && letter <= '9'; });
}

// Tap and ledger. What was filled from a tap is part of the recording, and its manifest with it.
bool is_witness(std::string_view name) {
  name = name.substr(name.rfind('/') + 1);
  return name.starts_with("tap-") || name.starts_with("ledger-");
}

}  // namespace

TapRetention::TapRetention(BlobStore& blobs, RetentionStore& holds, Clock& clock,
                           Counters& counters, Log& log, TapRetentionOptions options)
    : blobs_(blobs),
      holds_(holds),
      clock_(clock),
      log_(log),
      options_(options),
      wake_(clock.make_signal()),
      removed_(counters.counter("earshot_tap_removed_total",
                                "Blobs of the bridge's own copy removed by age")),
      refused_(counters.counter("earshot_tap_removal_refused_total",
                                "Blobs of the bridge's own copy that the storage did not let go")) {
}

Task<void> TapRetention::run() {
  while (!stopping_) {
    auto removed = co_await run_once();
    if (!removed)
      log_.warn("old taps were not removed; this is tried again",
                {{"why", removed.error().message}});
    else if (*removed > 0)
      log_.info("old taps removed", {{"blobs", *removed}});
    if (refused_now_ > 0)
      log_.warn("the storage refuses to remove old taps; they are tried again",
                {{"blobs", refused_now_}});
    const Duration wait = removed ? options_.round_every : options_.round_after_failure;
    if (!stopping_) co_await wake_->wait_until(clock_.steady_now() + wait);
  }
}

void TapRetention::stop() {
  stopping_ = true;
  wake_->notify();
}

Task<Result<int>> TapRetention::run_once() {
  // The first date that is still kept.
  const std::string kept_from =
      to_compact_date(clock_.wall_now() - std::chrono::days(options_.keep_days)) + "/";
  std::vector<std::string> expired;
  BlobListRequest request{.by_folder = true};
  for (int page = 0; page < options_.pages_max; ++page) {
    auto listed = co_await blobs_.list(request);
    if (!listed) co_return fail("listing dates", listed.error());
    for (const std::string& folder : listed->prefixes)
      if (is_date_folder(folder) && folder < kept_from &&
          (!done_before_ || folder >= *done_before_))
        expired.push_back(folder);
    request.marker = listed->next_marker;
    if (request.marker.empty()) break;
  }
  int removed = 0;
  first_left_.reset();
  refused_now_ = 0;
  for (const std::string& folder : expired) {
    auto gone = co_await remove_below(folder + "earshot/");
    if (!gone) co_return Failure(gone.error());
    removed += *gone;
    if (stopping_) co_return removed;
  }
  // What was held or refused is looked at again, in case it no longer is.
  done_before_ = first_left_ ? std::min(*first_left_, kept_from) : kept_from;
  co_return removed;
}

// "20260302/earshot/<contextId>/tap-0.pcm"
Task<Result<bool>> TapRetention::is_held(BlobName witness) {
  const std::string_view folder = std::string_view(witness.text).substr(0, witness.text.rfind('/'));
  ContextId call{std::string(folder.substr(folder.rfind('/') + 1))};
  return holds_.is_held(std::move(call));
}

Task<Result<bool>> TapRetention::remove(BlobName witness) {
  auto gone = co_await blobs_.remove(std::move(witness));
  if (!gone && worth_retrying(gone.error())) co_return Failure(gone.error());
  (gone ? removed_ : refused_).add();
  if (!gone) ++refused_now_;
  co_return gone.has_value();
}

Task<Result<int>> TapRetention::remove_below(std::string prefix) {
  int removed = 0;
  BlobListRequest request{.prefix = prefix};
  for (int page = 0; page < options_.pages_max && !stopping_; ++page) {
    auto listed = co_await blobs_.list(request);
    if (!listed) co_return fail(fmt::format("listing {}", prefix), listed.error());
    for (const BlobInfo& blob : listed->blobs) {
      if (!is_witness(blob.name.text)) continue;
      auto held = co_await is_held(blob.name);
      if (!held) co_return Failure(held.error());
      Result<bool> gone = false;
      if (!*held) gone = co_await remove(blob.name);
      if (!gone) co_return fail(fmt::format("removing below {}", prefix), gone.error());
      if (*gone)
        ++removed;
      else if (!first_left_)
        first_left_ = prefix.substr(0, prefix.find('/') + 1);
    }
    request.marker = listed->next_marker;
    if (request.marker.empty()) break;
  }
  co_return removed;
}

}  // namespace earshot::recording
