#include "recording/tap_uploader.hpp"

#include "recording/chunk_name.hpp"
#include "recording/testing/erased.hpp"
#include "recording/testing/recorded_call.hpp"

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

// A spool in memory: a test says what is on its disk.
struct MemorySpool : TapSpool {
  struct Run {
    Bytes tap;
    Bytes ledger;
    bool finished = false;
    bool open = false;
  };
  std::unique_ptr<TapRun> start_run(ContextId) override { return nullptr; }
  Task<Result<std::vector<SpooledRun>>> runs(ContextId) override { return all_runs(); }
  Task<Result<std::vector<SpooledRun>>> all_runs() override {
    std::vector<SpooledRun> out;
    out.reserve(spooled.size());
    for (const auto& [key, run] : spooled)
      out.push_back({.call = key.first,
                     .run = key.second,
                     .finished = run.finished,
                     .open = run.open,
                     .tap_bytes = run.tap.size(),
                     .ledger_bytes = run.ledger.size()});
    co_return out;
  }
  Task<Result<Bytes>> read(ContextId call, std::uint32_t run, SpoolKind kind, std::uint64_t offset,
                           std::uint64_t length) override {
    const auto& found = spooled.at({call, run});
    const auto& bytes = kind == SpoolKind::tap ? found.tap : found.ledger;
    co_return Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(offset),
                    bytes.begin() + static_cast<std::ptrdiff_t>(offset + length));
  }
  Task<Result<void>> remove(ContextId call, std::uint32_t run) override {
    spooled.erase({call, run});
    co_return ok();
  }
  Task<void> flush() override { co_return; }
  std::map<std::pair<ContextId, std::uint32_t>, Run> spooled;
};

struct Upload : RecordedCall {
  Upload() : uploader(make()) {
    call.phase = CallPhase::connected;
    call.ended_at.reset();
  }
  std::unique_ptr<TapUploader> make() {
    return std::make_unique<TapUploader>(
        spool, blobs, store, store, runtime.clock(), counters, log,
        TapUploaderOptions{.block_bytes = 100, .blocks_per_run_max = 3});
  }
  MemorySpool::Run& run_of(std::uint32_t run) { return spool.spooled[{call.id, run}]; }
  TapUploader::Round round() { return wait(uploader->run_once()); }
  std::string name(std::uint32_t run) {
    return "20260302/earshot/" + call.id.text + "/tap-" + std::to_string(run) + ".pcm";
  }
  Bytes stored(const std::string& blob) {
    auto bytes = wait(blobs.read({blob}, 0, 1 << 20, ""));
    REQUIRE(bytes.has_value());
    return *bytes;
  }
  bool is_stored(const std::string& blob) { return wait(blobs.info({blob})).has_value(); }

  MemorySpool spool;
  std::unique_ptr<TapUploader> uploader;
};

void pass_an_hour(Upload& upload) {
  auto& clock = upload.runtime.clock();
  clock.set_wall(clock.wall_now() + std::chrono::hours(1));
}

}  // namespace

TEST_CASE("whole blocks go up while the call lasts, the rest at its end, then the run is removed") {
  Upload upload;
  upload.store_call();
  auto& run = upload.run_of(0);
  run.tap = counting_samples(0, 125);
  run.ledger = Bytes(30, 7);

  CHECK(upload.round().blocks == 2);
  CHECK(upload.round().blocks == 0);
  CHECK_FALSE(upload.is_stored(upload.name(0)));
  run.tap = counting_samples(0, 175);
  run.ledger.resize(40, 8);
  run.finished = true;
  const auto tap = run.tap;
  const auto ledger = run.ledger;

  const auto last = upload.round();

  CHECK(last.blocks == 3);
  CHECK(last.runs_finished == 1);
  CHECK((upload.stored(upload.name(0)) == tap));
  CHECK((upload.stored("20260302/earshot/" + upload.call.id.text + "/ledger-0.bin") == ledger));
  CHECK(upload.spool.spooled.empty());
  CHECK(upload.blobs.calls().stages == 5);
}

TEST_CASE("its blobs are never taken for chunks") {
  Upload upload;
  for (const auto kind : {SpoolKind::tap, SpoolKind::ledger})
    CHECK_FALSE(
        parse_chunk_name(witness_blob(upload.call.received_at, upload.call.id, 3, kind).text)
            .has_value());
}

TEST_CASE("a long run takes several rounds and does not hold up the others") {
  Upload upload;
  upload.store_call();
  upload.run_of(0).tap = counting_samples(0, 500);
  upload.run_of(0).finished = true;
  upload.run_of(1).tap = counting_samples(0, 60);

  const auto first = upload.round();

  CHECK(first.more);
  CHECK(first.blocks == 4);
  int rounds = 1;
  while (upload.round().more) ++rounds;
  CHECK(rounds == 3);
  CHECK(upload.stored(upload.name(0)).size() == 1'000);
  CHECK(upload.spool.spooled.size() == 1);
}

TEST_CASE("a run that a crash left behind goes up once a newer one or the call's end shows it") {
  Upload upload;
  upload.store_call();
  upload.run_of(0).tap = Bytes(10, 1);
  CHECK(upload.round().runs_finished == 0);
  upload.run_of(1).tap = Bytes(20, 2);
  CHECK(upload.round().runs_finished == 1);
  CHECK(upload.stored(upload.name(0)).size() == 10);

  auto call = *upload.wait(upload.store.load_call(upload.call.id));
  call.phase = CallPhase::ended;
  call.ended_at = upload.runtime.clock().wall_now();
  Changes changes;
  changes.calls = {call};
  REQUIRE(upload.wait(upload.store.commit(std::move(changes))).has_value());
  CHECK(upload.round().runs_finished == 0);
  upload.runtime.advance(61s);

  CHECK(upload.round().runs_finished == 1);
  CHECK(upload.stored(upload.name(1)).size() == 20);
}

TEST_CASE("a run that is still written is not taken for one that a crash left behind") {
  Upload upload;
  upload.store_call();
  auto& run = upload.run_of(0);
  run.tap = counting_samples(0, 30);
  run.open = true;
  auto call = *upload.wait(upload.store.load_call(upload.call.id));
  call.phase = CallPhase::ended;
  call.ended_at = upload.runtime.clock().wall_now();
  Changes changes;
  changes.calls = {call};
  REQUIRE(upload.wait(upload.store.commit(std::move(changes))).has_value());
  // The disk hangs for longer than a run that was left behind is waited for.
  upload.runtime.advance(61s);
  upload.round();
  CHECK_FALSE(upload.is_stored(upload.name(0)));

  run.tap = counting_samples(0, 70);
  run.open = false;
  run.finished = true;
  const auto whole = run.tap;
  upload.round();
  upload.round();
  CHECK((upload.stored(upload.name(0)) == whole));
}

TEST_CASE("storage that is away loses nothing and sends no block twice") {
  Upload upload;
  upload.store_call();
  upload.run_of(0).tap = counting_samples(0, 100);
  upload.run_of(0).finished = true;
  const auto tap = upload.run_of(0).tap;
  upload.blobs.fail_next(1, {.kind = ErrorKind::unavailable, .message = "away"});
  CHECK(upload.round().failures == 1);
  CHECK(upload.spool.spooled.size() == 1);

  CHECK(upload.round().runs_finished == 1);

  CHECK((upload.stored(upload.name(0)) == tap));
  CHECK(upload.blobs.calls().stages == 2);
}

TEST_CASE("a restart in the middle stages again, one after the commit only removes") {
  Upload upload;
  upload.store_call();
  upload.run_of(0).tap = counting_samples(0, 100);
  const auto tap = upload.run_of(0).tap;
  CHECK(upload.round().blocks == 2);
  upload.uploader = upload.make();
  upload.run_of(0).finished = true;
  CHECK(upload.round().runs_finished == 1);
  CHECK((upload.stored(upload.name(0)) == tap));
  const auto stages = upload.blobs.calls().stages;

  upload.run_of(0) = {.tap = tap, .ledger = {}, .finished = true};
  upload.uploader = upload.make();

  CHECK(upload.round().runs_finished == 1);
  CHECK(upload.blobs.calls().stages == stages);
  CHECK(upload.spool.spooled.empty());
}

TEST_CASE("an empty run is removed and leaves no blob") {
  Upload upload;
  upload.store_call();
  upload.run_of(0).finished = true;

  CHECK(upload.round().runs_finished == 1);

  CHECK(upload.blobs.calls().commits == 0);
  CHECK(upload.spool.spooled.empty());
}

TEST_CASE("the service works until it is stopped") {
  Upload upload;
  upload.store_call();
  bool ended = false;
  upload.runtime.executor().spawn(upload.uploader->run(),
                                  [&ended](std::exception_ptr) { ended = true; });
  upload.run_of(0).tap = Bytes(250, 1);
  upload.run_of(0).finished = true;
  upload.runtime.advance(11s);
  CHECK(upload.is_stored(upload.name(0)));
  CHECK_FALSE(ended);

  upload.uploader->stop();
  upload.runtime.advance(1s);

  CHECK(ended);
}

TEST_CASE("the tap of an erased call is dropped, wherever it waits, and never goes up") {
  Upload upload;
  upload.store_call();
  auto& run = upload.run_of(0);
  run.tap = counting_samples(0, 175);
  run.finished = true;
  erase_rows(upload);

  // The erasure may yet be refused, and the spool is all there is of it.
  CHECK(upload.round().runs_finished == 0);
  CHECK(upload.spool.spooled.size() == 1);

  pass_an_hour(upload);
  CHECK(upload.round().runs_finished == 1);
  CHECK(upload.spool.spooled.empty());
  CHECK_FALSE(upload.is_stored(upload.name(0)));
}

TEST_CASE("the tap of an erased call that is held stays in the spool") {
  Upload upload;
  upload.store_call();
  upload.run_of(0).tap = counting_samples(0, 175);
  upload.run_of(0).finished = true;
  erase_rows(upload);
  REQUIRE(upload.wait(upload.store.add_hold(
      {.id = {"h1"}, .call = upload.call.id, .who = "Ms Ito", .lifted_at = {}})));
  pass_an_hour(upload);

  CHECK(upload.round().runs_finished == 0);
  CHECK(upload.spool.spooled.size() == 1);
  CHECK_FALSE(upload.is_stored(upload.name(0)));
}

TEST_CASE("a tap that was on its way up while its call was erased is taken back") {
  Upload upload;
  upload.store_call();
  auto& run = upload.run_of(0);
  run.tap = counting_samples(0, 175);
  run.ledger = Bytes(30, 7);
  run.finished = true;
  struct ErasedInBetween : blob::MemoryBlobStore {
    using MemoryBlobStore::MemoryBlobStore;
    Task<Result<void>> commit_blocks(BlobName name, std::uint32_t count,
                                     std::string content_type) override {
      if (upload != nullptr) {
        auto saved = co_await upload->store.save_erased_call(
            {"e"}, {.call = upload->call.id, .state = ErasureState::erasing}, {});
        if (!saved) co_return Failure(saved.error());
      }
      co_return co_await MemoryBlobStore::commit_blocks(std::move(name), count,
                                                        std::move(content_type));
    }
    Upload* upload = nullptr;
  };
  ErasedInBetween blobs{upload.runtime.clock()};
  blobs.upload = &upload;
  Erasure erasure{.id = {"e"}, .at = upload.runtime.clock().wall_now(), .finished_at = {}};
  erasure.calls.push_back({.call = upload.call.id});
  REQUIRE(upload.wait(upload.store.add_erasure(erasure, {.kind = "none"})).has_value());
  TapUploader uploader(upload.spool, blobs, upload.store, upload.store, upload.runtime.clock(),
                       upload.counters, upload.log);

  upload.wait(uploader.run_once());
  CHECK(upload.wait(blobs.list({}))->blobs.empty());
  CHECK(upload.spool.spooled.size() == 1);

  pass_an_hour(upload);
  CHECK(upload.wait(uploader.run_once()).runs_finished == 1);
  CHECK(upload.spool.spooled.empty());
  CHECK(upload.wait(blobs.list({}))->blobs.empty());
}
