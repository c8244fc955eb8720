#include "recording/retention_rules.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;

namespace {

std::string fault_of(std::string_view json) {
  const auto parsed = parse_retention_rules(json);
  return parsed ? "" : parsed.error().message;
}

constexpr const char* some_rules = R"({
  "tag": true,
  "rules": [
    {"name": "cool", "days": 30, "action": "cool", "objects": ["chunks", "tap"]},
    {"name": "gone", "days": 365, "action": "delete", "verdict": ["complete"]},
    {"name": "line", "days": 90, "action": "delete", "called": ["4:+81 3-1234-5678"]},
    {"name": "disputes", "days": 2555, "action": "keep", "verdict": ["gapped"]}
  ]})";

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("rules are read as they are written") {
  const auto rules = parse_retention_rules(some_rules);
  REQUIRE(rules.has_value());
  CHECK(rules->tag_blobs);
  REQUIRE(rules->rules.size() == 4);
  CHECK(rules->rules[0].objects == std::vector{KeptKind::chunks, KeptKind::tap});
  CHECK(rules->rules[1].action == RetentionAction::remove);
  CHECK(rules->rules[2].called == std::vector<std::string>{"+81312345678"});
  CHECK(rules->rules[3].days == 2555);
}

TEST_CASE("every fault of a file is named at once") {
  const auto fault = fault_of(
      R"({"rules": [{"name": "a", "days": "1", "action": "burn", "objects": ["chunk"], "x": 1},
                    {"days": 0, "action": "delete", "verdict": []}, 7], "more": 1})");
  for (const auto* part :
       {"days", "needs an action", "\"chunk\"", "\"x\"", "verdict", "is no object", "\"more\""}) {
    CAPTURE(part);
    CHECK(holds(fault, part));
  }
  CHECK(holds(fault_of("[]"), "no JSON object"));
  CHECK(holds(fault_of("{"), "no JSON"));
  CHECK(holds(fault_of(R"({"rules": [{"name": "a b", "days": 3, "action": "keep"}]})"), "name"));
}

TEST_CASE("the policy says the same to the account, and only of what is not held") {
  const auto rules = parse_retention_rules(some_rules);
  const auto policy = lifecycle_policy(*rules, "recs", TagRights::granted);
  CHECK(holds(policy.json, R"("prefixMatch":["recs/"])"));
  CHECK(holds(policy.json, R"({"name":"hold","op":"==","value":"no"})"));
  CHECK(holds(policy.json, R"("tierToCool":{"daysAfterModificationGreaterThan":30})"));
  CHECK(holds(policy.json, R"("name":"cool-2")"));
  CHECK(holds(policy.json, R"("delete":{"daysAfterModificationGreaterThan":365})"));
  CHECK_FALSE(holds(policy.json, "81312345678"));
  // A rule that another one restrains cannot be said to the account.
  CHECK_FALSE(holds(policy.json, R"("daysAfterModificationGreaterThan":90)"));
  REQUIRE_FALSE(policy.notes.empty());
  CHECK(holds(policy.notes[0], "\"line\""));
  CHECK(holds(policy.notes[0], "\"disputes\""));
}

TEST_CASE("a delete rule that names no verdict is printed for each there is, so not for none") {
  const auto rules = parse_retention_rules(
      R"({"tag": true, "rules": [{"name": "gone", "days": 9, "action": "delete"}]})");
  const auto policy = lifecycle_policy(*rules, "recs", TagRights::granted);
  CHECK(holds(policy.json, R"("value":"complete")"));
  CHECK(holds(policy.json, R"("name":"gone-6")"));
  CHECK_FALSE(holds(policy.json, R"("name":"gone-7")"));
}

TEST_CASE("without the right to tags, or without tags, no delete rule is printed") {
  const auto rules = parse_retention_rules(some_rules);
  for (const auto rights :
       {TagRights::not_permitted, TagRights::not_supported, TagRights::unknown}) {
    const auto policy = lifecycle_policy(*rules, "recs", rights);
    CHECK_FALSE(holds(policy.json, "delete"));
    CHECK(policy.notes.size() == 3);
  }
  auto untagged = *rules;
  untagged.tag_blobs = false;
  CHECK_FALSE(holds(lifecycle_policy(untagged, "recs", TagRights::granted).json, "delete"));
}
