#pragma once
// Carries out on one call what the rules of domain/retention.hpp say of it, and marks its blobs:
// the index tag `hold`, and the store's own legal hold where there is such a thing. What was done
// is one entry of the call's journal. Safe to run twice, and on several replicas.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "domain/retention.hpp"
#include "ports/chunk_source.hpp"
#include "ports/retention_store.hpp"
#include "recording/kept_objects.hpp"
#include "recording/retention_rules.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::recording {

// All outlive what uses them.
struct RetentionServices {
  CallStore& store;
  RetentionStore& retention;
  MergeStore& merges;
  FileLocations& files;
  BlobStore& blobs;
  TapSpool& spool;
  Clock& clock;
  Counters& counters;
  Log& log;
  FolderClaims& claims;
  ChunkSource* chunks = nullptr;  // null: chunks of an unknown folder are not looked for
};

struct RetentionAct {
  KeptKind kind = KeptKind::chunks;
  std::string name;
  std::uint64_t bytes = 0;  // of rows: how many
  RetentionAction action = RetentionAction::cool;
  std::string rule;
  std::string error;  // "": done, or to be done
};

// What became of marking a call's blobs. `partly`: some could not be marked, the others are.
enum class MarkOutcome { none, done, partly, not_permitted, not_supported };
std::string_view to_text(MarkOutcome outcome);

struct CallRetention {
  ContextId call;
  WallTime ended_at{};
  std::optional<VerdictKind> verdict;
  RetentionBar bar = RetentionBar::none;
  std::vector<RetentionAct> acts;
  std::vector<std::string> unknown;
  MarkOutcome tags = MarkOutcome::none;
  MarkOutcome legal_hold = MarkOutcome::none;
  std::optional<WallTime> next_at;
};

class RetentionKeeper {
 public:
  RetentionKeeper(RetentionServices services, RetentionRules rules);

  // What would be done now; nothing is.
  Task<Result<CallRetention>> plan(Call call);
  // `unavailable`: some of it may have been done, the rest is for another time.
  Task<Result<CallRetention>> carry_out(Call call);
  // Brings what is archived of a call back to `hot`. How many blobs are on their way; `conflict`
  // when none is archived.
  Task<Result<int>> restore(ContextId call);

  // Tried on a blob of a recent recording, whose tags stay as they are.
  Task<Result<TagRights>> tag_rights();

  const RetentionRules& rules() const { return rules_; }
  // The tags of a blob, as rules and lifecycle policy tell them apart.
  BlobTags tags_of(KeptKind kind, const RetentionFacts& facts) const;
  // Of a called number: the number itself is in no tag.
  static std::string line_tag(std::string_view called);

 private:
  struct Look {
    Call call;
    KeptOfCall kept;
    RetentionFacts facts;
    std::vector<LegalHold> holds;  // lifted ones too
    RetentionPlan plan;
  };
  Task<Result<Look>> look_at(Call call);
  Task<Result<bool>> is_never_recorded(Call call);
  // Marks what it can; fails when something is to be tried again soon.
  Task<Result<void>> mark(const Look* look, CallRetention* done);
  Task<Result<void>> mark_one(const Look* look, std::size_t item, CallRetention* done);
  // Whether somebody put a hold on, lifted one, or judged, since the look.
  Task<Result<bool>> is_overtaken(const Look* look);
  Task<Result<void>> set_tags(BlobName name, BlobTags wanted, CallRetention* done);
  Task<Result<void>> set_legal_hold(BlobName name, bool on, CallRetention* done);
  // False: a hold came in between.
  Task<Result<bool>> carry_out(const Look* look, CallRetention* done);
  Task<Result<void>> do_step(const KeptItem* item, RetentionAct* act, ContextId call);
  Task<Result<void>> settle(const Look* look, CallRetention* done);
  static CallRetention describe(const Look& look);

  RetentionServices services_;
  RetentionRules rules_;
  KeptObjects objects_;
  Counter& deleted_;
  Counter& moved_;
  Counter& refused_;
};

}  // namespace earshot::recording
