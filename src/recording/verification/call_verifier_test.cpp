#include "recording/verification/call_verifier.hpp"

#include "domain/level_meter.hpp"
#include "recording/recording_discovery.hpp"
#include "recording/tap_uploader.hpp"
#include "recording/testing/erased.hpp"
#include "recording/testing/recorded_call.hpp"
#include "recording/verification/verdict_reconciler.hpp"
#include "store/memory_tap_spool.hpp"

#include <algorithm>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

constexpr std::uint8_t loud = 205;
constexpr std::uint8_t quiet = 80;

// A call from 09:14:59.6 to 09:15:40 in which the caller speaks from 10 s to 14 s.
struct Verification : RecordedCall {
  Verification() {
    call.connected_at = at("2026-03-02T09:14:59.6Z");
    call.end_code = 200;
    folder = "20260302/" + call.server_call_id.text + "/rec/";
  }

  void store_all() {
    store_call();
    Changes changes;
    changes.journal.push_back(
        {.call = call.id, .at = call.received_at, .type = "media socket opened", .detail = "{}"});
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
  }

  // Samples that are loud where the caller speaks.
  static Bytes sound(double from_s, double seconds) {
    Bytes samples;
    for (std::size_t i = 0; i < static_cast<std::size_t>(seconds * 16'000); ++i) {
      const double time = from_s + static_cast<double>(i) / 16'000;
      const bool speaks = time >= 10 && time < 14;
      put16(samples, static_cast<std::uint32_t>(speaks && i % 2 == 0 ? 3'000 : 1));
    }
    return wav_of(samples);
  }
  // `from_s` and `seconds` on the call's clock.
  void put_chunk(int index, double from_s, double seconds) {
    put_blob(fmt::format("{}{}-audiowav.wav", folder, index), sound(from_s, seconds));
    const auto start = *call.connected_at + Duration(static_cast<std::int64_t>(from_s * 1e6));
    put_text(fmt::format("{}{}-acsmetadata.json", folder, index),
             metadata(to_iso8601(start), static_cast<int>(seconds * 1'000), index));
  }

  Bytes ledger() const {
    Bytes bytes;
    append_ledger_header(
        {.sample_rate_hz = 24'000, .has_tap = false, .call_time_zero = *call.connected_at}, bytes);
    for (std::uint32_t second = 0; second <= 40; ++second) {
      LedgerSecond one{.second = second, .caller_frames = 50};
      one.caller_levels.fill(second >= 10 && second < 14 ? loud : quiet);
      if (second == 40) std::fill(one.caller_levels.begin() + 20, one.caller_levels.end(), 0);
      append_ledger_second(one, bytes);
    }
    return bytes;
  }
  void spool_ledger() {
    auto run = spool.start_run(call.id);
    REQUIRE(run->append(SpoolKind::ledger, ledger()));
    run->finish();
  }
  void store_ledger() {
    put_blob(witness_blob(call.received_at, call.id, 0, SpoolKind::ledger).text, ledger());
  }

  // One attempt of the search, with its jobs left where they are.
  void search() {
    Job job{.id = {"search"},
            .kind = discover_recording_job,
            .subject = recording.id.text,
            .deadline = runtime.clock().wall_now() + 24h,
            .added_at = runtime.clock().wall_now()};
    static_cast<void>(wait(discovery.run(std::move(job))));
  }
  JobOutcome verify() {
    return wait(verifier.run({.id = {"job"},
                              .kind = verify_call_job,
                              .subject = call.id.text,
                              .payload = payload,
                              .attempts = tries++}));
  }
  std::optional<Verdict> verdict() { return *wait(store.verdict_of(call.id, std::nullopt)); }
  bool raised(std::string_view kind) const {
    return std::ranges::any_of(alerts.raised,
                               [&](const Alert& alert) { return alert.kind == kind; });
  }
  // The kinds of the jobs that are due within an hour, each taken away.
  std::vector<std::string> jobs_due() {
    std::vector<std::string> kinds;
    const auto until = runtime.clock().wall_now() + 1h;
    for (;;) {
      auto job = wait(store.lease("test", until, until + 1h));
      if (!job || !*job) return kinds;
      kinds.push_back((*job)->kind);
      REQUIRE(wait(store.complete((*job)->id, "test")).has_value());
    }
  }

  std::string folder;
  int tries = 0;
  std::string payload;
  store::MemoryTapSpool spool;
  ByosChunkSource source{blobs, store, runtime.clock(), inline_offload, counters, log};
  RecordingDiscovery discovery{store, source, alerts, runtime.clock(), counters, log};
  InlineOffload offload;
  CallVerifier verifier{
      {store, source, spool, blobs, store, alerts, runtime.clock(), counters, log, offload}};
  VerdictReconciler reconciler{store, alerts, runtime.clock(), counters, log};
};

}  // namespace

TEST_CASE("what the search has found is judged by both witnesses, and once") {
  Verification call;
  call.store_all();
  call.put_chunk(0, 0.5, 39.9);
  SUBCASE("with the ledger still in the spool") { call.spool_ledger(); }
  SUBCASE("with the ledger in the store") { call.store_ledger(); }
  call.search();
  CHECK(call.jobs_due() == std::vector<std::string>{verify_call_job});

  CHECK(std::holds_alternative<JobDone>(call.verify()));

  auto verdict = call.verdict();
  REQUIRE(verdict.has_value());
  CHECK(verdict->number == 1);
  CHECK(verdict->kind == VerdictKind::complete);
  CHECK(verdict->corroborated());
  CHECK(verdict->numbers.caller_alone == 4s);
  CHECK(verdict->numbers.caller_heard == 4s);
  CHECK(call.alerts.raised.empty());
  CHECK(call.wait(call.store.journal_of(call.call.id))->back().type == "verdict");

  CHECK(std::holds_alternative<JobDone>(call.verify()));
  CHECK(call.verdict()->number == 1);
}

TEST_CASE("a verdict waits for chunks until its deadline, and one that comes later makes another") {
  Verification call;
  call.store_all();
  call.spool_ledger();
  call.put_chunk(0, 0.5, 20);
  call.search();
  auto outcome = call.verify();
  REQUIRE(std::holds_alternative<JobRetry>(outcome));
  CHECK(std::get<JobRetry>(outcome).at == *call.call.ended_at + 15min);
  CHECK_FALSE(call.verdict().has_value());

  call.runtime.advance(15min);
  CHECK(std::holds_alternative<JobDone>(call.verify()));
  CHECK(call.verdict()->kind == VerdictKind::truncated);
  CHECK(call.raised("verdict_truncated"));
  const auto given = call.jobs_due();

  call.runtime.advance(15min);
  call.put_chunk(1, 20.5, 19.9);
  call.search();
  CHECK(call.jobs_due() == std::vector<std::string>{verify_call_job});
  CHECK(std::holds_alternative<JobDone>(call.verify()));
  const auto verdicts = *call.wait(call.store.verdicts_of(call.call.id));
  REQUIRE(verdicts.size() == 2);
  CHECK(verdicts[0].kind == VerdictKind::truncated);
  CHECK(verdicts[1].kind == VerdictKind::complete);
  CHECK(verdicts[1].number == 2);
}

TEST_CASE("a recorded call of which nothing appears is missing at the deadline") {
  Verification call;
  call.store_all();
  call.spool_ledger();
  call.runtime.advance(15min);
  CHECK(std::holds_alternative<JobDone>(call.verify()));
  CHECK(call.verdict()->kind == VerdictKind::missing);
  CHECK(call.raised("verdict_missing"));
}

TEST_CASE("chunks that lie there while their search is behind are waited for, but not for ever") {
  Verification call;
  call.store_all();
  call.spool_ledger();
  call.put_chunk(0, 0.5, 39.9);
  call.runtime.advance(1h);
  const auto outcome = call.verify();
  REQUIRE(std::holds_alternative<JobRetry>(outcome));
  CHECK_FALSE(call.verdict().has_value());

  SUBCASE("the search sees them") {
    call.search();
    CHECK(std::holds_alternative<JobDone>(call.verify()));
    CHECK(call.verdict()->kind == VerdictKind::complete);
    CHECK(call.alerts.raised.empty());
  }
  SUBCASE("the search never sees them") {
    call.payload = std::get<JobRetry>(outcome).payload;
    call.runtime.advance(5min);
    CHECK(std::holds_alternative<JobDone>(call.verify()));
    CHECK(call.verdict()->kind == VerdictKind::missing);
  }
}

TEST_CASE("an answered call that was never recorded has failed, at once") {
  Verification call;
  call.recording.active_at.reset();
  call.recording.phase = RecordingPhase::failed;
  call.recording.discovery = Discovery::missing;
  call.store_all();
  call.spool_ledger();
  CHECK(std::holds_alternative<JobDone>(call.verify()));
  CHECK(call.verdict()->kind == VerdictKind::failed);
  CHECK(call.raised("verdict_failed"));
}

TEST_CASE("a call that lasts, and one that was never answered, get none") {
  Verification call;
  SUBCASE("it lasts") { call.call.phase = CallPhase::connected; }
  SUBCASE("it was not answered") {
    call.call.phase = CallPhase::not_answered;
    call.call.connected_at.reset();
  }
  call.store_all();
  CHECK(std::holds_alternative<JobDone>(call.verify()));
  CHECK_FALSE(call.verdict().has_value());
  CHECK(call.wait(call.verifier.ask(call.call.id)).error().kind == ErrorKind::conflict);
}

TEST_CASE("a ledger that is not there yet is waited for, one that never comes is not") {
  Verification call;
  call.store_all();
  call.put_chunk(0, 0.5, 39.9);
  call.search();
  auto outcome = call.verify();
  REQUIRE(std::holds_alternative<JobRetry>(outcome));
  CHECK(std::get<JobRetry>(outcome).at <= call.runtime.clock().wall_now() + 10s);
  call.runtime.advance(2min);
  CHECK(std::holds_alternative<JobDone>(call.verify()));
  const auto verdict = call.verdict();
  CHECK(verdict->kind == VerdictKind::complete);
  CHECK_FALSE(verdict->corroborated());
  CHECK(verdict->has(FindingKind::uncorroborated));
}

TEST_CASE("a ledger of rubbish is no ledger") {
  Verification call;
  call.store_all();
  call.put_chunk(0, 0.5, 39.9);
  call.put_text(witness_blob(call.call.received_at, call.call.id, 0, SpoolKind::ledger).text,
                "this is no ledger, and it is longer than a header would be: sixty-four bytes");
  call.search();
  call.runtime.advance(2min);
  CHECK(std::holds_alternative<JobDone>(call.verify()));
  CHECK(call.verdict()->has(FindingKind::ledger_lost));
}

TEST_CASE("a silent file is found silent by the ledger's word") {
  Verification call;
  call.store_all();
  call.spool_ledger();
  call.put_chunk(0, 0.5, 39.9);
  call.put_blob(call.folder + "0-audiowav.wav", Verification::sound(100, 39.9));
  call.search();
  CHECK(std::holds_alternative<JobDone>(call.verify()));
  CHECK(call.verdict()->kind == VerdictKind::silent);
  CHECK(call.raised("verdict_silent"));
}

TEST_CASE("an export that comes twice is named") {
  Verification call;
  call.store_all();
  call.spool_ledger();
  call.put_chunk(0, 0.5, 39.9);
  call.put_blob(call.folder + "0-audiowav.second.wav", Verification::sound(0.5, 39.9));
  call.search();
  CHECK(std::holds_alternative<JobDone>(call.verify()));
  CHECK(call.verdict()->kind == VerdictKind::complete);
  CHECK(call.verdict()->has(FindingKind::duplicate_chunk));
}

TEST_CASE("a database that is away when the verdict is stored makes it come later") {
  Verification call;
  call.store_all();
  call.spool_ledger();
  call.put_chunk(0, 0.5, 39.9);
  call.search();
  call.store.fail_next_commits(1);
  CHECK(std::holds_alternative<JobRetry>(call.verify()));
  CHECK_FALSE(call.verdict().has_value());
  CHECK(std::holds_alternative<JobDone>(call.verify()));
  CHECK(call.verdict()->kind == VerdictKind::complete);
}

TEST_CASE("asked by hand, the container is looked through again and the verdict given anew") {
  Verification call;
  call.store_all();
  call.spool_ledger();
  CHECK(call.wait(call.verifier.ask({"unknown"})).error().kind == ErrorKind::not_found);
  REQUIRE(call.wait(call.verifier.ask(call.call.id)).has_value());
  auto kinds = call.jobs_due();
  std::ranges::sort(kinds);
  CHECK(kinds == std::vector<std::string>{discover_recording_job, verify_call_job});
}

TEST_CASE("a call whose job was lost is found and judged, and told to a person if that fails") {
  Verification call;
  call.recording.discovery = Discovery::found;
  call.store_all();
  call.spool_ledger();
  call.runtime.advance(19min);
  CHECK(call.wait(call.reconciler.run_once())->calls == 0);
  call.runtime.advance(2min);
  CHECK(call.wait(call.reconciler.run_once())->calls == 1);
  CHECK(call.jobs_due() == std::vector<std::string>{verify_call_job});
  CHECK(call.alerts.raised.empty());
  call.runtime.advance(2h);
  CHECK(call.wait(call.reconciler.run_once())->calls == 1);
  CHECK(call.raised("verdict_overdue"));
  CHECK(std::holds_alternative<JobDone>(call.verify()));
  CHECK(call.wait(call.reconciler.run_once())->calls == 0);
}

TEST_CASE("a recording whose search was lost is looked for again, now and then") {
  Verification call;
  call.store_all();
  call.runtime.advance(30min);
  CHECK(call.wait(call.reconciler.run_once())->recordings == 1);
  const auto kinds = call.jobs_due();
  CHECK(std::ranges::count(kinds, discover_recording_job) == 1);
  CHECK(call.wait(call.reconciler.run_once())->recordings == 0);
  call.runtime.advance(6h);
  CHECK(call.wait(call.reconciler.run_once())->recordings == 1);
}

TEST_CASE("an erased call is judged no more, by itself or by hand") {
  Verification call;
  call.store_all();
  call.put_chunk(0, 0.4, 40);
  erase_rows(call);
  CHECK(std::holds_alternative<JobDone>(call.verify()));
  CHECK_FALSE(call.verdict().has_value());
  CHECK(is_call_erased(call.wait(call.verifier.ask(call.call.id)).error()));
}

TEST_CASE(
    "a verification that comes to its end while its call is erased stores nothing, and waits") {
  Verification call;
  call.store_all();
  call.put_chunk(0, 0.4, 40);
  call.spool_ledger();
  call.search();
  struct ErasedInBetween : ChunkSource {
    explicit ErasedInBetween(Verification& verified) : call(verified) {}
    Task<Result<std::vector<FoundChunk>>> find(ChunkSearch wanted) override {
      return call.source.find(std::move(wanted));
    }
    Task<Result<Bytes>> read(BlobName name, std::uint64_t offset, std::uint64_t length,
                             std::string etag) override {
      auto saved = co_await call.store.save_erased_call(
          {"e"}, {.call = call.call.id, .state = ErasureState::erasing}, {});
      if (!saved) co_return Failure(saved.error());
      co_return co_await call.source.read(std::move(name), offset, length, std::move(etag));
    }
    Verification& call;
  };
  Erasure erasure{.id = {"e"}, .at = call.runtime.clock().wall_now(), .finished_at = {}};
  erasure.calls.push_back({.call = call.call.id});
  REQUIRE(call.wait(call.store.add_erasure(erasure, {.kind = "none"})).has_value());
  ErasedInBetween source(call);
  CallVerifier verifier({call.store, source, call.spool, call.blobs, call.store, call.alerts,
                         call.runtime.clock(), call.counters, call.log, call.offload});
  const auto outcome =
      call.wait(verifier.run({.kind = verify_call_job, .subject = call.call.id.text}));
  CHECK(std::holds_alternative<JobRetry>(outcome));
  CHECK(call.wait(call.store.load_call(call.call.id))->erased_at.has_value());
  CHECK_FALSE(call.verdict().has_value());
  CHECK(is_call_erasing(call.wait(call.verifier.ask(call.call.id)).error()));

  SUBCASE("and judges when the erasure was refused after all") {
    refuse_erasure(call);
    CHECK(std::holds_alternative<JobDone>(call.verify()));
    CHECK(call.verdict().has_value());
  }
  SUBCASE("and ends when it is erased") {
    erase_rows(call);
    CHECK(std::holds_alternative<JobDone>(call.verify()));
    CHECK_FALSE(call.verdict().has_value());
  }
}
