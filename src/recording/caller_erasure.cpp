#include "recording/caller_erasure.hpp"

#include "base/crypto.hpp"
#include "domain/journal_text.hpp"
#include "recording/erasure_receipt.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <set>
#include <utility>

namespace earshot::recording {
namespace {

constexpr const char* key_purpose = "caller:";
constexpr const char* hold_came = "a hold was put on the call meanwhile";
const RowRemoval all_rows{.chunks = true, .merges = true, .texts = true, .personal = true};

std::vector<ErasedBlob> blobs_of(const KeptOfCall& kept) {
  std::vector<ErasedBlob> blobs;
  blobs.reserve(kept.items.size());
  for (const auto& item : kept.items)
    if (item.where != KeptWhere::rows)
      blobs.push_back({.name = item.object.name, .bytes = item.object.bytes, .etag = item.etag});
  return blobs;
}

}  // namespace

CallerErasure::CallerErasure(RetentionServices services, Random& random,
                             CallerErasureOptions options)
    : services_(services),
      random_(random),
      options_(std::move(options)),
      objects_(services.store, services.merges, services.files, services.blobs, services.spool),
      hashes_(services.store, services.merges, services.blobs, options_.manifest_keys),
      erased_(services.counters.counter("earshot_erased_calls_total",
                                        "calls whose data was erased by request")),
      refused_(services.counters.counter("earshot_erasure_refused_total",
                                         "calls that a request for erasure had to leave")) {}

std::string CallerErasure::caller_key(std::string_view number) const {
  const auto text = key_purpose + retention_number(number);
  return crypto::to_hex(crypto::hmac_sha256(options_.key, as_bytes(text)));
}

// As it may have been stored: ACS writes a telephone number with "4:" before it.
Task<Result<std::vector<ContextId>>> CallerErasure::calls_of(std::string number) {
  const auto plain = retention_number(number);
  std::vector<ContextId> calls;
  for (const auto& form : std::set<std::string>{number, plain, "4:" + plain}) {
    auto found = co_await services_.retention.calls_of_caller(form, options_.calls_max + 1);
    if (!found) co_return Failure(found.error());
    calls.insert(calls.end(), found->begin(), found->end());
  }
  if (std::cmp_greater(calls.size(), options_.calls_max))
    co_return fail(ErrorKind::conflict,
                   fmt::format("there are more than {} calls of this caller, which one erasure "
                               "takes at most; let rules of retention delete the old ones first",
                               options_.calls_max));
  co_return calls;
}

Task<Result<Erasure>> CallerErasure::draft(std::string number) {
  if (retention_number(number).size() < 2)
    co_return fail(ErrorKind::invalid, "give the caller's number, as +81312345678");
  auto calls = co_await calls_of(number);
  if (!calls) co_return Failure(calls.error());
  Erasure erasure{.id = {make_uuid(random_)},
                  .at = services_.clock.wall_now(),
                  .caller_key = caller_key(number),
                  .finished_at = {}};
  erasure.calls.reserve(calls->size());
  for (auto& call : *calls)
    erasure.calls.push_back({.call = std::move(call), .why = {}, .blobs = {}, .rows = {}});
  std::ranges::sort(erasure.calls, {}, &ErasedCall::call);
  co_return erasure;
}

Task<Result<Erasure>> CallerErasure::request(std::string number) {
  auto erasure = co_await draft(std::move(number));
  if (!erasure) co_return Failure(erasure.error());
  NewJob job{.kind = erase_caller_job,
             .subject = erasure->id.text,
             .payload = "{}",
             .due = erasure->at,
             .deadline = {},
             .unique_key = fmt::format("{}/{}", erase_caller_job, erasure->id.text)};
  auto added = co_await services_.retention.add_erasure(*erasure, std::move(job));
  if (!added) co_return Failure(added.error());
  services_.log.info("a caller's data is to be erased",
                     {{"erasure", erasure->id.text}, {"calls", erasure->calls.size()}});
  co_return erasure;
}

Task<Result<Erasure>> CallerErasure::plan(std::string number) {
  auto erasure = co_await draft(std::move(number));
  if (!erasure) co_return Failure(erasure.error());
  for (auto& call : erasure->calls) {
    auto stored = co_await services_.store.load_call(call.call);
    if (!stored) co_return Failure(stored.error());
    auto why = co_await obstacle(*stored);
    if (!why) co_return Failure(why.error());
    call.why = std::move(*why);
    if (!call.why.empty()) call.state = ErasureState::refused;
    auto kept = co_await objects_.of(std::move(*stored));
    if (!kept) co_return Failure(kept.error());
    call.blobs = blobs_of(*kept);
  }
  erasure->id = {};
  co_return erasure;
}

Task<Result<Erasure>> CallerErasure::load(ErasureId id) {
  return services_.retention.load_erasure(std::move(id));
}

Task<Result<std::vector<Erasure>>> CallerErasure::list(int limit) {
  return services_.retention.list_erasures(limit);
}

Task<JobOutcome> CallerErasure::run(Job job) {
  const ErasureId id{job.subject};
  auto done = co_await erase_all(id);
  if (done) {
    services_.log.info("an erasure is finished", {{"erasure", id.text}});
    co_return JobDone{};
  }
  if (done.error().kind == ErrorKind::not_found)
    co_return JobGivenUp{.error = done.error().message};
  auto wait = options_.retry_first;
  for (int i = 0; i < job.attempts && wait < options_.retry_max; ++i) wait *= 2;
  co_return JobRetry{.at = services_.clock.wall_now() + std::min(wait, options_.retry_max),
                     .error = done.error().message,
                     .payload = ""};
}

Task<Result<void>> CallerErasure::erase_all(ErasureId id) {
  auto erasure = co_await services_.retention.load_erasure(id);
  if (!erasure) co_return Failure(erasure.error());
  for (auto& call : erasure->calls) {
    if (call.state == ErasureState::erased || call.state == ErasureState::refused) continue;
    if (auto done = co_await erase(id, std::move(call)); !done) co_return done;
  }
  co_return co_await finish(std::move(id));
}

// Read back first: the receipt says what is stored, the rows that went with it.
Task<Result<void>> CallerErasure::finish(ErasureId id) {
  auto erasure = co_await services_.retention.load_erasure(id);
  if (!erasure) co_return Failure(erasure.error());
  const auto now = services_.clock.wall_now();
  erasure->finished_at = now;
  auto receipt = sign_manifest(erasure_receipt_text(*erasure, options_.software), options_.signing);
  if (!receipt) co_return fail("sign the receipt", receipt.error());
  co_return co_await services_.retention.finish_erasure(std::move(id), now, std::move(*receipt));
}

Task<Result<std::string>> CallerErasure::signed_receipt(ErasureId id) {
  auto receipt = co_await services_.retention.erasure_receipt(std::move(id));
  if (receipt && receipt->empty())
    co_return fail(ErrorKind::conflict,
                   "there is no signed receipt: the erasure is still going on, or was finished by "
                   "a version that signed none");
  co_return receipt;
}

// A try that was interrupted has its own list: what it names and is gone stays named.
Task<Result<void>> CallerErasure::add_missing(ErasedCall* call, const KeptOfCall* kept) {
  auto found = blobs_of(*kept);
  std::erase_if(found, [&](const ErasedBlob& blob) {
    return std::ranges::find(call->blobs, blob.name, &ErasedBlob::name) != call->blobs.end();
  });
  auto hashed = co_await hashes_.complete(call->call, *kept, std::move(found));
  if (!hashed) co_return Failure(hashed.error());
  std::ranges::move(*hashed, std::back_inserter(call->blobs));
  co_return ok();
}

Task<Result<void>> CallerErasure::erase(ErasureId id, ErasedCall call) {
  auto stored = co_await services_.store.load_call(call.call);
  if (!stored) co_return Failure(stored.error());
  auto why = co_await obstacle(*stored);
  if (!why) co_return Failure(why.error());
  RowRemoval rows;
  if (why->empty()) {
    auto kept = co_await objects_.of(*stored);
    if (!kept) co_return Failure(kept.error());
    call.state = ErasureState::erasing;
    if (auto added = co_await add_missing(&call, &*kept); !added) co_return added;
    auto noted = co_await services_.retention.save_erased_call(id, call, {});
    if (!noted) co_return Failure(noted.error());
    if (auto removed = co_await remove_items(&*kept, &call); !removed) co_return removed;
    if (call.why.empty()) {
      if (auto gone = co_await confirm_gone(std::move(*stored)); !gone) co_return gone;
      rows = all_rows;
    }
  } else {
    call.why = std::move(*why);
  }
  call.state = call.why.empty() ? ErasureState::erased : ErasureState::refused;
  auto saved = co_await services_.retention.save_erased_call(id, call, rows);
  if (!saved && saved.error().kind == ErrorKind::conflict) {
    call.why = hold_came;
    call.state = ErasureState::refused;
    saved = co_await services_.retention.save_erased_call(id, call, {});
  }
  if (!saved) co_return Failure(saved.error());
  (call.why.empty() ? erased_ : refused_).add();
  co_return co_await journal(&call);
}

// What was on its way up to storage when it was listed is there now; the next try takes it too.
Task<Result<void>> CallerErasure::confirm_gone(Call call) {
  auto kept = co_await objects_.of(std::move(call));
  if (!kept) co_return Failure(kept.error());
  const auto is_there = [](const KeptItem& item) { return item.where != KeptWhere::rows; };
  if (std::ranges::none_of(kept->items, is_there)) co_return ok();
  co_return fail(ErrorKind::unavailable, "something of the call appeared while it was erased");
}

// What the storage refuses to delete is taken out of the receipt again, and named as the reason.
Task<Result<void>> CallerErasure::remove_items(const KeptOfCall* kept, ErasedCall* call) {
  for (const auto& item : kept->items) {
    if (item.where == KeptWhere::rows) continue;
    auto held = co_await services_.retention.is_held(call->call);
    if (!held) co_return Failure(held.error());
    Result<void> removed = ok();
    if (*held)
      removed = fail(ErrorKind::conflict, hold_came);
    else if (item.where == KeptWhere::blob)
      removed = co_await services_.blobs.remove(BlobName{item.object.name});
    else
      removed = co_await services_.spool.remove(call->call, item.run);
    if (removed) continue;
    if (worth_retrying(removed.error())) co_return removed;
    std::erase_if(call->blobs,
                  [&](const ErasedBlob& blob) { return blob.name == item.object.name; });
    if (call->why.empty()) call->why = removed.error().message;
  }
  co_return ok();
}

Task<Result<void>> CallerErasure::journal(const ErasedCall* call) {
  RetentionOutcome outcome{.call = call->call};
  JournalEntry entry{.call = call->call, .at = services_.clock.wall_now()};
  entry.type = call->why.empty() ? "erased by request" : "erasure refused";
  entry.detail =
      journal_detail({{"blobs", std::to_string(call->blobs.size())}, {"reason", call->why}});
  outcome.journal.push_back(std::move(entry));
  // What stays is asked for by the rules again.
  if (!call->why.empty()) outcome.next_at = services_.clock.wall_now() + std::chrono::days(1);
  auto settled = co_await services_.retention.settle_retention(std::move(outcome));
  if (!settled) co_return Failure(settled.error());
  co_return ok();
}

Task<Result<std::string>> CallerErasure::obstacle(Call call) {
  if (call.phase != CallPhase::ended && call.phase != CallPhase::not_answered)
    co_return "the call is still going on; ask again when it is over";
  HoldQuery of_call{.call = call.id, .limit = 1};
  auto holds = co_await services_.retention.list_holds(std::move(of_call));
  if (!holds) co_return Failure(holds.error());
  if (!holds->empty()) co_return fmt::format("the call is under hold {}", holds->front().id.text);
  auto verdict = co_await services_.store.verdict_of(call.id, std::nullopt);
  if (!verdict) co_return Failure(verdict.error());
  // Chunks may still come, and would lie there after the erasure.
  if (call.phase == CallPhase::ended && call.answered_at && !*verdict)
    co_return "the call has no verdict yet, so its recording may still arrive; ask again then";
  co_return std::string();
}

}  // namespace earshot::recording
