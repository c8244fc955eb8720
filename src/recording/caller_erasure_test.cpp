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

  ManifestKey signer = *make_manifest_key(Bytes(32, 7));
  WatchedBlobs watched{blobs};
  RetentionServices services{store, store,           store,    store, watched,
                             spool, runtime.clock(), counters, log};
  SeededRandom chance{9};
  CallerErasure erasure{services,
                        chance,
                        {.key = Bytes{1, 2, 3},
                         .signing = signer,
                         .manifest_keys = {signer.public_key},
                         .software = "earshot test"}};
};

}  // namespace

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
