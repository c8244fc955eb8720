#include "recording/retention_keeper.hpp"

#include "base/crypto.hpp"
#include "domain/evidence.hpp"
#include "domain/journal_text.hpp"
#include "domain/words.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <utility>

namespace earshot::recording {
namespace {

// What the storage refused today, a hold of its own perhaps, it may not refuse tomorrow.
constexpr Duration after_refusal = std::chrono::days(1);
// A call that is still going on is no matter of days.
constexpr Duration after_open_call = std::chrono::days(1);
// What was in the spool may have been on its way up to storage, where it then appears.
constexpr Duration after_spool = std::chrono::hours(1);
// Of a held call something may arrive that is not marked yet, most likely before its verdict.
constexpr Duration marks_looked_after = std::chrono::hours(1);
constexpr Duration marks_looked_after_daily = std::chrono::days(1);
// So many blobs may fail for the moment before the storage counts as away.
constexpr int marks_failed_max = 3;
constexpr std::size_t line_tag_characters = 16;
constexpr const char* hold_came = "a hold was put on the call meanwhile";
constexpr int recent_recordings = 10;

bool is_over(const Call& call) {
  return call.phase == CallPhase::ended || call.phase == CallPhase::not_answered;
}

RetentionFacts facts_of(const Call& call, const KeptOfCall& kept) {
  return {.ended_at = call.ended_at.value_or(call.received_at),
          .called = kept.called,
          .verdict = {},
          .held = false};
}

// "chunks 2, tap 1"
std::string counted(const std::vector<RetentionAct>& acts, RetentionAction action) {
  std::map<std::string_view, int> counts;
  for (const auto& act : acts)
    if (act.action == action && act.error.empty()) ++counts[to_text(act.kind)];
  std::string text;
  for (const auto& [kind, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kind, count);
  return text;
}

std::string rules_of(const std::vector<RetentionAct>& acts) {
  std::set<std::string_view> rules;
  for (const auto& act : acts)
    if (act.error.empty()) rules.insert(act.rule);
  return fmt::format("{}", fmt::join(rules, ", "));
}

// Of a kind of which all that was to go is gone.
RowRemoval rows_that_go(const std::vector<RetentionAct>& acts) {
  const auto goes = [&](KeptKind kind) {
    bool some = false;
    for (const auto& act : acts) {
      if (act.kind != kind || act.action != RetentionAction::remove) continue;
      if (!act.error.empty()) return false;
      some = true;
    }
    return some;
  };
  const bool all_done = std::ranges::all_of(acts, &std::string::empty, &RetentionAct::error);
  return {.chunks = goes(KeptKind::chunks),
          .merges = goes(KeptKind::merged),
          .texts = goes(KeptKind::transcripts),
          // As long as something could not be deleted, it can be found by its caller.
          .personal = all_done && goes(KeptKind::personal)};
}

// As it is to be stored; of a call on hold no row goes.
RetentionOutcome outcome_of(const CallRetention& done, WallTime now) {
  RetentionOutcome outcome{.call = done.call, .next_at = done.next_at};
  if (done.bar != RetentionBar::held) outcome.rows = rows_that_go(done.acts);
  if (std::ranges::none_of(done.acts, &std::string::empty, &RetentionAct::error)) return outcome;
  JournalEntry entry{.call = done.call, .at = now, .type = "retention carried out"};
  entry.detail = journal_detail({{"deleted", counted(done.acts, RetentionAction::remove)},
                                 {"cool", counted(done.acts, RetentionAction::cool)},
                                 {"cold", counted(done.acts, RetentionAction::cold)},
                                 {"archive", counted(done.acts, RetentionAction::archive)},
                                 {"rules", rules_of(done.acts)}});
  outcome.journal.push_back(std::move(entry));
  return outcome;
}

void note(MarkOutcome& outcome, const Result<void>& result) {
  if (result) {
    if (outcome == MarkOutcome::none) outcome = MarkOutcome::done;
    return;
  }
  if (is_not_supported(result.error()))
    outcome = MarkOutcome::not_supported;
  else if (result.error().kind == ErrorKind::refused)
    outcome = MarkOutcome::not_permitted;
  else
    outcome = MarkOutcome::partly;
}

// What holds for every blob: the right, or the thing itself, is lacking.
bool is_lacking(MarkOutcome outcome) {
  return outcome == MarkOutcome::not_permitted || outcome == MarkOutcome::not_supported;
}

bool is_all_there_will_be(MarkOutcome outcome) {
  return outcome != MarkOutcome::partly && outcome != MarkOutcome::not_permitted;
}

bool is_in_force(const LegalHold& hold) { return !hold.lifted_at; }

// When the marks of a call that is or was held are to be looked after.
std::optional<WallTime> next_marks(const Call& call, const CallRetention& done, bool held,
                                   WallTime now) {
  const bool all = is_all_there_will_be(done.tags) && is_all_there_will_be(done.legal_hold);
  if (!held) return all ? std::nullopt : std::optional(now + marks_looked_after);
  const bool settled =
      call.phase == CallPhase::not_answered || (is_over(call) && done.verdict.has_value());
  return now + (all && settled ? marks_looked_after_daily : marks_looked_after);
}

}  // namespace

std::string_view to_text(MarkOutcome outcome) {
  switch (outcome) {
    case MarkOutcome::none:
      return "none";
    case MarkOutcome::done:
      return "done";
    case MarkOutcome::partly:
      return "partly";
    case MarkOutcome::not_permitted:
      return "not_permitted";
    case MarkOutcome::not_supported:
      return "not_supported";
  }
  return "unknown";
}

RetentionKeeper::RetentionKeeper(RetentionServices services, RetentionRules rules)
    : services_(services),
      rules_(std::move(rules)),
      objects_(services.store, services.merges, services.files, services.claims, services.blobs,
               services.spool),
      deleted_(services.counters.counter("earshot_retention_deleted_total",
                                         "blobs and spool files deleted by rules")),
      moved_(services.counters.counter("earshot_retention_tiered_total",
                                       "blobs moved to another tier by rules")),
      refused_(services.counters.counter("earshot_retention_refused_total",
                                         "what rules asked for and the storage refused")) {}

std::string RetentionKeeper::line_tag(std::string_view called) {
  if (called.empty()) return "unknown";
  return crypto::to_hex(crypto::sha256(as_bytes(called))).substr(0, line_tag_characters);
}

BlobTags RetentionKeeper::tags_of(KeptKind kind, const RetentionFacts& facts) const {
  return {{"hold", facts.held ? "yes" : "no"},
          {"kind", std::string(to_text(kind))},
          {"line", line_tag(facts.called)},
          {"verdict", facts.verdict ? std::string(to_text(*facts.verdict)) : "none"}};
}

Task<Result<RetentionKeeper::Look>> RetentionKeeper::look_at(Call call) {
  auto kept = co_await objects_.of(call);
  if (!kept) co_return Failure(kept.error());
  if (!kept->shared.empty())
    services_.log.warn("another call's rows name what lies in a call's folder, so it is left alone",
                       {{"call", call.id.text}, {"blobs", kept->shared.size()}});
  Look look{.call = std::move(call), .kept = std::move(*kept)};
  look.facts = facts_of(look.call, look.kept);
  auto verdict = co_await services_.store.verdict_of(look.call.id, std::nullopt);
  if (!verdict) co_return Failure(verdict.error());
  if (*verdict) look.facts.verdict = (*verdict)->kind;
  auto never = co_await is_never_recorded(look.call);
  if (!never) co_return Failure(never.error());
  look.facts.never_recorded = *never;
  HoldQuery of_call{.call = look.call.id, .lifted_too = true};
  auto holds = co_await services_.retention.list_holds(std::move(of_call));
  if (!holds) co_return Failure(holds.error());
  look.holds = std::move(*holds);
  look.facts.held = std::ranges::any_of(look.holds, is_in_force);
  const auto now = services_.clock.wall_now();
  if (is_over(look.call)) {
    look.plan = plan_retention(rules_.rules, look.facts, look.kept.objects(), now);
  } else {
    look.plan.next_at = now + after_open_call;
  }
  if (look.facts.held) look.plan.next_at = now + marks_looked_after;
  co_return look;
}

// One that was never answered has no verdict to wait for; nor has one that ended before its answer
// was known to be taken, unless there was a recording all the same.
Task<Result<bool>> RetentionKeeper::is_never_recorded(Call call) {
  if (!is_over(call) || call_time_zero(call)) co_return false;
  auto recordings = co_await services_.store.recordings_of(call.id);
  if (!recordings) co_return Failure(recordings.error());
  const bool none = recordings->empty();
  co_return none;
}

CallRetention RetentionKeeper::describe(const Look& look) {
  CallRetention told{.call = look.call.id,
                     .ended_at = look.facts.ended_at,
                     .verdict = look.facts.verdict,
                     .bar = look.plan.bar,
                     .unknown = look.kept.unknown,
                     .next_at = look.plan.next_at};
  told.acts.reserve(look.plan.steps.size());
  for (const auto& step : look.plan.steps) {
    const auto& object = look.kept.items[step.object].object;
    told.acts.push_back({.kind = object.kind,
                         .name = object.name,
                         .bytes = object.bytes,
                         .action = step.action,
                         .rule = step.rule,
                         .error = {}});
  }
  return told;
}

Task<Result<CallRetention>> RetentionKeeper::plan(Call call) {
  auto look = co_await look_at(std::move(call));
  if (!look) co_return Failure(look.error());
  co_return describe(*look);
}

Task<Result<CallRetention>> RetentionKeeper::carry_out(Call call) {
  auto look = co_await look_at(std::move(call));
  if (!look) co_return Failure(look.error());
  auto done = describe(*look);
  if (auto marked = co_await mark(&*look, &done); !marked) co_return Failure(marked.error());
  if (!look->holds.empty()) {
    const auto at = next_marks(look->call, done, look->facts.held, services_.clock.wall_now());
    if (look->facts.held || (at && (!done.next_at || *at < *done.next_at))) done.next_at = at;
  }
  auto finished = co_await carry_out(&*look, &done);
  if (!finished) co_return Failure(finished.error());
  if (!*finished) {
    done.bar = RetentionBar::held;
    done.next_at = services_.clock.wall_now();
  }
  if (auto settled = co_await settle(&*look, &done); !settled) co_return Failure(settled.error());
  co_return done;
}

// Before anything is deleted: the account's own policy may run meanwhile. One blob that cannot be
// marked is no reason to leave the others bare.
Task<Result<void>> RetentionKeeper::mark(const Look* look, CallRetention* done) {
  Result<void> result = ok();
  if (look->holds.empty() && !rules_.tag_blobs) co_return result;
  int failed = 0;
  for (std::size_t i = 0; i < look->kept.items.size() && failed < marks_failed_max; ++i) {
    if (look->kept.items[i].where != KeptWhere::blob) continue;
    auto marked = co_await mark_one(look, i, done);
    if (marked) continue;
    ++failed;
    result = std::move(marked);
  }
  // What another call has a part in is held with this one, and let go with the last of them.
  for (std::size_t i = 0; look->facts.held && i < look->kept.shared.size(); ++i) {
    const BlobName name{look->kept.shared[i].object.name};
    const BlobTags tags{{"hold", "yes"}};
    auto marked = co_await set_tags(name, tags, done);
    if (marked) marked = co_await set_legal_hold(name, true, done);
    if (!marked) result = std::move(marked);
  }
  co_return result;
}

Task<Result<void>> RetentionKeeper::mark_one(const Look* look, std::size_t item,
                                             CallRetention* done) {
  const auto& object = look->kept.items[item].object;
  const bool goes = std::ranges::any_of(look->plan.steps, [item](const RetentionStep& step) {
    return step.object == item && step.action == RetentionAction::remove;
  });
  Result<void> tagged = ok();
  if (!goes)
    tagged = co_await set_tags(BlobName{object.name}, tags_of(object.kind, look->facts), done);
  if (look->holds.empty()) co_return tagged;
  auto held = co_await set_legal_hold(BlobName{object.name}, look->facts.held, done);
  co_return tagged ? held : tagged;
}

// Tags of others stay as they are. Where the right or the thing is lacking, each blob is not asked.
Task<Result<void>> RetentionKeeper::set_tags(BlobName name, BlobTags wanted, CallRetention* done) {
  if (is_lacking(done->tags)) co_return ok();
  auto present = co_await services_.blobs.tags(name);
  Result<void> set = ok();
  if (present) {
    auto tags = *present;
    for (const auto& [key, value] : wanted) tags[key] = value;
    if (tags != *present) set = co_await services_.blobs.set_tags(std::move(name), std::move(tags));
  } else {
    set = Failure(present.error());
  }
  if (!set && worth_retrying(set.error())) co_return fail("tag a blob", set.error());
  if (!set && set.error().kind == ErrorKind::not_found) co_return ok();
  note(done->tags, set);
  co_return ok();
}

Task<Result<void>> RetentionKeeper::set_legal_hold(BlobName name, bool on, CallRetention* done) {
  if (is_lacking(done->legal_hold)) co_return ok();
  auto set = co_await services_.blobs.set_legal_hold(std::move(name), on);
  if (!set && worth_retrying(set.error())) co_return fail("hold a blob", set.error());
  if (!set && set.error().kind == ErrorKind::not_found) co_return ok();
  note(done->legal_hold, set);
  co_return ok();
}

Task<Result<bool>> RetentionKeeper::is_overtaken(const Look* look) {
  HoldQuery of_call{.call = look->call.id, .lifted_too = true};
  auto holds = co_await services_.retention.list_holds(std::move(of_call));
  if (!holds) co_return Failure(holds.error());
  if (*holds != look->holds) co_return true;
  auto verdict = co_await services_.store.verdict_of(look->call.id, std::nullopt);
  if (!verdict) co_return Failure(verdict.error());
  const auto kind = *verdict ? std::optional((*verdict)->kind) : std::nullopt;
  co_return kind != look->facts.verdict;
}

Task<Result<bool>> RetentionKeeper::carry_out(const Look* look, CallRetention* done) {
  for (std::size_t i = 0; i < look->plan.steps.size(); ++i) {
    const auto& step = look->plan.steps[i];
    // Asked for anew each time: it takes a while to delete, and a hold counts from its word on.
    auto held = co_await services_.retention.is_held(look->call.id);
    if (!held) co_return Failure(held.error());
    if (*held) {
      for (auto left = i; left < done->acts.size(); ++left) done->acts[left].error = hold_came;
      co_return false;
    }
    auto did = co_await do_step(&look->kept.items[step.object], &done->acts[i], look->call.id);
    if (!did) co_return Failure(did.error());
  }
  co_return true;
}

Task<Result<void>> RetentionKeeper::do_step(const KeptItem* item, RetentionAct* act,
                                            ContextId call) {
  Result<void> did = ok();
  if (act->action != RetentionAction::remove) {
    const auto tier = parse_storage_tier(to_text(act->action));
    auto moved = co_await services_.blobs.set_tier(BlobName{item->object.name}, *tier);
    if (!moved) did = Failure(moved.error());
  } else if (item->where == KeptWhere::blob) {
    did = co_await services_.blobs.remove(BlobName{item->object.name});
  } else if (item->where == KeptWhere::spool) {
    did = co_await services_.spool.remove(call, item->run);
  }
  if (!did && worth_retrying(did.error())) co_return did;
  if (!did) {
    act->error = did.error().message;
    refused_.add();
  } else if (act->action != RetentionAction::remove) {
    moved_.add();
  } else if (item->where != KeptWhere::rows) {
    deleted_.add();
  }
  co_return ok();
}

Task<Result<void>> RetentionKeeper::settle(const Look* look, CallRetention* done) {
  const auto now = services_.clock.wall_now();
  const auto is_of = [](KeptKind kind) {
    return [kind](const RetentionAct& act) { return act.kind == kind; };
  };
  const auto spare_rows = [&] {
    for (std::size_t i = 0; i < done->acts.size(); ++i)
      if (look->kept.items[look->plan.steps[i].object].where == KeptWhere::rows)
        done->acts[i].error = hold_came;
  };
  if (std::ranges::any_of(done->acts, is_of(KeptKind::spool))) {
    // The last of the acts.
    std::erase_if(done->acts, is_of(KeptKind::personal));
    done->next_at = std::min(done->next_at.value_or(now + after_spool), now + after_spool);
  }
  if (done->bar == RetentionBar::held) spare_rows();
  const bool refused = !std::ranges::all_of(done->acts, &std::string::empty, &RetentionAct::error);
  if (refused && (!done->next_at || *done->next_at > now + after_refusal))
    done->next_at = now + after_refusal;
  // The reminder that came with it would be overwritten.
  auto overtaken = co_await is_overtaken(look);
  if (!overtaken) co_return Failure(overtaken.error());
  if (*overtaken) done->next_at = now;
  auto settled = co_await services_.retention.settle_retention(outcome_of(*done, now));
  if (!settled && settled.error().kind == ErrorKind::conflict) {
    done->bar = RetentionBar::held;
    done->next_at = now;
    spare_rows();
    settled = co_await services_.retention.settle_retention(outcome_of(*done, now));
  }
  if (!settled) co_return Failure(settled.error());
  if (!done->acts.empty())
    services_.log.info(
        "retention carried out",
        {{"call", look->call.id.text}, {"steps", done->acts.size()}, {"refused", refused}});
  co_return ok();
}

Task<Result<TagRights>> RetentionKeeper::tag_rights() {
  RecordingQuery recent{.discovery = Discovery::found, .limit = recent_recordings};
  auto recordings = co_await services_.store.list_recordings(std::move(recent));
  if (!recordings) co_return Failure(recordings.error());
  for (const auto& recording : *recordings) {
    auto chunks = co_await services_.store.chunks_of(recording.id);
    if (!chunks) co_return Failure(chunks.error());
    if (chunks->empty()) continue;
    const auto name = chunks->front().audio;
    auto tags = co_await services_.blobs.tags(name);
    Result<void> tried = ok();
    if (tags)
      tried = co_await services_.blobs.set_tags(name, std::move(*tags));
    else
      tried = Failure(tags.error());
    if (tried) co_return TagRights::granted;
    if (is_not_supported(tried.error())) co_return TagRights::not_supported;
    if (tried.error().kind == ErrorKind::refused) co_return TagRights::not_permitted;
    if (worth_retrying(tried.error())) co_return Failure(tried.error());
  }
  co_return TagRights::unknown;
}

Task<Result<int>> RetentionKeeper::restore(ContextId id) {
  auto call = co_await services_.store.load_call(std::move(id));
  if (!call) co_return Failure(call.error());
  const auto context = call->id;
  auto kept = co_await objects_.of(std::move(*call));
  if (!kept) co_return Failure(kept.error());
  int restored = 0;
  for (const auto& item : kept->items) {
    if (item.object.tier != StorageTier::archive) continue;
    auto moved = co_await services_.blobs.set_tier(BlobName{item.object.name}, StorageTier::hot);
    if (!moved) co_return fail("bring back from the archive", moved.error());
    ++restored;
  }
  if (restored == 0)
    co_return fail(ErrorKind::conflict, "nothing of the call is archived, so it can be read");
  services_.log.info("a call is brought back from the archive",
                     {{"call", context.text}, {"blobs", restored}});
  co_return restored;
}

}  // namespace earshot::recording
