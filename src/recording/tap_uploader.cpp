#include "recording/tap_uploader.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace earshot::recording {
namespace {

std::uint64_t bytes_of(const SpooledRun& run, SpoolKind kind) {
  return kind == SpoolKind::tap ? run.tap_bytes : run.ledger_bytes;
}

std::uint32_t blocks_of(std::uint64_t bytes, std::uint64_t block_bytes) {
  return static_cast<std::uint32_t>((bytes + block_bytes - 1) / block_bytes);
}

bool is_over(const Call& call, WallTime now, Duration grace) {
  if (call.phase != CallPhase::ended && call.phase != CallPhase::not_answered) return false;
  return now >= call.ended_at.value_or(call.received_at) + grace;
}

}  // namespace

std::string witness_folder(WallTime call_received_at, const ContextId& call) {
  return fmt::format("{}/earshot/{}/", to_compact_date(call_received_at), call.text);
}

BlobName witness_blob(WallTime call_received_at, const ContextId& call, std::uint32_t run,
                      SpoolKind kind) {
  return {witness_folder(call_received_at, call) + (kind == SpoolKind::tap
                                                        ? fmt::format("tap-{}.pcm", run)
                                                        : fmt::format("ledger-{}.bin", run))};
}

TapUploader::TapUploader(TapSpool& spool, BlobStore& blobs, CallStore& calls,
                         RetentionStore& retention, Clock& clock, Counters& counters, Log& log,
                         TapUploaderOptions options)
    : spool_(spool),
      blobs_(blobs),
      calls_(calls),
      retention_(retention),
      clock_(clock),
      log_(log),
      options_(options),
      wake_(clock.make_signal()),
      bytes_uploaded_(counters.counter("earshot_tap_uploaded_bytes_total",
                                       "bytes of tap and ledger moved to the blob store")),
      failures_(counters.counter("earshot_tap_upload_failures_total",
                                 "runs whose upload failed in a round; they are tried again")),
      runs_erased_(counters.counter("earshot_tap_runs_erased_total",
                                    "runs dropped because their call's data was erased")),
      runs_waiting_(counters.gauge("earshot_tap_runs_spooled", "runs in the local spool")) {}

Task<void> TapUploader::run() {
  while (!stopping_) {
    const auto round = co_await run_once();
    if (round.more && round.failures == 0) continue;
    const auto wait = round.failures > 0 ? options_.round_after_failure : options_.round_every;
    if (!stopping_) co_await wake_->wait_until(clock_.steady_now() + wait);
  }
}

void TapUploader::stop() {
  stopping_ = true;
  wake_->notify();
}

Task<TapUploader::Round> TapUploader::run_once() {
  Round round;
  auto runs = co_await spool_.all_runs();
  if (!runs) {
    log_.warn("the tap spool could not be read", {{"error", runs.error().message}});
    failures_.add();
    round.failures = 1;
    co_return round;
  }
  runs_waiting_.set(static_cast<double>(runs->size()));
  std::map<ContextId, std::uint32_t> newest;
  std::set<std::pair<ContextId, std::uint32_t>> present;
  for (const auto& run : *runs) {
    newest[run.call] = std::max(newest[run.call], run.run);
    present.emplace(run.call, run.run);
  }
  std::erase_if(staged_, [&](const auto& entry) {
    return !present.contains({std::get<0>(entry.first), std::get<1>(entry.first)});
  });
  for (const auto& run : *runs) {
    if (stopping_) break;
    auto step = co_await advance(run, run.run < newest[run.call]);
    if (!step) {
      ++round.failures;
      failures_.add();
      log_.warn("a tap could not be moved to storage, it stays in the spool",
                {{"call", run.call.text}, {"run", run.run}, {"error", step.error().message}});
      continue;
    }
    round.blocks += step->blocks;
    round.runs_finished += step->finished ? 1 : 0;
    round.more = round.more || step->more;
  }
  co_return round;
}

Task<Result<TapUploader::Step>> TapUploader::advance(SpooledRun run, bool newer_run_exists) {
  auto call = co_await calls_.load_call(run.call);
  if (!call && call.error().kind != ErrorKind::not_found) co_return Failure(call.error());
  if (call && call->erased_at) co_return co_await advance_erased(std::move(run), *call->erased_at);
  // Without its call there is no date; such a run is kept where an operator finds it.
  const auto received_at = call ? call->received_at : WallTime{};
  // What this process still writes is not left behind, however long the disk takes: uploaded now,
  // its end would be missing for ever.
  const bool left_behind = !run.open && (newer_run_exists || !call ||
                                         is_over(*call, clock_.wall_now(), options_.ended_grace));
  const bool over = run.finished || left_behind;
  Step step;
  bool complete = true;
  for (const auto kind : {SpoolKind::tap, SpoolKind::ledger}) {
    auto name = witness_blob(received_at, run.call, run.run, kind);
    auto staged = co_await stage(run, kind, std::move(name), over);
    if (!staged) co_return Failure(staged.error());
    step.blocks += staged->blocks;
    step.more = step.more || staged->more;
    complete = complete && staged->complete;
  }
  if (!over || !complete) co_return step;
  for (const auto kind : {SpoolKind::tap, SpoolKind::ledger}) {
    auto name = witness_blob(received_at, run.call, run.run, kind);
    if (auto committed = co_await commit(run, kind, std::move(name)); !committed)
      co_return Failure(committed.error());
  }
  if (call) {
    // The erasure may have begun since, and looked before this was there.
    auto now = co_await calls_.load_call(run.call);
    if (!now) co_return Failure(now.error());
    if (now->erased_at) co_return co_await take_back(std::move(run), received_at);
  }
  if (auto removed = co_await spool_.remove(run.call, run.run); !removed)
    co_return fail("remove a run from the spool", removed.error());
  log_.info("a tap was moved to storage", {{"call", run.call.text},
                                           {"run", run.run},
                                           {"tap_bytes", run.tap_bytes},
                                           {"ledger_bytes", run.ledger_bytes}});
  step.finished = true;
  co_return step;
}

// A hold keeps it where it is, and so does an erasure that may yet be refused: what is in the spool
// is nowhere else.
Task<Result<TapUploader::Step>> TapUploader::advance_erased(SpooledRun run, WallTime erased_at) {
  if (clock_.wall_now() < erased_at + options_.erased_grace) co_return Step{};
  auto held = co_await retention_.is_held(run.call);
  if (!held) co_return Failure(held.error());
  if (*held) co_return Step{};
  co_return co_await drop(std::move(run));
}

// Of a call whose data was erased, on whichever replica: nothing of it goes up to storage.
Task<Result<TapUploader::Step>> TapUploader::drop(SpooledRun run) {
  if (auto removed = co_await spool_.remove(run.call, run.run); !removed)
    co_return fail("remove a run of an erased call from the spool", removed.error());
  runs_erased_.add();
  log_.info("a tap was dropped, because its call's data was erased",
            {{"call", run.call.text}, {"run", run.run}});
  co_return Step{.finished = true};
}

Task<Result<TapUploader::Step>> TapUploader::take_back(SpooledRun run, WallTime received_at) {
  for (const auto kind : {SpoolKind::tap, SpoolKind::ledger}) {
    auto removed = co_await blobs_.remove(witness_blob(received_at, run.call, run.run, kind));
    if (!removed && removed.error().kind != ErrorKind::not_found)
      co_return fail("take back a tap of an erased call", removed.error());
    staged_.erase({run.call, run.run, kind});
  }
  co_return Step{};  // the spool has it still
}

Task<Result<TapUploader::Staged>> TapUploader::stage(SpooledRun run, SpoolKind kind, BlobName name,
                                                     bool is_over) {
  Staged result;
  const auto bytes = bytes_of(run, kind);
  const auto whole = static_cast<std::uint32_t>(bytes / options_.block_bytes);
  const auto wanted = is_over ? blocks_of(bytes, options_.block_bytes) : whole;
  const Key key{run.call, run.run, kind};
  if (is_over && wanted > 0 && !staged_.contains(key)) {
    // After a restart between commit and removal, all of it is there already.
    auto present = co_await blobs_.info(name);
    if (present && present->bytes == bytes) {
      staged_[key] = wanted;
    } else if (!present && present.error().kind != ErrorKind::not_found) {
      co_return Failure(present.error());
    }
  }
  while (staged_[key] < wanted) {
    if (result.blocks == options_.blocks_per_run_max || stopping_) {
      result.more = true;
      co_return result;
    }
    const auto number = staged_[key];
    const auto offset = number * options_.block_bytes;
    const auto length = std::min(options_.block_bytes, bytes - offset);
    auto block = co_await spool_.read(run.call, run.run, kind, offset, length);
    if (!block) co_return fail("read the tap spool", block.error());
    if (block->size() != length)
      co_return fail(ErrorKind::corrupt,
                     fmt::format("the spool has {} bytes at {} where it promised {}", block->size(),
                                 offset, length));
    if (auto staged = co_await blobs_.stage_block(name, number, std::move(*block)); !staged)
      co_return fail("stage a block of the tap", staged.error());
    bytes_uploaded_.add(static_cast<double>(length));
    staged_[key] = number + 1;
    ++result.blocks;
  }
  result.complete = is_over;
  co_return result;
}

Task<Result<void>> TapUploader::commit(SpooledRun run, SpoolKind kind, BlobName name) {
  const auto bytes = bytes_of(run, kind);
  if (bytes == 0) co_return ok();
  auto present = co_await blobs_.info(name);
  if (present && present->bytes == bytes) co_return ok();
  const auto blocks = blocks_of(bytes, options_.block_bytes);
  auto committed = co_await blobs_.commit_blocks(name, blocks, "application/octet-stream");
  if (!committed) {
    // The blocks are gone (Azure drops them after a week): begin again.
    if (committed.error().kind == ErrorKind::invalid) staged_.erase({run.call, run.run, kind});
    co_return fail("commit the tap", committed.error());
  }
  auto stored = co_await blobs_.info(name);
  if (!stored) co_return fail("look at the committed tap", stored.error());
  if (stored->bytes != bytes) {
    staged_.erase({run.call, run.run, kind});
    co_return fail(ErrorKind::corrupt, fmt::format("the committed tap has {} bytes, the spool {}",
                                                   stored->bytes, bytes));
  }
  co_return ok();
}

}  // namespace earshot::recording
