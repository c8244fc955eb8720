#pragma once
// How long what is kept of a call is kept: rules of the operator's, and what they say of one call's
// objects at one moment. Pure.
//
// A hold on a call beats every rule. A call that has no verdict yet is neither archived nor deleted
// from, since its recording is still being looked for; one that was never answered gets none, and
// rules that name no verdict apply to what it leaves behind, its numbers mostly. Of the rules that
// apply to an object and have come of age, the strongest decides: deletion before archive before
// cold before cool. A rule `keep` forbids deletion until its own age, whatever others say. Numbers
// and names of a call go last: as long as anything else of it is kept, it can be found by its
// caller, to be erased. What can be made anew of a call whose audio is kept (a merged file) is
// looked for again at intervals.

#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/ids.hpp"
#include "domain/storage_tier.hpp"
#include "domain/verdict.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot {

// What a call leaves behind.
enum class KeptKind {
  chunks,       // what ACS wrote, with its metadata, and the second copies of it
  tap,          // the bridge's own copy
  ledger,       // the bridge's account
  transcripts,  // what was said: files, and the rows that are searched
  manifests,
  repairs,   // what was filled from the tap
  merged,    // files that somebody had made
  spool,     // tap and ledger on the local disk
  personal,  // numbers and names, and the raw bodies of events that hold them
};
inline constexpr std::size_t kept_kind_count = 9;

enum class RetentionAction { keep, cool, cold, archive, remove };

struct RetentionRule {
  std::string name;  // letters, digits and hyphens
  RetentionAction action = RetentionAction::keep;
  int days = 0;  // of age, whole ones since the call's end
  // Each empty: any.
  std::vector<KeptKind> objects;
  std::vector<std::string> called;  // numbers as retention_number() gives them
  std::vector<VerdictKind> verdicts;
  bool operator==(const RetentionRule&) const = default;
};

// What an operator asks for.
struct RetentionRules {
  std::vector<RetentionRule> rules;
  // Every blob gets tags, so that the storage account's own lifecycle policy can tell them apart.
  bool tag_blobs = false;
};

// Every fault there is, each a sentence; none: the rules can be used.
std::vector<std::string> faults_of(const std::vector<RetentionRule>& rules);
inline constexpr int retention_days_max = 36'500;
inline constexpr std::size_t retention_rules_max = 100;

// "4:+81 3-1234-5678" and "+81312345678" are one number.
std::string retention_number(std::string_view raw_id);

struct KeptObject {
  KeptKind kind = KeptKind::chunks;
  std::string name;  // of the blob, or for people
  std::uint64_t bytes = 0;
  // Of blobs whose tier can be set; none: rows, local files, stores without tiers.
  std::optional<StorageTier> tier;
};

// What the rules look at, of one call.
struct RetentionFacts {
  WallTime ended_at{};  // when it was over; of one that was never answered, when it came
  std::string called;   // as retention_number() gives it; "": not known any more
  std::optional<VerdictKind> verdict;
  bool never_recorded = false;  // it is over, was never answered, and gets no verdict
  bool held = false;
};

struct RetentionStep {
  std::size_t object = 0;  // index into the objects
  RetentionAction action = RetentionAction::cool;
  std::string rule;  // that asks for it
  bool operator==(const RetentionStep&) const = default;
};

// Why rules that would apply do not.
enum class RetentionBar { none, held, no_verdict };

struct RetentionPlan {
  std::vector<RetentionStep> steps;  // in the order in which they are carried out
  RetentionBar bar = RetentionBar::none;
  // When the rules are to be asked again of what will be left; none: not before something happens
  // to the call.
  std::optional<WallTime> next_at;
};

RetentionPlan plan_retention(const std::vector<RetentionRule>& rules, const RetentionFacts& facts,
                             const std::vector<KeptObject>& objects, WallTime now);

// The age at which the first rule can ask for anything; none: no rule ever does.
std::optional<int> first_retention_days(const std::vector<RetentionRule>& rules);

std::string_view to_text(KeptKind kind);
std::optional<KeptKind> parse_kept_kind(std::string_view text);
// "keep", "cool", "cold", "archive", "delete"
std::string_view to_text(RetentionAction action);
std::optional<RetentionAction> parse_retention_action(std::string_view text);
std::string_view to_text(RetentionBar bar);

}  // namespace earshot
