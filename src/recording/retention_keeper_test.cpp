// Rules carried out on a call that is stored: what goes, what stays, and what is in the way.
#include "recording/retention_keeper.hpp"

#include "recording/audio_opener.hpp"
#include "recording/fetched_names.hpp"
#include "recording/merges.hpp"
#include "recording/retention_rounds.hpp"
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
const std::string witness = "20260302/earshot/11111111-0000-4000-8000-000000000001/";

RetentionRule rule(RetentionAction action, int days, std::vector<KeptKind> objects = {}) {
  return {.name = std::string(to_text(action)) + std::to_string(days),
          .action = action,
          .days = days,
          .objects = std::move(objects)};
}

// A judged call with one of everything, and a clock that can be moved by days.
struct KeptCall : RecordedCall {
  explicit KeptCall(RetentionRules wanted = {.rules = {rule(RetentionAction::remove, 30)}})
      : keeper(services, std::move(wanted)), rounds(services, keeper) {
    recording.folder = folder;
    recording.discovery = Discovery::found;
    store_call();
    Chunk chunk;
    chunk.recording = recording.id;
    chunk.audio = {folder + "0-audiowav.wav"};
    chunk.metadata = {folder + "0-acsmetadata.json"};
    chunk.format = {16'000, 1, 16};
    chunk.bytes = chunk.data_bytes = 320;
    Changes changes;
    changes.chunks.push_back(chunk);
    Turn turn{.call = call.id, .item_id = "i1", .session_id = "s", .text = "hello"};
    changes.turns.push_back(turn);
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
    for (const auto* name :
         {"0-audiowav.wav", "0-acsmetadata.json", "manifest.json", "manifest-1.json",
          "transcript.json", "merged-1-acs.wav", "second-copy-0.wav", "notes of somebody.txt"})
      put_blob(folder + name, {1, 2, 3});
    for (const auto* name : {"tap-0.pcm", "ledger-0.bin", "repair-1.pcm"})
      put_blob(witness + name, {1, 2, 3});
    put_blob("20260302/earshot/another/tap-0.pcm", {1});
    put_blob(folder + "deeper/0-audiowav.wav", {1});
  }
  // Others of the same second and the ones after it, of which nothing is kept.
  void add_calls(int count) {
    Changes changes;
    for (int i = 0; i < count; ++i) {
      Call other = call;
      other.id = {"other-" + std::to_string(i)};
      other.ring_key.clear();
      other.received_at += std::chrono::seconds(i + 1);
      changes.calls.push_back(std::move(other));
      changes.verdicts.push_back(
          {.call = changes.calls.back().id, .number = 1, .kind = VerdictKind::complete});
    }
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
  }
  void judge(VerdictKind kind = VerdictKind::complete) {
    Changes changes;
    changes.verdicts.push_back({.call = call.id, .number = 1, .kind = kind});
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
  }
  void pass(int days) {
    runtime.clock().set_wall(runtime.clock().wall_now() + std::chrono::days(days));
  }
  bool has(const std::string& name) { return wait(blobs.info({name})).has_value(); }
  LegalHold hold(const std::string& id = "h1") {
    LegalHold one{.id = {id}, .call = call.id, .who = "Ms Ito", .lifted_at = {}};
    REQUIRE(wait(store.add_hold(one)).has_value());
    return one;
  }
  std::size_t blob_count() { return wait(blobs.list({}))->blobs.size(); }
  CallRetention carry_out() {
    auto stored = wait(store.load_call(call.id));
    auto done = wait(keeper.carry_out(std::move(*stored)));
    REQUIRE(done.has_value());
    return std::move(*done);
  }
  RetentionReport round() {
    auto done = wait(rounds.run_once(100));
    REQUIRE(done.has_value());
    return std::move(*done);
  }

  // A hold that comes while the blob of that name is being deleted.
  void hold_at(const std::string& name) {
    watched.before_removal = [this, name](const BlobName& gone) {
      return gone.text == name ? store.add_hold({.id = {"h1"},
                                                 .call = call.id,
                                                 .who = "Ms Ito",
                                                 .since = runtime.clock().wall_now(),
                                                 .lifted_at = {}})
                               : nothing();
    };
  }
  static Task<Result<void>> nothing() { co_return ok(); }

  WatchedBlobs watched{blobs};
  RetentionServices services{store, store,           store,    store, watched,
                             spool, runtime.clock(), counters, log,   store};
  RetentionKeeper keeper;
  RetentionRounds rounds;
};

}  // namespace

TEST_CASE("what is of age is deleted with its rows, and the journal says so without a number") {
  KeptCall world;
  world.judge();
  world.pass(31);

  const auto done = world.carry_out();

  CHECK(done.bar == RetentionBar::none);
  CHECK(std::ranges::all_of(done.acts, &std::string::empty, &RetentionAct::error));
  CHECK_FALSE(done.next_at.has_value());
  // Nobody's file, another call's, and what stands in a folder below.
  CHECK(world.blob_count() == 3);
  CHECK(done.unknown == std::vector<std::string>{folder + "notes of somebody.txt"});
  CHECK(world.wait(world.store.chunks_of(world.recording.id))->empty());
  CHECK(world.wait(world.store.turns_of(world.call.id))->empty());
  CHECK_FALSE(world.wait(world.store.load_personal(world.call.id)).has_value());
  const auto journal = world.wait(world.store.journal_of(world.call.id));
  REQUIRE(journal->size() == 1);
  CHECK(journal->front().type == "retention carried out");
  CHECK(journal->front().detail.find("chunks") != std::string::npos);
  CHECK(journal->front().detail.find("1555") == std::string::npos);
  CHECK(world.carry_out().acts.empty());
}

TEST_CASE("what another call's rows name stays, and goes with the last call that names it") {
  KeptCall world;
  world.judge();
  auto other = world.call;
  other.id = {"55555555-0000-4000-8000-000000000005"};
  other.version = 0;
  other.ring_key = "another";
  auto recording = world.recording;
  recording.id = {"another"};
  recording.call = other.id;
  auto named = world.wait(world.store.chunks_of(world.recording.id))->front();
  named.recording = recording.id;
  Changes changes;
  changes.calls.push_back(other);
  changes.recordings.push_back(recording);
  changes.chunks.push_back(named);
  changes.verdicts.push_back({.call = other.id, .number = 1, .kind = VerdictKind::complete});
  REQUIRE(world.wait(world.store.commit(std::move(changes))).has_value());
  world.pass(31);

  const auto done = world.carry_out();

  CHECK(std::ranges::none_of(done.acts,
                             [](const RetentionAct& act) { return act.name.starts_with(folder); }));
  CHECK(world.has(named.audio.text));
  CHECK(world.log.contains("another call's rows name"));
  // Its rows went, so nobody stands in the other one's way any more.
  CHECK(world.wait(world.store.chunks_of(world.recording.id))->empty());
  CHECK(
      world.wait(world.keeper.carry_out(*world.wait(world.store.load_call(other.id)))).has_value());
  CHECK_FALSE(world.has(named.audio.text));
}

TEST_CASE("a call without a verdict loses nothing, and is looked at again") {
  KeptCall world;
  const auto before = world.blob_count();
  world.pass(100);
  CHECK(world.round().calls.at(0).bar == RetentionBar::no_verdict);
  CHECK(world.blob_count() == before);
  world.judge();
  CHECK(world.round().looked_at == 0);
  world.pass(1);
  CHECK_FALSE(world.round().calls.at(0).acts.empty());
  CHECK(world.blob_count() == 3);
}

TEST_CASE("the numbers of a call that nobody answered go by the same rules") {
  KeptCall world;
  Call missed;
  missed.id = {"missed"};
  missed.phase = CallPhase::not_answered;
  missed.correlation_id = {"44444444-0000-4000-8000-000000000004"};
  missed.received_at = world.call.received_at;
  Changes changes;
  changes.calls.push_back(missed);
  changes.personal.push_back({.call = missed.id, .caller = "4:+15550777", .called = "x"});
  REQUIRE(world.wait(world.store.commit(std::move(changes))).has_value());
  world.pass(29);
  CHECK(world.round().calls.empty());

  world.pass(1);
  const auto report = world.round();

  // The other call has no verdict yet, and keeps its numbers.
  REQUIRE(report.calls.size() == 2);
  const auto done = std::ranges::find(report.calls, missed.id, &CallRetention::call);
  REQUIRE(done != report.calls.end());
  CHECK(done->bar == RetentionBar::none);
  REQUIRE(done->acts.size() == 1);
  CHECK(done->acts[0].kind == KeptKind::personal);
  CHECK_FALSE(world.wait(world.store.load_personal(missed.id)).has_value());
  CHECK(world.wait(world.store.load_personal(world.call.id)).has_value());
  const auto journal = world.wait(world.store.journal_of(missed.id));
  REQUIRE(journal->size() == 1);
  CHECK(journal->front().type == "retention carried out");
  CHECK(journal->front().detail.find("5550777") == std::string::npos);
  CHECK(world.round().looked_at == 0);
}

TEST_CASE("a hold beats the rules, marks the blobs, and its end lets the rules go on") {
  KeptCall world;
  world.judge();
  world.hold();
  const auto before = world.blob_count();
  world.pass(60);

  const auto held = world.round();

  CHECK(held.calls.at(0).bar == RetentionBar::held);
  CHECK(held.calls.at(0).tags == MarkOutcome::done);
  CHECK(held.calls.at(0).legal_hold == MarkOutcome::done);
  CHECK(world.blob_count() == before);
  CHECK(world.wait(world.blobs.tags({folder + "0-audiowav.wav"}))->at("hold") == "yes");
  CHECK_FALSE(world.wait(world.blobs.remove({folder + "0-audiowav.wav"})).has_value());
  CHECK(world.round().looked_at == 0);
  REQUIRE(
      world.wait(world.store.lift_hold({"h1"}, "x", world.runtime.clock().wall_now())).has_value());
  CHECK_FALSE(world.round().calls.at(0).acts.empty());
  CHECK(world.blob_count() == 3);
}

TEST_CASE("a hold that comes in mid-round saves what is left, and every row") {
  KeptCall world;
  world.judge();
  world.pass(60);
  world.hold_at(folder + "manifest-1.json");

  const auto cut = world.carry_out();

  CHECK(cut.bar == RetentionBar::held);
  CHECK_FALSE(world.has(folder + "0-audiowav.wav"));
  CHECK(world.has(folder + "manifest.json"));
  CHECK(world.has(folder + "second-copy-0.wav"));
  CHECK(world.wait(world.store.chunks_of(world.recording.id))->size() == 1);
  CHECK(world.wait(world.store.turns_of(world.call.id))->size() == 1);
  CHECK(world.wait(world.store.load_personal(world.call.id)).has_value());
  const auto journal = world.wait(world.store.journal_of(world.call.id));
  REQUIRE(journal->size() == 1);
  CHECK(journal->front().detail.find("manifests 1") != std::string::npos);
  // Due at once, to be marked.
  CHECK(world.round().calls.at(0).legal_hold == MarkOutcome::done);
  CHECK(world.wait(world.store.chunks_of(world.recording.id))->size() == 1);
}

TEST_CASE("a hold that comes after the last blob saves the rows") {
  KeptCall world({.rules = {rule(RetentionAction::remove, 30, {KeptKind::chunks})}});
  world.judge();
  world.pass(60);
  world.hold_at(folder + "second-copy-0.wav");

  const auto done = world.carry_out();

  CHECK(done.bar == RetentionBar::held);
  CHECK_FALSE(world.has(folder + "0-audiowav.wav"));
  CHECK(world.wait(world.store.chunks_of(world.recording.id))->size() == 1);
  const auto journal = world.wait(world.store.journal_of(world.call.id));
  REQUIRE(journal->size() == 1);
  CHECK(journal->front().detail.find("chunks 3") != std::string::npos);
}

TEST_CASE("where tags may not be written a hold holds all the same") {
  KeptCall world;
  world.judge();
  world.blobs.refuse_tags();
  world.hold();
  world.pass(60);
  const int asked_before = world.blobs.calls().taggings;
  const auto done = world.carry_out();
  CHECK(done.tags == MarkOutcome::not_permitted);
  CHECK(done.legal_hold == MarkOutcome::done);
  CHECK(world.blobs.calls().taggings == asked_before);
  CHECK(world.has(folder + "0-audiowav.wav"));
}

TEST_CASE("what arrives of a held call later is marked as well") {
  KeptCall world;
  world.hold();
  const auto pass = [&](Duration time) {
    world.runtime.clock().set_wall(world.runtime.clock().wall_now() + time);
  };
  const auto is_marked = [&](const std::string& name) {
    const auto tags = world.wait(world.blobs.tags({name}));
    return tags->contains("hold") && tags->at("hold") == "yes";
  };
  CHECK(world.round().calls.at(0).tags == MarkOutcome::done);
  world.put_blob(folder + "1-audiowav.wav", {1});
  CHECK(world.round().looked_at == 0);
  // Before the verdict something may come every hour, afterwards hardly.
  pass(1h);
  CHECK(world.round().looked_at == 1);
  CHECK(is_marked(folder + "1-audiowav.wav"));
  world.judge();
  pass(1h);
  CHECK(world.round().looked_at == 1);
  world.put_blob(folder + "merged-2-acs.wav", {1});
  pass(1h);
  CHECK(world.round().looked_at == 0);
  pass(23h);
  CHECK(world.round().looked_at == 1);
  CHECK(is_marked(folder + "merged-2-acs.wav"));
}

TEST_CASE("one blob that cannot be marked leaves none of the others bare, and is tried again") {
  KeptCall world;
  world.judge();
  world.hold();
  const std::string stubborn = folder + "0-acsmetadata.json";
  SUBCASE("refused for good") {
    world.watched.refused_tags[stubborn] = {.kind = ErrorKind::conflict, .message = "no"};
    const auto done = world.carry_out();
    CHECK(done.tags == MarkOutcome::partly);
    CHECK(done.next_at == world.runtime.clock().wall_now() + 1h);
  }
  SUBCASE("refused for now") {
    world.watched.refused_tags[stubborn] = {.kind = ErrorKind::unavailable, .message = "away"};
    CHECK(world.round().put_off == 1);
  }
  CHECK(world.wait(world.blobs.tags({witness + "tap-0.pcm"}))->at("hold") == "yes");
  CHECK_FALSE(world.wait(world.blobs.remove({stubborn})).has_value());
  world.watched.refused_tags.clear();
  world.runtime.clock().set_wall(world.runtime.clock().wall_now() + 1h);
  CHECK(world.round().calls.at(0).tags == MarkOutcome::done);
  CHECK(world.wait(world.blobs.tags({stubborn}))->at("hold") == "yes");
}

TEST_CASE("what happens to a call while its rules are carried out asks for another look") {
  KeptCall world({.rules = {rule(RetentionAction::remove, 30, {KeptKind::chunks})}});
  world.judge();
  world.pass(60);
  world.watched.before_removal = [&](const BlobName& gone) {
    Changes changes;
    if (gone.text == folder + "0-audiowav.wav")
      changes.verdicts.push_back({.call = world.call.id,
                                  .number = 2,
                                  .at = world.runtime.clock().wall_now(),
                                  .kind = VerdictKind::gapped});
    return world.store.commit(std::move(changes));
  };
  CHECK(world.carry_out().next_at == world.runtime.clock().wall_now());
  CHECK(world.wait(world.store.retention_due(world.runtime.clock().wall_now(), 9))->size() == 1);
}

TEST_CASE("what the storage refuses to delete stays findable, and is tried again") {
  KeptCall world;
  world.judge();
  REQUIRE(world.wait(world.blobs.set_legal_hold({folder + "0-audiowav.wav"}, true)).has_value());
  world.pass(31);
  const auto done = world.carry_out();
  const auto refused = [](const RetentionAct& act) { return !act.error.empty(); };
  CHECK(std::ranges::count_if(done.acts, refused) == 1);
  CHECK(done.next_at == world.runtime.clock().wall_now() + std::chrono::days(1));
  CHECK(world.wait(world.store.load_personal(world.call.id)).has_value());
  CHECK(world.wait(world.store.chunks_of(world.recording.id))->size() == 1);
}

TEST_CASE("a call of which something cannot be done is put off, and the others are done") {
  KeptCall world;
  world.judge();
  world.add_calls(3);
  world.pass(31);
  const Error away{.kind = ErrorKind::unavailable, .message = "away"};
  world.watched.refused_removals[folder + "0-audiowav.wav"] = away;

  const auto first = world.round();

  CHECK(first.looked_at == 4);
  CHECK(first.put_off == 1);
  CHECK(world.has(folder + "0-audiowav.wav"));
  CHECK(world.wait(world.store.chunks_of(world.recording.id))->size() == 1);
  // Tried again after a while, which grows.
  CHECK(world.round().looked_at == 0);
  const auto wait_minutes = [&](int count) {
    world.runtime.clock().set_wall(world.runtime.clock().wall_now() + std::chrono::minutes(count));
  };
  wait_minutes(10);
  CHECK(world.round().put_off == 1);
  wait_minutes(10);
  CHECK(world.round().looked_at == 0);
  wait_minutes(10);
  world.watched.refused_removals.clear();
  const auto last = world.round();
  CHECK(last.looked_at == 1);
  CHECK(last.put_off == 0);
  CHECK(world.blob_count() == 3);
}

TEST_CASE("a store that is away ends the round, and the next ones come to every call") {
  KeptCall world;
  world.judge();
  world.add_calls(5);
  world.pass(31);
  RetentionRounds rounds{world.services, world.keeper, {.failures_on_end_max = 2}};
  world.blobs.fail_next(1'000, Error{.kind = ErrorKind::unavailable, .message = "away"});
  CHECK_FALSE(world.wait(rounds.run_once(100)).has_value());
  CHECK(
      world.wait(world.store.retention_due(world.runtime.clock().wall_now() + 24h, 100))->size() ==
      2);
  world.blobs.fail_next(0, {});
  world.pass(1);
  auto round = world.wait(rounds.run_once(100));
  REQUIRE(round.has_value());
  CHECK(round->put_off == 0);
  CHECK(world.blob_count() == 3);
  CHECK(world.wait(rounds.run_once(100))->looked_at == 0);
}

TEST_CASE("a dry run says what would happen and touches nothing") {
  KeptCall world;
  world.judge();
  world.pass(31);
  const auto before = world.blob_count();
  auto plan = world.wait(world.rounds.plan(100));
  REQUIRE(plan.has_value());
  CHECK(plan->dry_run);
  REQUIRE(plan->calls.size() == 1);
  CHECK(plan->calls.at(0).acts.size() > 8);
  CHECK(world.blob_count() == before);
  CHECK(world.wait(world.store.journal_of(world.call.id))->empty());
  CHECK(world.round().calls.at(0).acts.size() == plan->calls.at(0).acts.size());
}

TEST_CASE("other rules are tried without those in force being touched") {
  KeptCall world;
  world.judge();
  world.pass(31);
  const auto before = world.blob_count();
  const auto other = parse_retention_rules(
      R"({"rules":[{"name":"soon","days":2,"action":"archive","objects":["chunks"]},)"
      R"({"name":"later","days":60,"action":"delete"}]})");
  REQUIRE(other.has_value());
  auto tried = world.wait(world.rounds.plan_under(*other, 100));
  REQUIRE(tried.has_value());
  CHECK(tried->dry_run);
  REQUIRE(tried->calls.size() == 1);
  REQUIRE_FALSE(tried->calls.at(0).acts.empty());
  for (const auto& act : tried->calls.at(0).acts) {
    CHECK(act.rule == "soon");
    CHECK(act.action == RetentionAction::archive);
  }
  CHECK(world.blob_count() == before);
  // The rules in force come to the call as if nothing had been asked.
  CHECK(world.round().calls.at(0).acts.size() > tried->calls.at(0).acts.size());
}

TEST_CASE("tiers follow one another, each call is looked at when its time has come") {
  KeptCall world({.rules = {rule(RetentionAction::cool, 10, {KeptKind::chunks, KeptKind::tap}),
                            rule(RetentionAction::archive, 20, {KeptKind::chunks})},
                  .tag_blobs = true});
  world.judge(VerdictKind::gapped);
  const auto tier = [&](const std::string& name) {
    return world.wait(world.blobs.info({name}))->tier;
  };
  world.pass(5);
  CHECK(world.round().looked_at == 1);
  const auto tags = world.wait(world.blobs.tags({witness + "tap-0.pcm"}));
  CHECK(tags->at("hold") == "no");
  CHECK(tags->at("kind") == "tap");
  CHECK(tags->at("verdict") == "gapped");
  CHECK(tags->at("line") == RetentionKeeper::line_tag("+15550199"));
  CHECK(world.round().looked_at == 0);
  world.pass(6);
  CHECK(world.round().looked_at == 1);
  CHECK(tier(folder + "0-audiowav.wav") == StorageTier::cool);
  CHECK(tier(witness + "tap-0.pcm") == StorageTier::cool);
  CHECK(tier(witness + "ledger-0.bin") == StorageTier::hot);
  world.pass(10);
  CHECK(world.round().looked_at == 1);
  CHECK(tier(folder + "0-audiowav.wav") == StorageTier::archive);
  CHECK(tier(witness + "tap-0.pcm") == StorageTier::cool);
}

TEST_CASE("archived audio is told so before a byte is sent, and can be brought back") {
  KeptCall world({.rules = {rule(RetentionAction::archive, 1, {KeptKind::chunks})}});
  world.judge();
  world.pass(2);
  CHECK_FALSE(world.carry_out().acts.empty());
  ByosChunkSource source{world.blobs,          world.store,    world.runtime.clock(),
                         world.inline_offload, world.counters, world.log};
  RecordingQueries queries{{world.store, source, world.blobs, world.spool}};

  auto audio = world.wait(queries.open_audio(world.recording.id, {}));

  REQUIRE_FALSE(audio.has_value());
  CHECK(is_archived(audio.error()));
  CHECK(audio.error().message.find("retention restore " + world.call.id.text) != std::string::npos);
  CHECK(is_archived(world.wait(queries.open_chunk(world.recording.id, {0})).error()));
  CHECK(is_archived(world.wait(queries.readable(world.call.id)).error()));
  // Audio, metadata and second copy.
  CHECK(*world.wait(world.keeper.restore(world.call.id)) == 3);
  auto waiting = world.wait(queries.open_audio(world.recording.id, {}));
  REQUIRE_FALSE(waiting.has_value());
  CHECK(waiting.error().message.find("on its way") != std::string::npos);
  world.blobs.finish_rehydration();
  CHECK(world.wait(queries.open_audio(world.recording.id, {})).has_value());
  CHECK(world.wait(world.keeper.restore(world.call.id)).error().kind == ErrorKind::conflict);
}

TEST_CASE("a round's cost is that of the calls it looks at, and it goes on where it ended") {
  KeptCall world;
  world.judge();
  Changes changes;
  for (int i = 0; i < 5; ++i) {
    Call other = world.call;
    other.id = {"other-" + std::to_string(i)};
    other.ring_key.clear();
    other.received_at += std::chrono::seconds(i + 1);
    changes.calls.push_back(other);
  }
  REQUIRE(world.wait(world.store.commit(std::move(changes))).has_value());
  world.pass(31);
  auto first = world.wait(world.rounds.run_once(4));
  REQUIRE(first.has_value());
  CHECK(first->looked_at == 4);
  CHECK(first->more);
  const int lists_before = world.blobs.calls().lists;
  auto second = world.wait(world.rounds.run_once(4));
  CHECK(second->looked_at == 2);
  CHECK_FALSE(second->more);
  CHECK(world.blobs.calls().lists - lists_before <= 4);
}

TEST_CASE("what was on its way from the spool to storage goes with the next look") {
  KeptCall world;
  world.judge();
  {
    const auto run = world.spool.start_run(world.call.id);
    CHECK(run->append(SpoolKind::tap, Bytes{1, 2}));
  }
  world.pass(31);
  world.round();
  CHECK(world.wait(world.spool.runs(world.call.id))->empty());
  CHECK(world.wait(world.store.load_personal(world.call.id)).has_value());
  world.put_blob(witness + "tap-1.pcm", {1});
  world.runtime.clock().set_wall(world.runtime.clock().wall_now() + std::chrono::hours(1));
  world.round();
  CHECK_FALSE(world.has(witness + "tap-1.pcm"));
  CHECK_FALSE(world.wait(world.store.load_personal(world.call.id)).has_value());
}

TEST_CASE("what was fetched while the recording's folder was not known is held and goes with it") {
  KeptCall world;
  world.judge();
  const auto fetched = fetched_folder(world.recording, world.call);
  REQUIRE(fetched != folder);
  world.put_blob(fetched + "second-copy-0.wav", {1, 2, 3});
  world.put_blob("elsewhere/second-copy-1.wav", {1, 2, 3});
  Changes changes;
  changes.file_locations.push_back({.recording = world.recording.id,
                                    .index = {1},
                                    .document_id = "d1",
                                    .content = "https://acs.example/1"});
  REQUIRE(world.wait(world.store.commit(std::move(changes))).has_value());
  FileFetch fetch{.recording = world.recording.id, .index = {1}, .state = FileState::fetched};
  fetch.audio.text = "elsewhere/second-copy-1.wav";
  REQUIRE(world.wait(world.store.save_fetch(std::move(fetch))).has_value());
  world.hold();

  world.carry_out();

  CHECK(world.wait(world.blobs.tags({fetched + "second-copy-0.wav"}))->at("hold") == "yes");
  CHECK(world.wait(world.blobs.tags({"elsewhere/second-copy-1.wav"}))->at("hold") == "yes");
  const auto now = world.runtime.clock().wall_now();
  REQUIRE(world.wait(world.store.lift_hold({"h1"}, "x", now)).has_value());
  world.pass(31);
  world.carry_out();
  CHECK_FALSE(world.has(fetched + "second-copy-0.wav"));
  CHECK_FALSE(world.has("elsewhere/second-copy-1.wav"));
}
