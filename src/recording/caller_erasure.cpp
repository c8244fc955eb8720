#include "recording/caller_erasure.hpp"

#include "base/crypto.hpp"
#include "domain/evidence.hpp"
#include "domain/journal_text.hpp"
#include "recording/chunk_name.hpp"
#include "recording/erasure_receipt.hpp"
#include "recording/folder_doubt.hpp"
#include "recording/search_clearing.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <set>
#include <utility>

namespace earshot::recording {
namespace {

constexpr const char* key_purpose = "caller:";
constexpr const char* still_open =
    "the call was not over, or its recording was still looked for, after 8 days; it was not "
    "erased: ask again when it has its verdict";
constexpr const char* hold_came = "a hold was put on the call meanwhile";
const RowRemoval all_rows{.chunks = true, .merges = true, .texts = true, .personal = true};

void add_folders(const std::vector<ErasedBlob>& blobs, std::set<std::string>& folders) {
  for (const auto& blob : blobs)
    if (auto folder = folder_of(blob.name); !folder.empty()) folders.insert(std::move(folder));
}

std::set<std::string> folders_named(const Erasure& first, const ErasedCall& call) {
  std::set<std::string> folders;
  add_folders(call.blobs, folders);
  const auto before = std::ranges::find(first.calls, call.call, &ErasedCall::call);
  if (before != first.calls.end()) add_folders(before->blobs, folders);
  return folders;
}

// Whether a folder bears the recording's id, or one of the call's, in its path.
bool names(std::string_view folder, const Recording& recording, const Call& call) {
  const std::string path = "/" + std::string(folder);
  const auto has = [&](const std::string& id) {
    return !id.empty() &&
           (path.contains("/" + id + "/") || path.contains("/" + percent_encoded(id) + "/"));
  };
  return has(recording.id.text) || has(call.server_call_id.text) || has(call.correlation_id.text) ||
         has(call.connection_id.text);
}

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
      objects_(services.store, services.merges, services.files, services.claims, services.blobs,
               services.spool),
      hashes_(services.store, services.merges, services.blobs, options_.manifest_keys),
      erased_(services.counters.counter("earshot_erased_calls_total",
                                        "calls whose data was erased by request")),
      refused_(services.counters.counter("earshot_erasure_refused_total",
                                         "calls that a request for erasure had to leave")),
      found_later_(services.counters.counter(
          "earshot_erased_later_total",
          "files that appeared after the erasure of their call and were removed by a later look")) {
}

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
    auto in_the_way = co_await obstacle(*stored, false);
    if (!in_the_way) co_return Failure(in_the_way.error());
    call.why = std::move(in_the_way->why);
    if (!call.why.empty() && !in_the_way->passes) call.state = ErasureState::refused;
    const Subject subject{.call = std::move(*stored), .folders = {}};
    auto kept = co_await look_at(&subject);
    if (!kept) co_return Failure(kept.error());
    call.blobs = blobs_of(*kept);
    call.left = std::move(kept->unknown);
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
  const auto now = services_.clock.wall_now();
  if (done && done->waiting > 0)
    co_return JobRetry{
        .at = now + (done->is_later_look ? options_.wait_for_hold : options_.wait_for_recording),
        .error = fmt::format("{} call(s) wait for their turn", done->waiting),
        .payload = ""};
  if (done) {
    services_.log.info("an erasure is finished", {{"erasure", id.text}});
    co_return JobDone{};
  }
  if (done.error().kind == ErrorKind::not_found)
    co_return JobGivenUp{.error = done.error().message};
  auto wait = options_.retry_first;
  for (int i = 0; i < job.attempts && wait < options_.retry_max; ++i) wait *= 2;
  co_return JobRetry{
      .at = now + std::min(wait, options_.retry_max), .error = done.error().message, .payload = ""};
}

Task<Result<CallerErasure::Progress>> CallerErasure::erase_all(ErasureId id) {
  auto erasure = co_await services_.retention.load_erasure(id);
  if (!erasure) co_return Failure(erasure.error());
  Progress progress{.is_later_look = !erasure->adds_to.empty()};
  if (erasure->finished_at) co_return progress;
  auto first = co_await first_of(&*erasure);
  if (!first) co_return Failure(first.error());
  for (const auto& call : erasure->calls) {
    if (call.state == ErasureState::erased || call.state == ErasureState::refused) continue;
    auto settled = co_await erase(&*erasure, &*first, call);
    if (!settled) co_return Failure(settled.error());
    progress.waiting += *settled ? 0 : 1;
  }
  if (progress.waiting > 0) co_return progress;
  if (auto finished = co_await finish(std::move(id)); !finished)
    co_return Failure(finished.error());
  co_return progress;
}

Task<Result<Erasure>> CallerErasure::first_of(const Erasure* erasure) {
  if (erasure->adds_to.empty()) co_return *erasure;
  co_return co_await services_.retention.load_erasure(erasure->adds_to);
}

// Read back first: the receipt says what is stored, the rows that went with it.
Task<Result<void>> CallerErasure::finish(ErasureId id) {
  if (auto cleared = co_await clear_search(services_.retention, services_.log); !cleared)
    co_return cleared;
  auto erasure = co_await services_.retention.load_erasure(id);
  if (!erasure) co_return Failure(erasure.error());
  const auto now = services_.clock.wall_now();
  erasure->finished_at = now;
  auto receipt = sign_manifest(erasure_receipt_text(*erasure, options_.software), options_.signing);
  if (!receipt) co_return fail("sign the receipt", receipt.error());
  auto looks = later_looks(*erasure, now);
  co_return co_await services_.retention.finish_erasure(std::move(id), now, std::move(*receipt),
                                                        std::move(looks));
}

// Only the first of a request has any: of the calls that it erased.
std::vector<PlannedErasure> CallerErasure::later_looks(const Erasure& erasure, WallTime now) const {
  std::vector<PlannedErasure> looks;
  std::vector<ErasedCall> calls;
  for (const auto& call : erasure.calls)
    if (call.state == ErasureState::erased) calls.push_back({.call = call.call});
  if (!erasure.adds_to.empty() || calls.empty()) return looks;
  looks.reserve(erasure_looks_after.size());
  for (const auto after : erasure_looks_after) {
    const int number = static_cast<int>(looks.size()) + 2;
    Erasure look{.id = {fmt::format("{}-{}", erasure.id.text, number)},
                 .number = number,
                 .adds_to = erasure.id,
                 .at = now + after,
                 .caller_key = erasure.caller_key,
                 .finished_at = {},
                 .calls = calls};
    NewJob job{.kind = erase_caller_job,
               .subject = look.id.text,
               .payload = "{}",
               .due = look.at,
               .deadline = {},
               .unique_key = fmt::format("{}/{}", erase_caller_job, look.id.text)};
    looks.push_back({.erasure = std::move(look), .job = std::move(job)});
  }
  return looks;
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
  // One that was written anew since the list was made is another one, and goes as well.
  std::erase_if(found, [&](const ErasedBlob& blob) {
    return std::ranges::any_of(call->blobs, [&](const ErasedBlob& named) {
      return named.name == blob.name && named.etag == blob.etag;
    });
  });
  auto hashed = co_await hashes_.complete(call->call, *kept, std::move(found));
  if (!hashed) co_return Failure(hashed.error());
  std::ranges::move(*hashed, std::back_inserter(call->blobs));
  co_return ok();
}

Task<Result<bool>> CallerErasure::erase(const Erasure* erasure, const Erasure* first,
                                        ErasedCall call) {
  const bool is_later_look = !erasure->adds_to.empty();
  auto stored = co_await services_.store.load_call(call.call);
  if (!stored) co_return Failure(stored.error());
  auto in_the_way = co_await obstacle(*stored, is_later_look);
  if (!in_the_way) co_return Failure(in_the_way.error());
  const bool may_wait =
      is_later_look || services_.clock.wall_now() < erasure->at + erasure_waits_max;
  if (in_the_way->passes && may_wait) {
    if (call.why == in_the_way->why) co_return false;
    call.why = std::move(in_the_way->why);
    auto noted = co_await services_.retention.save_erased_call(erasure->id, std::move(call), {});
    if (!noted) co_return Failure(noted.error());
    co_return false;
  }
  RowRemoval rows;
  const Subject subject{.call = std::move(*stored), .folders = folders_named(*first, call)};
  call.why = in_the_way->passes ? still_open : std::move(in_the_way->why);
  if (call.why.empty()) {
    auto removed = co_await remove(erasure->id, &subject, &call);
    if (!removed) co_return Failure(removed.error());
    // A later look waits for the hold's end, as it would have if the hold had come before it.
    if (is_later_look && call.why == hold_came) co_return fail(ErrorKind::unavailable, hold_came);
    rows = *removed;
  } else if (auto done = co_await forget_what_is_there(&subject, &call); !done) {
    co_return Failure(done.error());
  }
  if (auto settled = co_await settle(erasure, std::move(call), rows); !settled)
    co_return Failure(settled.error());
  co_return true;
}

// The mark comes before the look: whatever the store takes of the call is there by then, and seen.
Task<Result<void>> CallerErasure::begin(ErasureId id, ErasedCall* call) {
  if (call->state == ErasureState::erasing) co_return ok();
  call->state = ErasureState::erasing;
  auto marked = co_await services_.retention.save_erased_call(std::move(id), *call, {});
  if (!marked) co_return Failure(marked.error());
  co_return ok();
}

Task<Result<RowRemoval>> CallerErasure::remove(ErasureId id, const Subject* subject,
                                               ErasedCall* call) {
  if (auto begun = co_await begin(id, call); !begun) co_return Failure(begun.error());
  auto kept = co_await look_at(subject);
  if (!kept) co_return Failure(kept.error());
  call->left = kept->unknown;
  for (const auto& item : kept->shared) call->left.push_back(item.object.name);
  if (auto added = co_await add_missing(call, &*kept); !added) co_return Failure(added.error());
  auto noted = co_await services_.retention.save_erased_call(std::move(id), *call, {});
  if (!noted) co_return Failure(noted.error());
  if (auto removed = co_await remove_items(&*kept, call); !removed)
    co_return Failure(removed.error());
  if (!call->why.empty()) co_return RowRemoval{};
  if (auto gone = co_await confirm_gone(subject); !gone) co_return Failure(gone.error());
  co_return all_rows;
}

Task<Result<void>> CallerErasure::settle(const Erasure* erasure, ErasedCall call, RowRemoval rows) {
  const bool is_later_look = !erasure->adds_to.empty();
  call.state = call.why.empty() ? ErasureState::erased : ErasureState::refused;
  auto saved = co_await services_.retention.save_erased_call(erasure->id, call, rows);
  if (!saved && saved.error().kind == ErrorKind::conflict) {
    if (is_later_look) co_return fail(ErrorKind::unavailable, hold_came);
    call.why = hold_came;
    call.state = ErasureState::refused;
    saved = co_await services_.retention.save_erased_call(erasure->id, call, {});
  }
  if (!saved) co_return Failure(saved.error());
  if (!is_later_look) (call.why.empty() ? erased_ : refused_).add();
  if (is_later_look) found_later_.add(static_cast<double>(call.blobs.size()));
  co_return co_await journal(&*saved, is_later_look);
}

// Its folders, those of what was erased of it before, and, where no folder of a recording was ever
// found, wherever ACS has put its chunks since.
Task<Result<KeptOfCall>> CallerErasure::look_at(const Subject* subject) {
  auto folders = subject->folders;
  // By who spoke and when. That may be another's, and what is deleted is gone: it is named as left.
  std::vector<std::string> fitting;
  auto recordings = co_await services_.store.recordings_of(subject->call.id);
  if (!recordings) co_return Failure(recordings.error());
  for (const auto& recording : *recordings) {
    if (services_.chunks == nullptr || !recording.byos || !recording.folder.empty()) continue;
    ChunkSearch search{
        .recording = recording, .call = subject->call, .now = services_.clock.wall_now()};
    auto found = co_await services_.chunks->find(std::move(search));
    // It may be another call's as well; when that one's caller is erased, it is that one's alone.
    if (!found && is_folder_in_doubt(found.error())) continue;
    if (!found) co_return fail("look for chunks", found.error());
    for (auto& chunk : *found) {
      if (names(chunk.folder, recording, subject->call))
        folders.insert(std::move(chunk.folder));
      else
        fitting.push_back(std::move(chunk.audio.text));
    }
  }
  auto kept = co_await objects_.of(subject->call, std::move(folders));
  if (kept) std::ranges::move(fitting, std::back_inserter(kept->unknown));
  co_return kept;
}

// What a try that was interrupted had only planned is there yet, and no receipt calls it gone.
Task<Result<void>> CallerErasure::forget_what_is_there(const Subject* subject, ErasedCall* erased) {
  if (erased->blobs.empty()) co_return ok();
  auto kept = co_await look_at(subject);
  if (!kept) co_return Failure(kept.error());
  for (const auto& item : kept->items)
    std::erase_if(erased->blobs,
                  [&](const ErasedBlob& blob) { return blob.name == item.object.name; });
  co_return ok();
}

// What was on its way up to storage when it was listed is there now; the next try takes it too.
Task<Result<void>> CallerErasure::confirm_gone(const Subject* subject) {
  auto kept = co_await look_at(subject);
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

Task<Result<void>> CallerErasure::journal(const ErasedCall* call, bool is_later_look) {
  // A later look that found nothing is told by its receipt.
  if (is_later_look && call->why.empty() && call->blobs.empty() && call->rows.empty())
    co_return ok();
  RetentionOutcome outcome{.call = call->call};
  JournalEntry entry{.call = call->call, .at = services_.clock.wall_now()};
  entry.type = !call->why.empty() ? "erasure refused"
               : is_later_look    ? "what came after the erasure erased"
                                  : "erased by request";
  entry.detail =
      journal_detail({{"blobs", std::to_string(call->blobs.size())}, {"reason", call->why}});
  outcome.journal.push_back(std::move(entry));
  // What stays is asked for by the rules again.
  if (!call->why.empty()) outcome.next_at = services_.clock.wall_now() + std::chrono::days(1);
  auto settled = co_await services_.retention.settle_retention(std::move(outcome));
  if (!settled) co_return Failure(settled.error());
  co_return ok();
}

// A hold bars an erasure, and is said to whoever asked; a later look waits until it is lifted.
Task<Result<CallerErasure::Obstacle>> CallerErasure::obstacle(Call call, bool is_later_look) {
  HoldQuery of_call{.call = call.id, .limit = 1};
  auto holds = co_await services_.retention.list_holds(std::move(of_call));
  if (!holds) co_return Failure(holds.error());
  if (!holds->empty())
    co_return Obstacle{.why = fmt::format("the call is under hold {}", holds->front().id.text),
                       .passes = is_later_look};
  if (is_later_look) co_return Obstacle{};
  co_return co_await open_recording(std::move(call));
}

// Chunks that may still come would lie there after the erasure; and while they are looked for, what
// is found cannot be told from what is not. So the call has its turn when that is over.
Task<Result<CallerErasure::Obstacle>> CallerErasure::open_recording(Call call) {
  if (call.phase != CallPhase::ended && call.phase != CallPhase::not_answered)
    co_return Obstacle{.why = "the call is still going on; it is erased when it is over",
                       .passes = true};
  auto verdict = co_await services_.store.verdict_of(call.id, std::nullopt);
  if (!verdict) co_return Failure(verdict.error());
  if (call.phase == CallPhase::ended && call_time_zero(call) && !*verdict)
    co_return Obstacle{.why =
                           "the call has no verdict yet, so its recording may still arrive; it "
                           "is erased then",
                       .passes = true};
  auto recordings = co_await services_.store.recordings_of(call.id);
  if (!recordings) co_return Failure(recordings.error());
  if (std::ranges::find(*recordings, Discovery::searching, &Recording::discovery) !=
      recordings->end())
    co_return Obstacle{.why =
                           "the call's recording is still looked for; it is erased when that "
                           "is over",
                       .passes = true};
  co_return Obstacle{};
}

}  // namespace earshot::recording
