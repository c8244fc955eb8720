#include "domain/retention.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <set>

namespace earshot {
namespace {

constexpr std::array kinds{KeptKind::chunks,      KeptKind::tap,       KeptKind::ledger,
                           KeptKind::transcripts, KeptKind::manifests, KeptKind::repairs,
                           KeptKind::merged,      KeptKind::spool,     KeptKind::personal};
static_assert(kinds.size() == kept_kind_count);
constexpr std::array actions{RetentionAction::keep, RetentionAction::cool, RetentionAction::cold,
                             RetentionAction::archive, RetentionAction::remove};

constexpr std::size_t rule_name_bytes_max = 64;
// A call without a verdict is looked at again after this time.
constexpr Duration verdict_awaited = std::chrono::days(1);

// So often it is looked for what was made anew of a call after a rule of age had deleted its like.
constexpr Duration made_anew_every = std::chrono::days(30);
constexpr std::array made_anew{KeptKind::manifests, KeptKind::repairs, KeptKind::merged};

template <class T>
bool takes(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

bool has_tier(KeptKind kind) { return kind != KeptKind::spool && kind != KeptKind::personal; }

std::optional<StorageTier> tier_of(RetentionAction action) {
  switch (action) {
    case RetentionAction::cool:
      return StorageTier::cool;
    case RetentionAction::cold:
      return StorageTier::cold;
    case RetentionAction::archive:
      return StorageTier::archive;
    case RetentionAction::keep:
    case RetentionAction::remove:
      return std::nullopt;
  }
  return std::nullopt;
}

bool concerns(const RetentionRule& rule, const RetentionFacts& facts) {
  if (!takes(rule.called, facts.called)) return false;
  return rule.verdicts.empty() || (facts.verdict && takes(rule.verdicts, *facts.verdict));
}

// The rules that concern one call, at one moment.
class Ruling {
 public:
  Ruling(const std::vector<RetentionRule>& rules, const RetentionFacts& facts, WallTime now)
      : facts_(facts), now_(now) {
    for (const auto& rule : rules)
      if (concerns(rule, facts)) rules_.push_back(&rule);
  }

  // The strongest that may be carried out; null: none.
  const RetentionRule* strongest(const KeptObject& object) const {
    const RetentionRule* chosen = nullptr;
    for (const auto* rule : rules_)
      if (takes(rule->objects, object.kind) && is_of_age(*rule) && is_of_use(*rule, object) &&
          (chosen == nullptr || rule->action > chosen->action))
        chosen = rule;
    return chosen;
  }

  // Of an object that stays: when another rule comes of age, or one that protects it ends.
  std::optional<WallTime> next_for(KeptKind kind) const {
    std::optional<WallTime> next;
    for (const auto* rule : rules_) {
      if (!takes(rule->objects, kind) || is_of_age(*rule)) continue;
      const auto at = facts_.ended_at + std::chrono::days(rule->days);
      if (!next || at < *next) next = at;
    }
    return next;
  }

 private:
  bool is_of_age(const RetentionRule& rule) const {
    return now_ >= facts_.ended_at + std::chrono::days(rule.days);
  }
  bool is_protected(KeptKind kind) const {
    return std::ranges::any_of(rules_, [&](const RetentionRule* rule) {
      return rule->action == RetentionAction::keep && takes(rule->objects, kind) &&
             !is_of_age(*rule);
    });
  }
  bool is_of_use(const RetentionRule& rule, const KeptObject& object) const {
    if (rule.action == RetentionAction::keep) return false;
    if (rule.action == RetentionAction::remove)
      return (facts_.verdict || facts_.never_recorded) && !is_protected(object.kind);
    if (rule.action == RetentionAction::archive && !facts_.verdict) return false;
    // Nothing is ever brought back to a warmer tier.
    return object.tier && *object.tier < *tier_of(rule.action);
  }

  const RetentionFacts& facts_;
  WallTime now_;
  std::vector<const RetentionRule*> rules_;
};

bool is_rule_name(std::string_view name) {
  return !name.empty() && name.size() <= rule_name_bytes_max &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-';
         });
}

void find_faults(const RetentionRule& rule, std::vector<std::string>& faults) {
  const auto add = [&](std::string_view what) {
    faults.push_back(fmt::format("rule \"{}\" {}", rule.name, what));
  };
  if (rule.days < 1 || rule.days > retention_days_max)
    add(fmt::format("needs days from 1 to {}", retention_days_max));
  const bool tiered = tier_of(rule.action).has_value();
  if (tiered && std::ranges::any_of(rule.objects, [](KeptKind kind) { return !has_tier(kind); }))
    add("moves spool or personal to another tier, which have none");
  if (std::ranges::find(rule.verdicts, VerdictKind::pending) != rule.verdicts.end())
    add("names the verdict pending, which no call keeps");
  for (const auto& number : rule.called)
    if (number.empty() || number != retention_number(number))
      add("names a called number that is none");
}

}  // namespace

std::vector<std::string> faults_of(const std::vector<RetentionRule>& rules) {
  std::vector<std::string> faults;
  if (rules.size() > retention_rules_max)
    faults.push_back(
        fmt::format("there are {} rules; {} are the most", rules.size(), retention_rules_max));
  std::set<std::string_view> names;
  for (const auto& rule : rules) {
    if (!is_rule_name(rule.name))
      faults.push_back(
          fmt::format("rule \"{}\" needs a name of 1 to {} letters, digits and hyphens", rule.name,
                      rule_name_bytes_max));
    else if (!names.insert(rule.name).second)
      faults.push_back(fmt::format("two rules have the name \"{}\"", rule.name));
    find_faults(rule, faults);
  }
  return faults;
}

std::string retention_number(std::string_view raw_id) {
  const auto colon = raw_id.find(':');
  if (colon != std::string_view::npos) raw_id.remove_prefix(colon + 1);
  std::string number;
  number.reserve(raw_id.size());
  for (const char c : raw_id)
    if (c != ' ' && c != '-' && c != '(' && c != ')' && c != '.') number += c;
  return number;
}

RetentionPlan plan_retention(const std::vector<RetentionRule>& rules, const RetentionFacts& facts,
                             const std::vector<KeptObject>& objects, WallTime now) {
  RetentionPlan plan;
  if (facts.held) {
    plan.bar = RetentionBar::held;
    return plan;
  }
  const Ruling ruling(rules, facts, now);
  const auto remind = [&](std::optional<WallTime> at) {
    if (at && (!plan.next_at || *at < *plan.next_at)) plan.next_at = at;
  };
  bool something_stays = false;
  std::vector<RetentionStep> personal;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto& object = objects[i];
    const auto* rule = ruling.strongest(object);
    const bool goes = rule != nullptr && rule->action == RetentionAction::remove;
    const bool is_personal = object.kind == KeptKind::personal;
    something_stays = something_stays || (!goes && !is_personal);
    if (!goes) remind(ruling.next_for(object.kind));
    if (rule == nullptr) continue;
    auto& steps = is_personal ? personal : plan.steps;
    steps.push_back({.object = i, .action = rule->action, .rule = rule->name});
  }
  const auto is_removed = [&](KeptKind kind) {
    const auto* rule = ruling.strongest({.kind = kind, .name = {}, .tier = {}});
    return rule != nullptr && rule->action == RetentionAction::remove;
  };
  if (something_stays && std::ranges::any_of(made_anew, is_removed)) remind(now + made_anew_every);
  // What is left has a reminder of its own.
  if (!something_stays) plan.steps.insert(plan.steps.end(), personal.begin(), personal.end());
  if (!facts.verdict && !facts.never_recorded) {
    plan.bar = RetentionBar::no_verdict;
    remind(now + verdict_awaited);
  }
  return plan;
}

std::optional<int> first_retention_days(const std::vector<RetentionRule>& rules) {
  std::optional<int> first;
  for (const auto& rule : rules)
    if (rule.action != RetentionAction::keep && (!first || rule.days < *first)) first = rule.days;
  return first;
}

std::string_view to_text(KeptKind kind) {
  switch (kind) {
    case KeptKind::chunks:
      return "chunks";
    case KeptKind::tap:
      return "tap";
    case KeptKind::ledger:
      return "ledger";
    case KeptKind::transcripts:
      return "transcripts";
    case KeptKind::manifests:
      return "manifests";
    case KeptKind::repairs:
      return "repairs";
    case KeptKind::merged:
      return "merged";
    case KeptKind::spool:
      return "spool";
    case KeptKind::personal:
      return "personal";
  }
  return "unknown";
}

std::optional<KeptKind> parse_kept_kind(std::string_view text) {
  for (const auto kind : kinds)
    if (text == to_text(kind)) return kind;
  return std::nullopt;
}

std::string_view to_text(RetentionAction action) {
  switch (action) {
    case RetentionAction::keep:
      return "keep";
    case RetentionAction::cool:
      return "cool";
    case RetentionAction::cold:
      return "cold";
    case RetentionAction::archive:
      return "archive";
    case RetentionAction::remove:
      return "delete";
  }
  return "unknown";
}

std::optional<RetentionAction> parse_retention_action(std::string_view text) {
  for (const auto action : actions)
    if (text == to_text(action)) return action;
  return std::nullopt;
}

std::string_view to_text(RetentionBar bar) {
  switch (bar) {
    case RetentionBar::none:
      return "none";
    case RetentionBar::held:
      return "held";
    case RetentionBar::no_verdict:
      return "no_verdict";
  }
  return "unknown";
}

}  // namespace earshot
