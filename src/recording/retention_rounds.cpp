#include "recording/retention_rounds.hpp"

#include "base/crypto.hpp"
#include "domain/words.hpp"
#include "recording/search_clearing.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

// Tags are of use from the verdict on, which takes less than this.
constexpr Duration first_tags = std::chrono::days(1);

// Raised when rules come to apply to calls that they left alone before: all are looked at again.
constexpr std::string_view meaning_of_rules = "2\n";

std::string digest_of(const RetentionRules& rules) {
  std::string text(meaning_of_rules);
  if (rules.tag_blobs) text += "tags\n";
  for (const auto& rule : rules.rules) {
    text += fmt::format("{} {} {}", rule.name, to_text(rule.action), rule.days);
    for (const auto kind : rule.objects) text += fmt::format(" o:{}", to_text(kind));
    for (const auto& number : rule.called) text += fmt::format(" c:{}", number);
    for (const auto verdict : rule.verdicts) text += fmt::format(" v:{}", to_text(verdict));
    text += '\n';
  }
  return crypto::to_hex(crypto::sha256(as_bytes(text)));
}

bool is_worth_telling(const CallRetention& call) {
  return !call.acts.empty() || call.bar != RetentionBar::none;
}

bool deleted_texts(const CallRetention& call) {
  return std::ranges::any_of(call.acts, [](const RetentionAct& act) {
    return act.kind == KeptKind::transcripts && act.action == RetentionAction::remove &&
           act.error.empty();
  });
}

}  // namespace

// One round at a time.
class RetentionRounds::Turn {
 public:
  explicit Turn(RetentionRounds& rounds) : rounds_(rounds) { rounds_.running_ = true; }
  ~Turn() { rounds_.running_ = false; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  RetentionRounds& rounds_;
};

RetentionRounds::RetentionRounds(RetentionServices services, RetentionKeeper& keeper,
                                 RetentionRoundOptions options)
    : services_(services),
      keeper_(keeper),
      options_(options),
      rules_digest_(digest_of(keeper.rules())),
      wake_(services.clock.make_signal()),
      looked_(services.counters.counter("earshot_retention_calls_total",
                                        "calls of which the rules were asked")),
      rounds_cut_(services.counters.counter("earshot_retention_rounds_cut_total",
                                            "rounds that ended before all calls were looked at")),
      put_off_(services.counters.counter("earshot_retention_put_off_total",
                                         "calls of which the rules could not be carried out")) {}

Task<void> RetentionRounds::run() {
  while (!stopping_) {
    auto round = co_await run_once(options_.calls_per_round_max);
    Duration wait = options_.round_every;
    if (!round && round.error().kind != ErrorKind::conflict) {
      wait = options_.round_after_failure;
      services_.log.warn("the rules of retention were not carried out; this is tried again",
                         {{"why", round.error().message}});
    } else if (round && round->more) {
      wait = options_.round_after_full;
      rounds_cut_.add();
    }
    if (round && round->put_off > 0)
      services_.log.warn("a round of retention had to put calls off; they are tried again",
                         {{"calls", round->put_off}, {"looked at", round->looked_at}});
    if (!stopping_) co_await wake_->wait_until(services_.clock.steady_now() + wait);
  }
}

void RetentionRounds::stop() {
  stopping_ = true;
  wake_->notify();
}

Task<Result<RetentionReport>> RetentionRounds::run_once(int calls_max) {
  if (running_) co_return fail(ErrorKind::conflict, "a round of retention is running; come back");
  const Turn turn(*this);
  co_return co_await make_round(calls_max);
}

Task<Result<RetentionReport>> RetentionRounds::make_round(int calls_max) {
  RetentionReport report;
  failures_on_end_ = 0;
  if (auto taken = co_await take_due(calls_max, &report); !taken) co_return Failure(taken.error());
  if (auto walked = co_await walk(calls_max, &report); !walked) co_return Failure(walked.error());
  if (std::ranges::any_of(report.calls, deleted_texts))
    if (auto cleared = co_await clear_search(services_.retention, services_.log); !cleared)
      co_return Failure(cleared.error());
  co_return report;
}

Task<Result<void>> RetentionRounds::take_due(int calls_max, RetentionReport* report) {
  const auto now = services_.clock.wall_now();
  while (!stopping_) {
    const int wanted = std::min(options_.page_size, calls_max - report->looked_at);
    auto due = co_await services_.retention.retention_due(now, std::max(1, wanted));
    if (!due) co_return Failure(due.error());
    if (due->empty()) break;
    report->more = wanted <= 0;
    if (report->more) break;
    for (auto& call : *due)
      if (auto taken = co_await take(std::move(call), report); !taken) co_return taken;
  }
  co_return ok();
}

std::optional<WallTime> RetentionRounds::walk_end() const {
  const auto now = services_.clock.wall_now();
  if (keeper_.rules().tag_blobs) return now - first_tags;
  const auto days = first_retention_days(keeper_.rules().rules);
  if (!days) return std::nullopt;
  return now - std::chrono::days(*days);
}

Task<Result<void>> RetentionRounds::walk(int calls_max, RetentionReport* report) {
  const auto end = walk_end();
  if (!end) co_return ok();
  auto cursor = co_await services_.retention.retention_cursor(rules_digest_);
  if (!cursor) co_return Failure(cursor.error());
  while (!stopping_ && !report->more) {
    const int wanted = std::min(options_.page_size, calls_max - report->looked_at);
    auto calls = co_await services_.retention.calls_after(*cursor, *end, std::max(1, wanted));
    if (!calls) co_return Failure(calls.error());
    if (calls->empty()) break;
    report->more = wanted <= 0;
    if (report->more) break;
    Result<void> taken = ok();
    for (auto& call : *calls) {
      RetentionCursor reached{.received_at = call.received_at, .call = call.id};
      taken = co_await take(std::move(call), report);
      if (!taken) break;
      *cursor = std::move(reached);
    }
    // Only now: what was neither settled nor put off is looked at again.
    auto saved = co_await services_.retention.save_retention_cursor(rules_digest_, *cursor);
    if (!taken) co_return taken;
    if (!saved) co_return saved;
  }
  co_return ok();
}

Task<Result<void>> RetentionRounds::take(Call call, RetentionReport* report) {
  const auto id = call.id;
  auto done = co_await keeper_.carry_out(std::move(call));
  ++report->looked_at;
  looked_.add();
  if (!done) co_return co_await put_off(id, done.error(), report);
  failures_on_end_ = 0;
  failures_.erase(id);
  if (is_worth_telling(*done)) report->calls.push_back(std::move(*done));
  co_return ok();
}

Duration RetentionRounds::next_wait(const ContextId& call) {
  if (failures_.size() >= options_.failures_remembered_max && !failures_.contains(call))
    failures_.erase(failures_.begin());
  auto wait = options_.put_off_first;
  for (int i = failures_[call]++; i > 0 && wait < options_.put_off_max; --i) wait *= 2;
  return std::min(wait, options_.put_off_max);
}

Task<Result<void>> RetentionRounds::put_off(ContextId call, Error why, RetentionReport* report) {
  ++report->put_off;
  put_off_.add();
  const auto wait = next_wait(call);
  services_.log.warn("the rules of retention could not be carried out on a call; it is put off",
                     {{"call", call.text}, {"why", why.message}, {"s", wait / 1s}});
  RetentionOutcome outcome{.call = std::move(call), .next_at = services_.clock.wall_now() + wait};
  auto settled = co_await services_.retention.settle_retention(std::move(outcome));
  if (!settled) co_return Failure(settled.error());
  if (++failures_on_end_ >= options_.failures_on_end_max) co_return Failure(std::move(why));
  co_return ok();
}

Task<Result<RetentionReport>> RetentionRounds::plan(int calls_max) {
  RetentionReport report{.dry_run = true};
  const auto now = services_.clock.wall_now();
  auto calls = co_await services_.retention.retention_due(now, calls_max + 1);
  if (!calls) co_return Failure(calls.error());
  if (const auto end = walk_end()) {
    auto cursor = co_await services_.retention.retention_cursor(rules_digest_);
    if (!cursor) co_return Failure(cursor.error());
    auto walked = co_await services_.retention.calls_after(*cursor, *end, calls_max + 1);
    if (!walked) co_return Failure(walked.error());
    for (auto& call : *walked)
      if (std::ranges::find(*calls, call.id, &Call::id) == calls->end())
        calls->push_back(std::move(call));
  }
  for (auto& call : *calls) {
    report.more = report.looked_at == calls_max;
    if (report.more) break;
    auto planned = co_await keeper_.plan(std::move(call));
    ++report.looked_at;
    if (!planned && ++report.put_off >= options_.failures_on_end_max)
      co_return Failure(planned.error());
    if (!planned) continue;
    if (is_worth_telling(*planned)) report.calls.push_back(std::move(*planned));
  }
  co_return report;
}

Task<Result<RetentionReport>> RetentionRounds::plan_under(RetentionRules rules, int calls_max) {
  RetentionKeeper keeper(services_, std::move(rules));
  RetentionRounds rounds(services_, keeper, options_);
  co_return co_await rounds.plan(calls_max);
}

}  // namespace earshot::recording
