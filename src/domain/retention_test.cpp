#include "domain/retention.hpp"

#include <algorithm>
#include <array>
#include <doctest/doctest.h>
#include <random>

using namespace earshot;

namespace {

const WallTime ended = from_unix_us(1'772'442'900'000'000);  // 2026-03-02T09:15:00Z
WallTime after(int days) { return ended + std::chrono::days(days); }

RetentionFacts facts(std::optional<VerdictKind> verdict = VerdictKind::complete) {
  return {.ended_at = ended, .called = "+15550199", .verdict = verdict};
}

KeptObject blob(KeptKind kind, StorageTier tier = StorageTier::hot) {
  return {.kind = kind, .name = std::string(to_text(kind)), .bytes = 10, .tier = tier};
}

KeptObject personal() { return {.kind = KeptKind::personal, .name = "personal", .tier = {}}; }

RetentionRule rule(RetentionAction action, int days, std::vector<KeptKind> objects = {}) {
  return {.name = "r" + std::to_string(days) + std::string(to_text(action)),
          .action = action,
          .days = days,
          .objects = std::move(objects)};
}

std::string told(const RetentionPlan& plan) {
  std::string text;
  for (const auto& step : plan.steps)
    text += std::to_string(step.object) + ":" + std::string(to_text(step.action)) + " ";
  return text;
}

}  // namespace

TEST_CASE("without rules everything is kept, and nothing is to be asked again") {
  const auto plan = plan_retention({}, facts(), {blob(KeptKind::chunks)}, after(10'000));
  CHECK(plan.steps.empty());
  CHECK_FALSE(plan.next_at.has_value());
  CHECK_FALSE(first_retention_days({}).has_value());
}

TEST_CASE("a rule comes of age on the day, and not an instant before") {
  const std::vector rules{rule(RetentionAction::remove, 30)};
  const auto before =
      plan_retention(rules, facts(), {blob(KeptKind::chunks)}, after(30) - Duration{1});
  CHECK(before.steps.empty());
  CHECK(before.next_at == after(30));
  const auto on_the_day = plan_retention(rules, facts(), {blob(KeptKind::chunks)}, after(30));
  CHECK(told(on_the_day) == "0:delete ");
  CHECK_FALSE(on_the_day.next_at.has_value());
}

TEST_CASE("the strongest rule of age decides, and nothing is brought back to a warmer tier") {
  const std::vector rules{rule(RetentionAction::cool, 10), rule(RetentionAction::archive, 20),
                          rule(RetentionAction::cold, 15), rule(RetentionAction::remove, 100)};
  const std::vector objects{blob(KeptKind::chunks), blob(KeptKind::tap, StorageTier::archive),
                            blob(KeptKind::ledger, StorageTier::cold)};
  const auto told_at = [&](int days) {
    return told(plan_retention(rules, facts(), objects, after(days)));
  };
  CHECK(told_at(12) == "0:cool ");
  CHECK(told_at(16) == "0:cold ");
  CHECK(told_at(20) == "0:archive 2:archive ");
  CHECK(told_at(100) == "0:delete 1:delete 2:delete ");
  CHECK(plan_retention(rules, facts(), objects, after(12)).next_at == after(15));
}

TEST_CASE("a rule speaks of the calls, verdicts and objects that it names") {
  auto one = rule(RetentionAction::remove, 10, {KeptKind::tap});
  one.called = {"+15550100"};
  one.verdicts = {VerdictKind::complete};
  const std::vector objects{blob(KeptKind::chunks), blob(KeptKind::tap)};
  CHECK(plan_retention({one}, facts(), objects, after(10)).steps.empty());
  one.called.push_back("+15550199");
  CHECK(told(plan_retention({one}, facts(), objects, after(10))) == "1:delete ");
  CHECK(plan_retention({one}, facts(VerdictKind::gapped), objects, after(10)).steps.empty());
}

TEST_CASE("keep forbids deletion until its own age, and lets tiers change") {
  auto disputes = rule(RetentionAction::keep, 100);
  disputes.verdicts = {VerdictKind::gapped};
  const std::vector rules{rule(RetentionAction::remove, 30), disputes,
                          rule(RetentionAction::archive, 20)};
  const std::vector objects{blob(KeptKind::chunks)};
  CHECK(told(plan_retention(rules, facts(), objects, after(30))) == "0:delete ");
  const auto kept = plan_retention(rules, facts(VerdictKind::gapped), objects, after(30));
  CHECK(told(kept) == "0:archive ");
  CHECK(kept.next_at == after(100));
  CHECK(told(plan_retention(rules, facts(VerdictKind::gapped), objects, after(100))) ==
        "0:delete ");
}

TEST_CASE("what can be made anew is looked for again as long as there is audio to make it of") {
  const std::vector rules{rule(RetentionAction::remove, 10, {KeptKind::merged})};
  const auto plan = plan_retention(rules, facts(), {blob(KeptKind::chunks)}, after(12));
  CHECK(plan.next_at == after(42));
  CHECK_FALSE(plan_retention(rules, facts(), {}, after(12)).next_at.has_value());
}

TEST_CASE("numbers and names go with the last of what can be found by them") {
  const std::vector rules{rule(RetentionAction::remove, 10, {KeptKind::personal}),
                          rule(RetentionAction::remove, 50, {KeptKind::chunks})};
  const std::vector objects{personal(), blob(KeptKind::chunks)};
  const auto early = plan_retention(rules, facts(), objects, after(10));
  CHECK(early.steps.empty());
  CHECK(early.next_at == after(50));
  CHECK(told(plan_retention(rules, facts(), objects, after(50))) == "1:delete 0:delete ");
  CHECK(told(plan_retention(rules, facts(), {personal()}, after(10))) == "0:delete ");
}

TEST_CASE("the numbers of a call that was never answered go by age, but by no rule of verdicts") {
  RetentionFacts never{.ended_at = ended, .called = "+15550199", .never_recorded = true};
  auto of_verdict = rule(RetentionAction::remove, 5);
  of_verdict.verdicts = {VerdictKind::missing};
  const std::vector rules{of_verdict, rule(RetentionAction::remove, 10)};

  const auto before = plan_retention(rules, never, {personal()}, after(10) - Duration{1});
  CHECK(before.steps.empty());
  CHECK(before.bar == RetentionBar::none);
  CHECK(before.next_at == after(10));
  CHECK(told(plan_retention(rules, never, {personal()}, after(10))) == "0:delete ");

  const std::vector kept{rules[1], rule(RetentionAction::keep, 20, {KeptKind::personal})};
  CHECK(plan_retention(kept, never, {personal()}, after(12)).steps.empty());
  never.held = true;
  CHECK(plan_retention(rules, never, {personal()}, after(10)).steps.empty());
}

TEST_CASE("faults of rules are all named") {
  auto wrong = rule(RetentionAction::archive, 0, {KeptKind::spool});
  wrong.name = "a b";
  wrong.verdicts = {VerdictKind::pending};
  wrong.called = {"+1 555"};
  CHECK(faults_of({wrong}).size() == 5);
  const auto twice = rule(RetentionAction::cool, 3);
  CHECK(faults_of({twice, twice}).size() == 1);
  CHECK(faults_of({rule(RetentionAction::cool, 3), rule(RetentionAction::keep, 9)}).empty());
}

TEST_CASE("one number is one number, however it is written") {
  CHECK(retention_number("4:+81 3-1234-5678") == "+81312345678");
  CHECK(retention_number("+81312345678") == "+81312345678");
  CHECK(retention_number("4:anonymous") == "anonymous");
}

// Whatever the rules: what is held or without a verdict loses nothing; a step is of an object that
// is there, once; what a protecting rule names is not deleted; and carrying a plan out leaves
// nothing to do at the same moment.
TEST_CASE("plans keep their promises under any rules") {
  std::mt19937_64 random(20'260'302);
  const auto below = [&](std::uint64_t bound) { return static_cast<int>(random() % bound); };
  constexpr std::array kinds{KeptKind::chunks, KeptKind::tap, KeptKind::transcripts,
                             KeptKind::spool, KeptKind::personal};
  const auto some_kinds = [&] {
    std::vector<KeptKind> some;
    for (const auto kind : kinds)
      if (below(3) == 0) some.push_back(kind);
    return some;
  };
  for (int round = 0; round < 3'000; ++round) {
    CAPTURE(round);
    std::vector<RetentionRule> rules;
    for (int i = below(6); i > 0; --i) {
      auto one = rule(static_cast<RetentionAction>(below(5)), 1 + below(40), some_kinds());
      if (below(3) == 0) one.verdicts = {VerdictKind::gapped};
      rules.push_back(std::move(one));
    }
    std::vector<KeptObject> objects;
    for (int i = below(7); i > 0; --i) {
      const auto kind = kinds.at(static_cast<std::size_t>(below(kinds.size())));
      if (kind == KeptKind::personal)
        objects.push_back(personal());
      else
        objects.push_back(blob(kind, static_cast<StorageTier>(below(4))));
    }
    auto about = facts(below(2) == 0 ? VerdictKind::gapped : VerdictKind::complete);
    if (below(4) == 0) about.verdict.reset();
    about.held = below(4) == 0;
    const auto now = after(below(45));

    const auto plan = plan_retention(rules, about, objects, now);

    std::vector<bool> seen(objects.size(), false);
    std::vector<KeptObject> left;
    for (const auto& step : plan.steps) {
      REQUIRE(step.object < objects.size());
      CHECK_FALSE(seen[step.object]);
      seen[step.object] = true;
      CHECK_FALSE(about.held);
      CHECK(step.action != RetentionAction::keep);
      if (!about.verdict) CHECK(step.action < RetentionAction::archive);
      if (step.action != RetentionAction::remove) continue;
      for (const auto& one : rules) {
        const bool speaks =
            one.action == RetentionAction::keep &&
            (one.verdicts.empty() || about.verdict == VerdictKind::gapped) &&
            (one.objects.empty() ||
             std::ranges::find(one.objects, objects[step.object].kind) != one.objects.end());
        if (speaks) CHECK(now >= after(one.days));
      }
    }
    for (std::size_t i = 0; i < objects.size(); ++i) {
      auto object = objects[i];
      const auto step = std::ranges::find(plan.steps, i, &RetentionStep::object);
      if (step != plan.steps.end() && step->action == RetentionAction::remove) continue;
      if (step != plan.steps.end()) object.tier = parse_storage_tier(to_text(step->action));
      left.push_back(object);
    }
    const auto again = plan_retention(rules, about, left, now);
    CHECK(again.steps.empty());
    if (plan.next_at) CHECK(*plan.next_at > now);
    const auto is_personal = [](const KeptObject& object) {
      return object.kind == KeptKind::personal;
    };
    const auto personal_before = std::ranges::count_if(objects, is_personal);
    if (std::ranges::count_if(left, is_personal) < personal_before)
      CHECK(std::ranges::none_of(left, [&](const auto& object) { return !is_personal(object); }));
  }
}
