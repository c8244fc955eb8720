#include "recording/tap_retention.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <utility>
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

bool is_tap(std::string_view name) { return name.substr(name.rfind('/') + 1).starts_with("tap-"); }

// "20260302/earshot/<contextId>/tap-0.pcm"
ContextId call_of(std::string_view witness) {
  const auto folder = witness.substr(0, witness.rfind('/'));
  return {std::string(folder.substr(folder.rfind('/') + 1))};
}

template <class T>
bool takes(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

bool covers(const std::vector<RetentionRule>& rules, KeptKind kind) {
  return std::ranges::any_of(
      rules, [kind](const RetentionRule& rule) { return takes(rule.objects, kind); });
}

// Those that concern a call, whatever its age.
std::vector<RetentionRule> rules_for(const std::vector<RetentionRule>& rules,
                                     const std::string& called,
                                     const std::optional<Verdict>& verdict) {
  std::vector<RetentionRule> concerned;
  concerned.reserve(rules.size());
  for (const auto& rule : rules) {
    const bool judged = rule.verdicts.empty() || (verdict && takes(rule.verdicts, verdict->kind));
    if (judged && takes(rule.called, called)) concerned.push_back(rule);
  }
  return concerned;
}

}  // namespace

TapRetention::TapRetention(BlobStore& blobs, CallStore& calls, RetentionStore& holds, Clock& clock,
                           Counters& counters, Log& log, TapRetentionOptions options)
    : blobs_(blobs),
      calls_(calls),
      holds_(holds),
      clock_(clock),
      log_(log),
      options_(std::move(options)),
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

// A call that the store does not know is none of the rules', which would never come to it.
Task<Result<TapRetention::Standing>> TapRetention::standing_of(ContextId call) {
  Standing standing{.call = std::move(call)};
  auto held = co_await holds_.is_held(standing.call);
  if (!held) co_return Failure(held.error());
  standing.held = *held;
  if (!covers(options_.rules, KeptKind::tap) && !covers(options_.rules, KeptKind::ledger))
    co_return standing;
  auto known = co_await calls_.load_call(standing.call);
  if (!known && known.error().kind != ErrorKind::not_found) co_return Failure(known.error());
  if (!known) co_return standing;
  auto personal = co_await calls_.load_personal(standing.call);
  if (!personal && personal.error().kind != ErrorKind::not_found)
    co_return Failure(personal.error());
  auto verdict = co_await calls_.verdict_of(standing.call, std::nullopt);
  if (!verdict) co_return Failure(verdict.error());
  const auto called = personal ? retention_number(personal->called) : std::string();
  const auto rules = rules_for(options_.rules, called, *verdict);
  standing.tap_ruled = covers(rules, KeptKind::tap);
  standing.ledger_ruled = covers(rules, KeptKind::ledger);
  co_return standing;
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
      auto standing = co_await standing_of(call_of(blob.name.text));
      if (!standing) co_return Failure(standing.error());
      if (is_tap(blob.name.text) ? standing->tap_ruled : standing->ledger_ruled) continue;
      Result<bool> gone = false;
      if (!standing->held) gone = co_await remove(blob.name);
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
