#include "recording/caller_erasure.hpp"

#include "base/crypto.hpp"
#include "recording/erasure_receipt.hpp"
#include "recording/testing/recorded_call.hpp"
#include "recording/testing/watched_blobs.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <utility>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

const std::string folder = "20260302/aHR0/r1/";

struct ErasedWorld : RecordedCall {
  ErasedWorld() {
    recording.folder = folder;
    recording.discovery = Discovery::found;
    store_call();
    Changes changes;
    changes.turns.push_back({.call = call.id, .item_id = "i", .session_id = "s", .text = "hello"});
    changes.verdicts.push_back({.call = call.id, .number = 1, .kind = VerdictKind::complete});
    // Another caller's.
    Call other = call;
    other.id = {"other"};
    changes.calls.push_back(other);
    changes.personal.push_back({.call = other.id, .caller = "4:+15550777", .called = "x"});
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
    put_blob(folder + "0-audiowav.wav", {1, 2, 3});
    put_blob(folder + "manifest.json", {1});
    put_blob("20260302/earshot/other/tap-0.pcm", {1});
  }
  Erasure request(const std::string& number = "+1 555 0123") {
    auto made = wait(erasure.request(number));
    REQUIRE(made.has_value());
    return std::move(*made);
  }
  JobOutcome run(const Erasure& made) {
    return wait(erasure.run({.kind = erase_caller_job, .subject = made.id.text}));
  }
  Erasure receipt(const Erasure& made) {
    auto loaded = wait(erasure.load(made.id));
    REQUIRE(loaded.has_value());
    return std::move(*loaded);
  }
  // As ACS and Earshot leave it, with a manifest that tells the chunk's hash.
  void store_recorded() {
    const Bytes wav = seconds_of_wav(1);
    const auto name = folder + "0-audiowav.wav";
    put_blob(name, wav);
    put_text(folder + "0-acsmetadata.json", metadata("2026-03-02T09:15:00Z", 1'000));
    put_text(folder + "transcript.json", "{}");
    Changes changes;
    changes.chunks.push_back({.recording = recording.id,
                              .audio = {name},
                              .bytes = wav.size(),
                              .etag = wait(blobs.info({name}))->etag,
                              .found_at = call.received_at});
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
    Manifest manifest;
    manifest.call = call.id;
    manifest.chunks.push_back(
        {.recording = recording.id, .file = {name, wav.size(), "the manifest's hash"}});
    put_text(folder + "manifest.json", *sign_manifest(manifest_text(manifest), signer));
  }
  ErasedBlob erased(const std::string& name) {
    const auto made = request();
    REQUIRE(std::holds_alternative<JobDone>(run(made)));
    const auto all = receipt(made);
    const auto& blobs_gone = all.calls.at(0).blobs;
    const auto found = std::ranges::find(blobs_gone, folder + name, &ErasedBlob::name);
    REQUIRE(found != blobs_gone.end());
    return *found;
  }
  std::size_t blob_count() { return wait(blobs.list({}))->blobs.size(); }

  // Runs the looks that are due by then, as the runner of jobs would.
  void pass(Duration time) {
    runtime.clock().set_wall(runtime.clock().wall_now() + time);
    while (auto job = *wait(store.lease("me", runtime.clock().wall_now(),
                                        runtime.clock().wall_now() + std::chrono::minutes(1)))) {
      if (job->kind != erase_caller_job) continue;
      const auto outcome = wait(erasure.run(*job));
      if (std::holds_alternative<JobDone>(outcome))
        REQUIRE(wait(store.complete(job->id, "me")).has_value());
      if (const auto* again = std::get_if<JobRetry>(&outcome))
        REQUIRE(wait(store.retry(job->id, "me", again->at, again->error, "{}")).has_value());
    }
  }
  Erasure look(const Erasure& made, int number) {
    auto loaded = wait(erasure.load({fmt::format("{}-{}", made.id.text, number)}));
    REQUIRE(loaded.has_value());
    return std::move(*loaded);
  }
  void set_discovery(Discovery discovery) {
    Changes changes;
    changes.discoveries.push_back({.recording = recording.id, .discovery = discovery});
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
  }

  ManifestKey signer = *make_manifest_key(Bytes(32, 7));
  WatchedBlobs watched{blobs};
  ByosChunkSource source{blobs, store, runtime.clock(), inline_offload, counters, log};
  RetentionServices services{store,           store,    store, store, watched, spool,
                             runtime.clock(), counters, log,   store, &source};
  SeededRandom chance{9};
  CallerErasure erasure{services,
                        chance,
                        {.key = Bytes{1, 2, 3},
                         .signing = signer,
                         .manifest_keys = {signer.public_key},
                         .software = "earshot test"}};
};

}  // namespace

TEST_CASE("what another caller's rows name as well stays, and the receipt says that it is left") {
  ErasedWorld world;
  auto other = world.call;
  other.id = {"55555555-0000-4000-8000-000000000005"};
  other.version = 0;
  other.ring_key = "another";
  auto recording = world.recording;
  recording.id = {"another"};
  recording.call = other.id;
  Changes changes;
  changes.calls.push_back(other);
  changes.personal.push_back({.call = other.id, .caller = "+15550777", .called = "+15550199"});
  changes.recordings.push_back(recording);
  changes.chunks.push_back(
      {.recording = recording.id, .audio = {folder + "0-audiowav.wav"}, .data_bytes = 3});
  REQUIRE(world.wait(world.store.commit(std::move(changes))).has_value());
  const auto made = world.request();

  CHECK(std::holds_alternative<JobDone>(world.run(made)));

  const auto receipt = world.receipt(made);
  REQUIRE(receipt.calls.size() == 1);
  const auto& call = receipt.calls[0];
  CHECK(call.state == ErasureState::erased);
  CHECK(std::ranges::find(call.left, folder + "0-audiowav.wav") != call.left.end());
  CHECK(std::ranges::find(call.blobs, folder + "0-audiowav.wav", &ErasedBlob::name) ==
        call.blobs.end());
  CHECK(world.wait(world.blobs.info({folder + "0-audiowav.wav"})).has_value());
  CHECK(world.wait(world.store.chunks_of(world.recording.id))->empty());
}

TEST_CASE("all of a caller goes, the journal stays, and the receipt names what went") {
  ErasedWorld world;
  const auto made = world.request();
  CHECK(world.blob_count() == 3);

  CHECK(std::holds_alternative<JobDone>(world.run(made)));

  const auto receipt = world.receipt(made);
  CHECK(receipt.finished_at.has_value());
  REQUIRE(receipt.calls.size() == 1);
  const auto& call = receipt.calls[0];
  CHECK(call.state == ErasureState::erased);
  REQUIRE(call.blobs.size() == 2);
  CHECK(call.blobs[0].name == folder + "0-audiowav.wav");
  CHECK(call.blobs[0].bytes == 3);
  CHECK_FALSE(call.blobs[0].etag.empty());
  CHECK(std::ranges::find(call.rows, "personal", &RowCount::table) != call.rows.end());
  CHECK(receipt.caller_key == world.erasure.caller_key("4:+15550123"));
  CHECK(receipt.caller_key.find("5550123") == std::string::npos);
  CHECK(world.blob_count() == 1);
  CHECK(world.wait(world.store.turns_of(world.call.id))->empty());
  CHECK_FALSE(world.wait(world.store.load_personal(world.call.id)).has_value());
  CHECK(world.wait(world.store.load_personal({"other"})).has_value());
  const auto journal = world.wait(world.store.journal_of(world.call.id));
  REQUIRE(journal->size() == 1);
  CHECK(journal->front().type == "erased by request");
  CHECK(world.wait(world.store.verdicts_of(world.call.id))->size() == 1);
  // Asked for again there is nothing left of the caller.
  CHECK(world.request().calls.empty());
}

TEST_CASE("a call on hold is refused and named, and nothing of it goes") {
  ErasedWorld world;
  const LegalHold hold{.id = {"h1"}, .call = world.call.id, .why = "of Ann", .lifted_at = {}};
  REQUIRE(world.wait(world.store.add_hold(hold)).has_value());
  const auto made = world.request();

  CHECK(std::holds_alternative<JobDone>(world.run(made)));

  const auto call = world.receipt(made).calls.at(0);
  CHECK(call.state == ErasureState::refused);
  CHECK(call.why == "the call is under hold h1");
  CHECK(call.blobs.empty());
  CHECK(world.blob_count() == 3);
  CHECK(world.wait(world.store.load_personal(world.call.id)).has_value());
}

TEST_CASE("what is interrupted goes on, and the receipt forgets nothing") {
  ErasedWorld world;
  const auto made = world.request();
  // Away after the receipt was written and the first blob was removed.
  REQUIRE(world
              .wait(world.store.save_erased_call(
                  made.id,
                  {.call = world.call.id,
                   .state = ErasureState::erasing,
                   .blobs = {{.name = folder + "gone already.wav", .bytes = 7, .etag = "e"}}},
                  {}))
              .has_value());
  world.blobs.fail_next(1, Error{.kind = ErrorKind::unavailable, .message = "away"});
  CHECK(std::holds_alternative<JobRetry>(world.run(made)));
  CHECK(world.receipt(made).calls.at(0).state == ErasureState::erasing);

  CHECK(std::holds_alternative<JobDone>(world.run(made)));

  const auto call = world.receipt(made).calls.at(0);
  CHECK(call.state == ErasureState::erased);
  CHECK(call.blobs.size() == 3);
  CHECK(world.blob_count() == 1);
}

TEST_CASE("what the storage keeps is not called erased") {
  ErasedWorld world;
  REQUIRE(world.wait(world.blobs.set_legal_hold({folder + "0-audiowav.wav"}, true)).has_value());
  const auto made = world.request();
  CHECK(std::holds_alternative<JobDone>(world.run(made)));
  const auto call = world.receipt(made).calls.at(0);
  CHECK(call.state == ErasureState::refused);
  CHECK_FALSE(call.why.empty());
  REQUIRE(call.blobs.size() == 1);
  CHECK(call.blobs[0].name == folder + "manifest.json");
  // So that it can be found again.
  CHECK(world.wait(world.store.load_personal(world.call.id)).has_value());
}

TEST_CASE("a dry run names calls and blobs and stores nothing") {
  ErasedWorld world;
  auto plan = world.wait(world.erasure.plan("4:+15550123"));
  REQUIRE(plan.has_value());
  REQUIRE(plan->calls.size() == 1);
  CHECK(plan->calls[0].blobs.size() == 2);
  CHECK(plan->id.empty());
  CHECK(world.wait(world.erasure.list(10))->empty());
  CHECK(world.blob_count() == 3);
  CHECK(world.wait(world.erasure.plan("")).error().kind == ErrorKind::invalid);
}

TEST_CASE("a finished erasure has a signed receipt, without the number") {
  ErasedWorld world;
  const auto made = world.request();
  const auto early = world.wait(world.erasure.signed_receipt(made.id));
  REQUIRE_FALSE(early.has_value());
  CHECK(early.error().kind == ErrorKind::conflict);

  CHECK(std::holds_alternative<JobDone>(world.run(made)));

  const auto text = world.wait(world.erasure.signed_receipt(made.id));
  REQUIRE(text.has_value());
  const std::vector<Bytes> keys{world.signer.public_key};
  const auto claims = check_erasure_receipt(*text, keys);
  REQUIRE(claims.has_value());
  CHECK(claims->id == made.id.text);
  CHECK(claims->calls_erased == 1);
  CHECK(claims->blobs == 2);
  CHECK(claims->software == "earshot test");
  CHECK(text->find("5550123") == std::string::npos);
  CHECK(text->find("5550199") == std::string::npos);
}

TEST_CASE("what a manifest tells of a file is its hash in the receipt") {
  ErasedWorld world;
  world.store_recorded();
  const auto chunk = world.erased("0-audiowav.wav");
  CHECK(chunk.sha256 == "the manifest's hash");
  CHECK(chunk.hash_note == "manifest");
}

TEST_CASE("a file that was written again after the manifest is read for its hash") {
  ErasedWorld world;
  world.store_recorded();
  const auto later = wav_of(counting_samples(7, 16'000));
  world.put_blob(folder + "0-audiowav.wav", later);
  const auto chunk = world.erased("0-audiowav.wav");
  CHECK(chunk.sha256 == crypto::to_hex(crypto::sha256(later)));
  CHECK(chunk.hash_note == "read");
}

TEST_CASE("a manifest that nobody trusted signed is not believed") {
  ErasedWorld world;
  world.signer = *make_manifest_key(Bytes(32, 8));
  world.store_recorded();
  CHECK(world.erased("0-audiowav.wav").hash_note == "read");
}

TEST_CASE("what holds numbers or words has no hash in the receipt, and neither has what is large") {
  ErasedWorld world;
  world.store_recorded();
  world.put_blob(folder + "tap-1.pcm", Bytes(hashed_blob_bytes_max + 1));
  SUBCASE("metadata names the parties") {
    const auto metadata = world.erased("0-acsmetadata.json");
    CHECK(metadata.sha256.empty());
    CHECK(metadata.hash_note.find("numbers or words") != std::string::npos);
  }
  SUBCASE("a transcript is what was said") {
    CHECK(world.erased("transcript.json").sha256.empty());
  }
  SUBCASE("the bridge's copy is too large to be read") {
    const auto tap = world.erased("tap-1.pcm");
    CHECK(tap.sha256.empty());
    CHECK(tap.hash_note.find("too large") != std::string::npos);
  }
  SUBCASE("the archive cannot be read") {
    REQUIRE(world.wait(world.blobs.set_tier({folder + "manifest.json"}, StorageTier::archive))
                .has_value());
    CHECK(world.erased("manifest.json").hash_note == "it was in the archive");
  }
}

TEST_CASE("a hold that comes after the last blob saves the rows, and the receipt says so") {
  ErasedWorld world;
  const auto made = world.request();
  const std::string last = folder + "manifest.json";
  const LegalHold hold{.id = {"h1"}, .call = world.call.id, .who = "Ms Ito", .lifted_at = {}};
  const auto nothing = []() -> Task<Result<void>> { co_return ok(); };
  world.watched.before_removal = [&](const BlobName& gone) {
    return gone.text == last ? world.store.add_hold(hold) : nothing();
  };

  CHECK(std::holds_alternative<JobDone>(world.run(made)));

  const auto receipt = world.receipt(made);
  REQUIRE(receipt.calls.size() == 1);
  CHECK(receipt.calls[0].state == ErasureState::refused);
  CHECK(receipt.calls[0].why.find("hold") != std::string::npos);
  CHECK(receipt.calls[0].blobs.size() == 2);
  CHECK(world.wait(world.store.turns_of(world.call.id))->size() == 1);
  CHECK(world.wait(world.store.load_personal(world.call.id)).has_value());
}

TEST_CASE("what arrives after an erasure goes with a later look, which has a receipt of its own") {
  ErasedWorld world;
  const auto made = world.request();
  world.pass(0s);
  REQUIRE(world.receipt(made).finished_at.has_value());
  const auto signed_first = *world.wait(world.erasure.signed_receipt(made.id));

  world.put_blob(folder + "1-audiowav.wav", {4, 5});
  world.pass(59min);
  CHECK(world.blob_count() == 2);
  CHECK_FALSE(world.look(made, 2).finished_at.has_value());
  world.pass(2min);

  CHECK(world.blob_count() == 1);
  const auto found = world.look(made, 2);
  CHECK(found.adds_to == made.id);
  CHECK(found.number == 2);
  REQUIRE(found.calls.size() == 1);
  REQUIRE(found.calls[0].blobs.size() == 1);
  CHECK(found.calls[0].blobs[0].name == folder + "1-audiowav.wav");
  CHECK(found.calls[0].blobs[0].sha256 == crypto::to_hex(crypto::sha256(Bytes{4, 5})));
  const auto text = *world.wait(world.erasure.signed_receipt(found.id));
  const std::vector<Bytes> keys{world.signer.public_key};
  CHECK(check_erasure_receipt(text, keys)->blobs == 1);
  CHECK(text.find("\"addsTo\":\"" + made.id.text + "\"") != std::string::npos);
  CHECK(*world.wait(world.erasure.signed_receipt(made.id)) == signed_first);
  CHECK(world.wait(world.store.journal_of(world.call.id))->back().type ==
        "what came after the erasure erased");
}

TEST_CASE("after a day and after eight it is looked again, and a look that finds nothing says so") {
  ErasedWorld world;
  const auto made = world.request();
  world.pass(0s);
  world.pass(25h);
  CHECK(world.look(made, 3).finished_at.has_value());
  CHECK(world.look(made, 3).calls.at(0).blobs.empty());
  CHECK(world.wait(world.store.journal_of(world.call.id))->size() == 1);
  world.put_blob(folder + "1-audiowav.wav", {4, 5});

  world.pass(std::chrono::days(8));

  CHECK(world.blob_count() == 1);
  CHECK(world.look(made, 4).calls.at(0).blobs.size() == 1);
  CHECK_FALSE(world.wait(world.store.next_due())->has_value());
}

TEST_CASE("chunks of a recording that was never found are erased where ACS puts them later") {
  ErasedWorld world;
  Changes changes;
  changes.recordings.push_back({.id = {"never found"},
                                .call = world.call.id,
                                .phase = RecordingPhase::stopped,
                                .requested_at = world.recording.requested_at,
                                .active_at = world.recording.active_at,
                                .ended_at = world.recording.ended_at,
                                .discovery = Discovery::missing});
  REQUIRE(world.wait(world.store.commit(std::move(changes))).has_value());
  const auto made = world.request();
  world.pass(0s);
  const auto late = "20260302/" + world.call.server_call_id.text + "/never found/0-audiowav.wav";
  world.put_blob(late, seconds_of_wav(1));

  world.pass(61min);

  CHECK(world.wait(world.blobs.info({late})).error().kind == ErrorKind::not_found);
  CHECK(world.look(made, 2).calls.at(0).blobs.at(0).name == late);
}

TEST_CASE("a folder that fits by who spoke and when alone may be another's, and is left") {
  ErasedWorld world;
  Changes changes;
  changes.recordings.push_back({.id = {"never found"},
                                .call = world.call.id,
                                .phase = RecordingPhase::stopped,
                                .requested_at = world.recording.requested_at,
                                .active_at = world.recording.active_at,
                                .ended_at = world.recording.ended_at,
                                .discovery = Discovery::missing});
  REQUIRE(world.wait(world.store.commit(std::move(changes))).has_value());
  // Of the same caller, at the same time, by a service that shares the container.
  const std::string theirs = "20260302/their-call/their-recording/";
  world.put_blob(theirs + "0-audiowav.wav", seconds_of_wav(1));
  world.put_text(theirs + "0-acsmetadata.json",
                 ErasedWorld::metadata("2026-03-02T09:15:01Z", 1'000, 0, "", "4:+15550123"));
  const auto made = world.request();
  world.pass(0s);

  CHECK(world.wait(world.blobs.info({theirs + "0-audiowav.wav"})).has_value());
  const auto call = world.receipt(made).calls.at(0);
  CHECK(call.state == ErasureState::erased);
  CHECK(std::ranges::find(call.left, theirs + "0-audiowav.wav") != call.left.end());
}

TEST_CASE("a hold that comes in the middle of a later look makes it wait, not end") {
  ErasedWorld world;
  const auto made = world.request();
  world.pass(0s);
  world.put_blob(folder + "1-audiowav.wav", {4, 5});
  bool placed = false;
  world.watched.before_removal = [&](const BlobName&) -> Task<Result<void>> {
    return [](store::MemoryStore& store, ContextId call, bool& done) -> Task<Result<void>> {
      if (!done) {
        done = true;
        auto added =
            co_await store.add_hold({.id = {"h1"}, .call = call, .who = "Ms Ito", .lifted_at = {}});
        if (!added) co_return Failure(added.error());
      }
      co_return ok();
    }(world.store, world.call.id, placed);
  };
  world.put_blob(folder + "2-audiowav.wav", {6});

  world.pass(61min);

  REQUIRE(placed);
  CHECK_FALSE(world.look(made, 2).finished_at.has_value());
  REQUIRE(world.wait(world.store.lift_hold({"h1"}, "Ms Ito", world.runtime.clock().wall_now())));
  world.pass(25h);
  CHECK(world.look(made, 2).calls.at(0).state == ErasureState::erased);
  CHECK(world.blob_count() == 1);
}

TEST_CASE("a look that finds its call on hold waits until the hold is lifted") {
  ErasedWorld world;
  const auto made = world.request();
  world.pass(0s);
  const LegalHold hold{.id = {"h1"}, .call = world.call.id, .who = "Ms Ito", .lifted_at = {}};
  REQUIRE(world.wait(world.store.add_hold(hold)).has_value());
  world.put_blob(folder + "1-audiowav.wav", {4, 5});
  world.pass(61min);
  CHECK(world.look(made, 2).calls.at(0).why == "the call is under hold h1");
  CHECK_FALSE(world.look(made, 2).finished_at.has_value());
  CHECK(world.blob_count() == 2);

  REQUIRE(world.wait(world.store.lift_hold({"h1"}, "Ms Ito", world.runtime.clock().wall_now())));
  world.pass(25h);

  CHECK(world.blob_count() == 1);
  CHECK(world.look(made, 2).calls.at(0).state == ErasureState::erased);
}

TEST_CASE("a call whose recording is still looked for has its turn when that is over") {
  ErasedWorld world;
  world.set_discovery(Discovery::searching);
  const auto made = world.request();
  world.pass(0s);
  CHECK(world.receipt(made).calls.at(0).state == ErasureState::waiting);
  CHECK(world.receipt(made).calls.at(0).why.find("still looked for") != std::string::npos);
  CHECK(world.blob_count() == 3);
  world.put_blob(folder + "1-audiowav.wav", {4, 5});

  world.set_discovery(Discovery::found);
  world.pass(5min);

  CHECK(world.receipt(made).calls.at(0).state == ErasureState::erased);
  CHECK(world.receipt(made).calls.at(0).blobs.size() == 3);
  CHECK(world.blob_count() == 1);
}

TEST_CASE("a recording that is looked for without end is not waited for without end") {
  ErasedWorld world;
  world.set_discovery(Discovery::searching);
  const auto made = world.request();
  world.pass(0s);
  world.pass(erasure_waits_max);
  CHECK(world.receipt(made).finished_at.has_value());
  CHECK(world.receipt(made).calls.at(0).state == ErasureState::refused);
  CHECK(world.receipt(made).calls.at(0).why.find("it was not erased") != std::string::npos);
  CHECK(world.blob_count() == 3);
}

TEST_CASE("a receipt names nothing as gone that was only planned when a hold came") {
  ErasedWorld world;
  const auto made = world.request();
  // Away after the plan was written and one blob was removed.
  ErasedCall planned{.call = world.call.id, .state = ErasureState::erasing};
  for (const auto* name : {"0-audiowav.wav", "manifest.json", "gone already.wav"})
    planned.blobs.push_back({.name = folder + name, .bytes = 1, .etag = "e"});
  REQUIRE(world.wait(world.store.save_erased_call(made.id, planned, {})).has_value());
  const LegalHold hold{.id = {"h1"}, .call = world.call.id, .who = "Ms Ito", .lifted_at = {}};
  REQUIRE(world.wait(world.store.add_hold(hold)).has_value());

  world.pass(0s);

  const auto call = world.receipt(made).calls.at(0);
  CHECK(call.state == ErasureState::refused);
  REQUIRE(call.blobs.size() == 1);
  CHECK(call.blobs[0].name == folder + "gone already.wav");
  CHECK(world.blob_count() == 3);
  // Held, not erased: it is a call like any other again.
  CHECK_FALSE(world.wait(world.store.load_call(world.call.id))->erased_at.has_value());
}

TEST_CASE("the receipt names what was left because nobody knows whose it is") {
  ErasedWorld world;
  world.put_blob(folder + "notes.txt", {1});
  const auto made = world.request();
  world.pass(0s);
  const auto call = world.receipt(made).calls.at(0);
  CHECK(call.state == ErasureState::erased);
  CHECK(call.left == std::vector{folder + "notes.txt"});
  const auto text = *world.wait(world.erasure.signed_receipt(made.id));
  CHECK(text.find("\"unknownBlobs\":[\"" + folder + "notes.txt\"]") != std::string::npos);
}

TEST_CASE("who writes while a call is erased is refused, and the erasure sees what was before") {
  ErasedWorld world;
  const auto made = world.request();
  bool was_refused = false;
  Changes late;
  late.chunks.push_back({.recording = world.recording.id, .audio = {folder + "1-audiowav.wav"}});
  world.watched.before_removal = [&](const BlobName&) -> Task<Result<void>> {
    return [](store::MemoryStore& store, Changes changes, bool& refused) -> Task<Result<void>> {
      auto stored = co_await store.commit(std::move(changes));
      refused = !stored && is_call_erasing(stored.error());
      co_return ok();
    }(world.store, late, was_refused);
  };
  world.pass(0s);
  CHECK(was_refused);
  CHECK(world.wait(world.store.chunks_of(world.recording.id))->empty());
  CHECK(world.receipt(made).calls.at(0).state == ErasureState::erased);
}

TEST_CASE("a call that is known only as connected waits for its verdict as an answered one does") {
  ErasedWorld world;
  auto call = world.call;
  call.id = {"66666666-0000-4000-8000-000000000006"};
  call.version = 0;
  call.ring_key = "connected";
  call.answered_at.reset();
  call.connected_at = call.received_at;
  call.phase = CallPhase::ended;
  Changes changes;
  changes.calls.push_back(call);
  changes.personal.push_back({.call = call.id, .caller = "+15550888", .called = "+15550199"});
  REQUIRE(world.wait(world.store.commit(std::move(changes))).has_value());
  const auto made = world.request("+15550888");
  world.pass(0s);
  REQUIRE(world.receipt(made).calls.size() == 1);
  CHECK(world.receipt(made).calls.at(0).state == ErasureState::waiting);
  CHECK(world.receipt(made).calls.at(0).why.find("no verdict yet") != std::string::npos);
}
