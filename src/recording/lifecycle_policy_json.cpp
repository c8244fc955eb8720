#include "domain/words.hpp"
#include "recording/retention_keeper.hpp"
#include "recording/retention_rules.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

namespace json = boost::json;

// The account's own limit.
constexpr std::size_t policy_rules_max = 100;
// An account that archives again what somebody has just brought back would be of no use.
constexpr int archive_rest_days = 7;

using Tags = std::vector<std::pair<std::string, std::string>>;

// Each combination of what the rule names; one empty when it names nothing.
std::vector<Tags> combinations(const RetentionRule& rule) {
  std::vector<Tags> all{{}};
  const auto multiply = [&](const char* tag, const std::vector<std::string>& values) {
    if (values.empty()) return;
    std::vector<Tags> next;
    next.reserve(all.size() * values.size());
    for (const auto& tags : all)
      for (const auto& value : values) {
        next.push_back(tags);
        next.back().emplace_back(tag, value);
      }
    all = std::move(next);
  };
  std::vector<std::string> kinds;
  for (const auto kind : rule.objects)
    if (kind != KeptKind::spool && kind != KeptKind::personal) kinds.emplace_back(to_text(kind));
  std::vector<std::string> found;
  found.reserve(rule.verdicts.size());
  for (const auto kind : rule.verdicts) found.emplace_back(to_text(kind));
  std::vector<std::string> lines;
  lines.reserve(rule.called.size());
  for (const auto& number : rule.called) lines.push_back(RetentionKeeper::line_tag(number));
  multiply("kind", kinds);
  multiply("verdict", found);
  multiply("line", lines);
  return all;
}

json::object action_of(const RetentionRule& rule) {
  switch (rule.action) {
    case RetentionAction::cool:
      return {{"tierToCool", {{"daysAfterModificationGreaterThan", rule.days}}}};
    case RetentionAction::cold:
      return {{"tierToCold", {{"daysAfterModificationGreaterThan", rule.days}}}};
    case RetentionAction::archive:
      return {{"tierToArchive",
               {{"daysAfterModificationGreaterThan", rule.days},
                {"daysAfterLastTierChangeGreaterThan", archive_rest_days}}}};
    case RetentionAction::keep:
    case RetentionAction::remove:
      break;
  }
  return {{"delete", {{"daysAfterModificationGreaterThan", rule.days}}}};
}

json::object rule_of(const RetentionRule& rule, const std::string& name, const Tags& tags,
                     std::string_view container) {
  json::array matches{{{"name", "hold"}, {"op", "=="}, {"value", "no"}}};
  for (const auto& [tag, value] : tags)
    matches.push_back({{"name", tag}, {"op", "=="}, {"value", value}});
  return {{"enabled", true},
          {"name", name},
          {"type", "Lifecycle"},
          {"definition",
           {{"filters",
             {{"blobTypes", json::array{"blockBlob"}},
              {"prefixMatch", json::array{fmt::format("{}/", container)}},
              {"blobIndexMatch", std::move(matches)}}},
            {"actions", {{"baseBlob", action_of(rule)}}}}}};
}

template <class T>
bool meet(const std::vector<T>& a, const std::vector<T>& b) {
  return a.empty() || b.empty() ||
         std::ranges::any_of(a, [&](const T& one) { return std::ranges::find(b, one) != b.end(); });
}

// The rule that keeps longer some of what this one deletes; null: none does.
const RetentionRule* protector_of(const RetentionRule& rule,
                                  const std::vector<RetentionRule>& rules) {
  for (const auto& other : rules)
    if (other.action == RetentionAction::keep && other.days > rule.days &&
        meet(rule.objects, other.objects) && meet(rule.called, other.called) &&
        meet(rule.verdicts, other.verdicts))
      return &other;
  return nullptr;
}

// Why the account cannot do it; "": it can.
std::string obstacle(const RetentionRule& rule, const RetentionRules& rules, TagRights rights) {
  if (rights != TagRights::granted)
    return fmt::format(
        "is not printed: the service has no tags to tell the account what is held ({}); it carries "
        "the rule out by itself",
        to_text(rights));
  if (!rules.tag_blobs)
    return "is not printed: without \"tag\": true in the rules no blob bears the tag hold=no that "
           "the account would look for";
  const auto rows_only = [](KeptKind kind) {
    return kind == KeptKind::spool || kind == KeptKind::personal;
  };
  if (!rule.objects.empty() && std::ranges::all_of(rule.objects, rows_only))
    return "is not printed: it is about the local disk and the database alone";
  if (rule.action != RetentionAction::remove) return "";
  if (const auto* protector = protector_of(rule, rules.rules))
    return fmt::format(
        "is not printed: rule \"{}\" keeps some of it longer, which a lifecycle "
        "policy cannot say; Earshot carries it out by itself",
        protector->name);
  return "";
}

// A call without a verdict is never deleted: each verdict that there is, is named.
RetentionRule with_verdicts(RetentionRule rule) {
  const bool needs =
      rule.action == RetentionAction::remove || rule.action == RetentionAction::archive;
  if (needs && rule.verdicts.empty())
    rule.verdicts = {VerdictKind::complete, VerdictKind::gapped,  VerdictKind::truncated,
                     VerdictKind::silent,   VerdictKind::missing, VerdictKind::failed};
  return rule;
}

}  // namespace

std::string_view to_text(TagRights rights) {
  switch (rights) {
    case TagRights::granted:
      return "granted";
    case TagRights::not_permitted:
      return "not_permitted";
    case TagRights::not_supported:
      return "not_supported";
    case TagRights::unknown:
      return "unknown";
  }
  return "unknown";
}

LifecyclePolicy lifecycle_policy(const RetentionRules& rules, std::string_view container,
                                 TagRights rights) {
  LifecyclePolicy policy;
  json::array printed;
  for (const auto& rule : rules.rules) {
    if (rule.action == RetentionAction::keep) continue;
    const auto why_not = obstacle(rule, rules, rights);
    if (!why_not.empty()) {
      policy.notes.push_back(fmt::format("rule \"{}\" {}", rule.name, why_not));
      continue;
    }
    const auto parts = combinations(with_verdicts(rule));
    if (printed.size() + parts.size() > policy_rules_max) {
      policy.notes.push_back(
          fmt::format("rule \"{}\" is not printed: an account has {} rules at most", rule.name,
                      policy_rules_max));
      continue;
    }
    for (std::size_t i = 0; i < parts.size(); ++i)
      printed.push_back(
          rule_of(rule, parts.size() == 1 ? rule.name : fmt::format("{}-{}", rule.name, i + 1),
                  parts[i], container));
  }
  if (!printed.empty())
    policy.notes.push_back(
        "the account counts days from a blob's last modification, not from the call's end, and may "
        "take a day or two; it does not know of spool, rows and journal");
  policy.json =
      json::serialize(json::object{{"properties", {{"policy", {{"rules", std::move(printed)}}}}}});
  return policy;
}

}  // namespace earshot::recording
