#include "recording/importing/recording_importer.hpp"

#include "base/task_group.hpp"
#include "domain/imported_call.hpp"
#include "recording/chunk_name.hpp"
#include "recording/testing/import_world.hpp"

#include <algorithm>
#include <deque>
#include <variant>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {
using World = ImportWorld;
}  // namespace

TEST_CASE("what nobody knew is a recording of its own, with its chunks and an honest verdict") {
  World world;
  const std::string folder = "20260302/aHR0cHM6Ly9hcGk+eA==/eyJQbGF0-some-guid/";
  world.put_recording(folder);

  const auto made = world.run();

  CHECK(made.state == ImportState::done);
  CHECK(made.counts.adopted == 1);
  const auto recordings = world.recordings();
  REQUIRE(recordings.size() == 1);
  CHECK(recordings[0].id.text.starts_with("imported-"));
  CHECK(recordings[0].folder == folder);
  CHECK(recordings[0].active_at == at("2026-03-02T09:00:00Z"));
  CHECK(recordings[0].ended_at == at("2026-03-02T09:00:02Z"));
  const auto call = *world.wait(world.store.load_call(recordings[0].call));
  CHECK(is_imported(call));
  CHECK(call.phase == CallPhase::ended);
  CHECK(call.server_call_id.text == "aHR0cHM6Ly9hcGk+eA==");
  const auto chunks = *world.wait(world.store.chunks_of(recordings[0].id));
  REQUIRE(chunks.size() == 1);
  CHECK(chunks[0].data_bytes == 2 * 16'000 * 2);
  const auto verdict = world.verdict_of(folder);
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.by_acs);
  CHECK_FALSE(verdict.by_bridge);
  CHECK(verdict.has(FindingKind::uncorroborated));
  CHECK(verdict.has(FindingKind::ledger_lost));
  CHECK(verdict.has(FindingKind::not_examined));
  CHECK(world.alerts.raised.empty());
  // Nothing waits for its verdict, and nobody looks for more of it.
  CHECK(world.wait(world.store.unjudged_calls({.ended_before = at("2027-01-01T00:00:00Z")}))
            ->empty());
  CHECK(recordings[0].discovery == Discovery::found);
}

TEST_CASE("a folder that bears the recordingId gives it its name") {
  World world;
  // {"PlatformEndpointId":"1","ResourceSpecificId":"2"}
  const std::string id = "eyJQbGF0Zm9ybUVuZHBvaW50SWQiOiIxIiwiUmVzb3VyY2VTcGVjaWZpY0lkIjoiMiJ9";
  world.put_recording("20260302/call/" + id + "/");
  CHECK(world.run().counts.adopted == 1);
  CHECK(world.recordings().at(0).id.text == id);
}

TEST_CASE("a second import adopts nothing, reads no blob, and leaves all as it is") {
  World world;
  world.put_recording("20260302/c1/r1/");
  world.put_recording("20260303/c2/r2/");
  CHECK(world.run("2026-03-01", "2026-03-04").counts.adopted == 2);
  const auto before = world.recordings();
  world.container.reads = world.container.lists = 0;

  const auto again = world.run("2026-03-01", "2026-03-04");

  CHECK(again.counts.adopted == 0);
  CHECK(again.counts.known == 2);
  CHECK(world.container.reads == 0);
  CHECK(world.container.lists == 4);
  CHECK(again.requests == 4);
  CHECK(again.bytes_read == 0);
  CHECK(world.recordings() == before);
}

TEST_CASE("the cost grows with the recordings of the dates, and not with their audio") {
  const auto cost = [](int recordings, double seconds, int others) {
    World world;
    for (int i = 0; i < recordings; ++i)
      world.put_recording(fmt::format("20260302/call-{}/r/", i), seconds);
    // Of other dates, which nobody asked for.
    for (int i = 0; i < others; ++i)
      world.put_recording(fmt::format("20260201/call-{}/r/", i), 0.1);
    const auto made = world.run();
    CHECK(made.counts.adopted == static_cast<std::uint64_t>(recordings));
    CHECK(made.bytes_read == world.container.bytes_read);
    CHECK(made.requests ==
          static_cast<std::uint64_t>(world.container.reads + world.container.lists));
    return std::pair(made.requests, made.bytes_read);
  };
  const auto [requests, bytes] = cost(1, 30, 0);
  CHECK(requests == 3);  // the date, the metadata, the header
  CHECK(bytes < 80'000);
  CHECK(cost(1, 120, 200).first == requests);
  CHECK(cost(1, 120, 200).second <= bytes + 10);
  CHECK(cost(10, 30, 0).first == 1 + 10 * (requests - 1));
}

TEST_CASE("an import that was interrupted goes on where it was, and counts nothing twice") {
  World world(4);
  for (int i = 0; i < 9; ++i) world.put_recording(fmt::format("20260302/call-{}/r/", i), 0.1);
  const auto id = world.ask("2026-03-02", "2026-03-03");
  world.container.fail_list_at = 4;
  const auto outcome = world.attempt(id);
  REQUIRE(std::holds_alternative<JobRetry>(outcome));
  const auto half = *world.wait(world.imports.find(id));
  CHECK(half.state == ImportState::waiting);
  CHECK(half.attempts == 1);
  CHECK(half.counts.adopted == 5);
  CHECK_FALSE(half.marker.empty());

  world.container.markers.clear();
  const auto made = world.done(id);

  CHECK(world.container.markers.at(0) == half.marker);
  CHECK(made.counts.adopted == 9);
  CHECK(made.counts.known == 0);
  CHECK(world.recordings().size() == 9);
}

TEST_CASE("two imports at once adopt nothing twice") {
  World world;
  for (int i = 0; i < 3; ++i) world.put_recording(fmt::format("20260302/call-{}/r/", i), 0.1);
  const auto first = world.ask("2026-03-02", "2026-03-02");
  const auto second = world.ask("2026-03-01", "2026-03-02");
  RecordingImporter replica(world.services(), world.container, {});
  const auto one = [](RecordingImporter* importer, ImportId id) -> Task<void> {
    Job job{.kind = import_recordings_job, .subject = id.text};
    static_cast<void>(co_await importer->run(std::move(job)));
  };
  {
    TaskGroup both(world.runtime.executor(), world.runtime.clock(), world.log, "imports");
    both.spawn(one(&world.importer, first));
    both.spawn(one(&replica, second));
    world.runtime.run(both.join());
  }
  const auto a = *world.wait(world.imports.find(first));
  const auto b = *world.wait(world.imports.find(second));
  CHECK(a.state == ImportState::done);
  CHECK(b.state == ImportState::done);
  CHECK(a.counts.adopted + b.counts.adopted == 3);
  CHECK(a.counts.known + b.counts.known == 3);
  CHECK(world.recordings().size() == 3);
}

TEST_CASE("a dry run tells what it would do and changes nothing") {
  World world;
  world.put_recording("20260302/c1/r1/");
  const auto id = world.ask("2026-03-02", "2026-03-02", true);
  const auto made = world.done(id);
  CHECK(made.counts.adopted == 1);
  CHECK(world.items(id).at(0).detail == "complete; metadata_swapped (0)");
  CHECK(world.recordings().empty());
  CHECK(world.run().counts.adopted == 1);
}

TEST_CASE("a recording of ours is left alone, however its folder is named") {
  World world;
  world.recording.discovery = Discovery::found;
  world.store_call();
  SUBCASE("by the recordingId") {
    world.put_recording("20260302/x/" + world.recording.id.text + "/");
  }
  SUBCASE("by the call's id") {
    world.put_recording("20260302/" + world.call.server_call_id.text + "/some-guid/");
  }
  SUBCASE("by the call's id, percent-encoded") {
    world.put_recording("20260302/" + percent_encoded(world.call.server_call_id.text) + "/guid/");
  }
  SUBCASE("by the correlation id in the path") {
    world.put_recording("20260302/" + world.call.correlation_id.text + "/some-guid/");
  }
  SUBCASE("by the metadata's call") {
    world.put_recording("20260302/x/some-guid/", 2, world.call.connection_id.text);
  }
  Changes changes;
  changes.chunks.push_back(
      {.recording = world.recording.id, .index = {0}, .audio = {"elsewhere"}, .data_bytes = 9});
  REQUIRE(world.wait(world.store.commit(std::move(changes))).has_value());

  const auto made = world.run();

  CHECK(made.counts.known == 1);
  CHECK(made.counts.adopted == 0);
  CHECK(world.recordings().size() == 1);
  CHECK(world.searches() == 0);
}

TEST_CASE("a chunk of ours that the database lacks has its recording looked for again") {
  World world;
  world.recording.discovery = Discovery::missing;
  world.store_call();
  world.put_recording("20260302/" + world.call.server_call_id.text + "/some-guid/");

  const auto made = world.run();

  CHECK(made.counts.searched == 1);
  CHECK(world.recordings().size() == 1);
  CHECK(world.searches() == 1);
}

TEST_CASE("what cannot be adopted is named with its reason, and takes nothing else with it") {
  World world;
  world.put_recording("20260302/good/r/");
  world.put_file("20260302/empty/r/0-audiowav.wav", Bytes{});
  world.put_file("20260302/metadata-only/r/0-acsmetadata.json",
                 World::metadata("2026-03-02T09:00:00Z", 1'000));
  world.put_file("20260302/hostile/r/0-audiowav.wav", std::string_view("RIFF, and nothing of it"));
  world.put_file("20260302/video/r/0-video.mp4", std::string_view("moov"));
  world.put_recording("20260302/");
  world.put_file("20260302/readme.txt", std::string_view("no recording"));
  world.put_recording("20260302/archived/r/");
  world.container.archived_name = "20260302/archived/r/0-audiowav.wav";

  const auto id = world.ask("2026-03-02", "2026-03-02");
  const auto made = world.done(id);

  CHECK(made.counts.adopted == 1);
  CHECK(made.counts.refused == 6);
  CHECK(made.other_blobs == 1);
  std::map<std::string, std::string> why;
  for (const auto& item : world.items(id))
    if (item.outcome == ImportOutcome::refused) why[item.folder] = item.detail;
  CHECK(why["20260302/empty/r/"].ends_with("chunk 0: it is empty"));
  CHECK(why["20260302/metadata-only/r/"].ends_with("only its metadata is there"));
  CHECK(why["20260302/hostile/r/"].starts_with("it holds no audio that can be read: chunk 0: "));
  CHECK(why["20260302/video/r/"].ends_with("its format is not supported"));
  CHECK(why["20260302/"].find("in the date's folder itself") != std::string::npos);
  CHECK(why["20260302/archived/r/"].find("the blob is archived") != std::string::npos);
  CHECK(world.alerts.raised.empty());
}

TEST_CASE("metadata that is missing, torn, huge or another recording's costs its word alone") {
  World world;
  const std::string folder = "20260302/call/r/";
  world.put_file(folder + "0-audiowav.wav", seconds_of_wav(2));
  std::string said;
  SUBCASE("missing") { said = "metadata_missing"; }
  SUBCASE("torn") {
    world.put_file(folder + "0-acsmetadata.json", std::string_view(R"({"callId":"c","chunkSt)"));
    said = "metadata_missing";
  }
  SUBCASE("huge") {
    world.put_file(folder + "0-acsmetadata.json", Bytes(3 << 20, ' '));
    said = "metadata_missing";
  }
  SUBCASE("of another year") {
    world.put_file(folder + "0-acsmetadata.json", World::metadata("2024-01-01T00:00:00Z", 2'000));
    said = "metadata tells its time";
  }
  SUBCASE("of another index") {
    world.put_file(folder + "0-acsmetadata.json",
                   World::metadata("2026-03-02T09:00:00Z", 2'000, 7));
    said = "metadata_contradicts";
  }
  const auto id = world.ask("2026-03-02", "2026-03-02");
  const auto made = world.done(id);
  CHECK(made.counts.adopted == 1);
  CHECK(made.bytes_read < (2 << 20));
  CHECK(world.items(id).at(0).detail.find(said) != std::string::npos);
  const auto recording = world.recordings().at(0);
  CHECK(*recording.ended_at - *recording.active_at == 2s);
  // Its files' time, which is that of this test's clock, is not of that date.
  CHECK(to_compact_date(*recording.active_at).starts_with("202603"));
}

TEST_CASE("an index that is missing at the front, in the middle or torn makes a gap") {
  World world;
  const std::string folder = "20260302/call/r/";
  const auto put_chunk = [&](int index, const char* start, double seconds, int told_ms) {
    world.put_file(fmt::format("{}{}-audiowav.wav", folder, index), seconds_of_wav(seconds));
    world.put_file(fmt::format("{}{}-acsmetadata.json", folder, index),
                   World::metadata(start, told_ms, index));
  };
  SUBCASE("front") { put_chunk(1, "2026-03-02T09:00:02Z", 2, 2'000); }
  SUBCASE("middle") {
    put_chunk(0, "2026-03-02T09:00:00Z", 2, 2'000);
    put_chunk(2, "2026-03-02T09:00:04Z", 2, 2'000);
  }
  SUBCASE("torn") {
    put_chunk(0, "2026-03-02T09:00:00Z", 2, 4'000);
    put_chunk(1, "2026-03-02T09:00:04Z", 2, 2'000);
  }
  CHECK(world.run().counts.adopted == 1);
  CHECK(world.verdict_of(folder).kind == VerdictKind::gapped);
  CHECK(world.alerts.raised.empty());
}

TEST_CASE("a chunk that comes after the import makes another verdict") {
  World world;
  const std::string folder = "20260302/call/r/";
  world.put_recording(folder);
  CHECK(world.run().counts.adopted == 1);
  world.put_file(folder + "1-audiowav.wav", seconds_of_wav(3));
  world.put_file(folder + "1-acsmetadata.json",
                 World::metadata("2026-03-02T09:00:02Z", 3'000, 1, "c"));

  CHECK(world.run().counts.updated == 1);
  const auto verdict = world.verdict_of(folder);
  CHECK(verdict.number == 2);
  CHECK(verdict.numbers.present == 5s);
  CHECK(world.recordings().size() == 1);
  CHECK(world.run().counts.known == 1);
}

TEST_CASE("the same chunks, exported a second time, are no second recording") {
  World world;
  const auto put_export = [&](const std::string& folder) {
    world.put_file(folder + "0-audiowav.0-weu-d1-abc.wav", seconds_of_wav(2));
    world.put_file(folder + "0-acsmetadata.0-weu-d1-abc.json",
                   World::metadata("2026-03-02T09:00:00Z", 2'000));
  };
  put_export("20260302/call/first/");
  put_export("20260302/call/second/");
  const auto made = world.run();
  CHECK(made.counts.adopted == 1);
  CHECK(made.counts.known == 1);
  CHECK(world.recordings().size() == 1);
}

TEST_CASE("dates are checked, and the same import is not asked for twice") {
  World world;
  const auto day = [](const char* text) { return at(std::string(text) + "T10:00:00Z"); };
  const auto fault = [&](ImportRequest wanted) {
    auto asked = world.wait(world.imports.request(wanted));
    REQUIRE_FALSE(asked.has_value());
    return asked.error().message;
  };
  CHECK(fault({.from = day("2026-03-06"), .to = {}}).find("future") != std::string::npos);
  CHECK(fault({.from = day("2026-03-02"), .to = day("2026-03-01")}) == "to lies before from");
  CHECK(fault({.from = day("1990-01-01"), .to = {}}).find("in parts") != std::string::npos);
  const auto asked = world.wait(world.imports.request({.from = day("2026-03-02"), .to = {}}));
  REQUIRE(asked.has_value());
  CHECK(asked->is_new);
  CHECK(to_compact_date(asked->made.to) == "20260305");
  const auto again = world.wait(world.imports.request({.from = day("2026-03-02"), .to = {}}));
  CHECK_FALSE(again->is_new);
  CHECK(again->made.id == asked->made.id);
  for (int i = 1; i <= 4; ++i)
    REQUIRE(world
                .wait(world.imports.request(
                    {.from = day("2026-02-01"), .to = day("2026-02-01") + std::chrono::days(i)}))
                .has_value());
  auto refused = world.wait(world.imports.request({.from = day("2026-01-01"), .to = {}}));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().status == 429);
}

namespace {

const std::string call_guid = "1d2c3b4a-0000-4000-8000-000000000041";

}  // namespace

TEST_CASE("two recordings that name the same call are one call with two recordings") {
  World world;
  const std::string first = "20260302/aHR0cHM6Ly9hcGk+eA==/r1/";
  std::string second = "20260302/aHR0cHM6Ly9hcGk+eA==/r2/";
  std::string guid = call_guid;
  SUBCASE("by metadata and path") {}
  SUBCASE("by metadata alone, in another case") { second = "20260302/c3RyYW5nZSBvbmU=/r2/"; }
  SUBCASE("by the path alone") { guid = "no-guid"; }
  world.put_recording(first, 2, guid);
  world.put_file(second + "0-audiowav.wav", seconds_of_wav(3));
  std::string spelled = guid;
  for (char& c : spelled)
    if (c == 'd') c = 'D';
  world.put_file(second + "0-acsmetadata.json",
                 World::metadata("2026-03-02T09:00:10Z", 3'000, 0, spelled));

  const auto id = world.ask("2026-03-02", "2026-03-02");
  const auto made = world.done(id);

  CHECK(made.counts.adopted == 2);
  const auto recordings = world.recordings();
  REQUIRE(recordings.size() == 2);
  CHECK(recordings[0].call == recordings[1].call);
  const auto call = *world.wait(world.store.load_call(recordings[0].call));
  CHECK(call.received_at == at("2026-03-02T09:00:00Z"));
  CHECK(call.ended_at == at("2026-03-02T09:00:13Z"));
  CHECK(call.recording_id == imported_recording_id(second));
  const auto verdict = world.wait(world.store.verdict_of(call.id, std::nullopt));
  REQUIRE(verdict->has_value());
  CHECK((*verdict)->number == 2);
  CHECK((*verdict)->numbers.recordings == 2);
  CHECK((*verdict)->numbers.present == 5s);
  CHECK((*verdict)->numbers.lost == 8s);
  CHECK((*verdict)->has(FindingKind::several_recordings));
  CHECK_FALSE((*verdict)->corroborated());
  const auto told = world.items(id);
  CHECK(std::ranges::count_if(told, [](const ImportItem& item) {
          return item.detail.find("one of 2 recordings") != std::string::npos;
        }) == 1);
  CHECK(world.run().counts.known == 2);
}

TEST_CASE("an earlier recording that is found later begins its call, and one's loss stays told") {
  World world;
  const std::string late = "20260303/aHR0cHM6Ly9hcGk+eA==/r2/";
  world.put_recording(late, 2, call_guid);
  // Torn: its metadata tells of 4 s.
  world.put_file(late + "0-acsmetadata.json",
                 World::metadata("2026-03-03T09:00:00Z", 4'000, 0, call_guid));
  CHECK(world.run("2026-03-03", "2026-03-03").counts.adopted == 1);
  const std::string early = "20260302/aHR0cHM6Ly9hcGk+eA==/r1/";
  world.put_file(early + "0-audiowav.wav", seconds_of_wav(2));
  world.put_file(early + "0-acsmetadata.json",
                 World::metadata("2026-03-03T08:59:58Z", 2'000, 0, call_guid));

  CHECK(world.run("2026-03-02", "2026-03-02").counts.adopted == 1);

  const auto call = *world.wait(world.store.load_call(imported_call_id_of(call_guid)));
  CHECK(call.received_at == at("2026-03-03T08:59:58Z"));
  CHECK(call.recording_id == imported_recording_id(late));
  const auto verdict = world.wait(world.store.verdict_of(call.id, std::nullopt));
  REQUIRE(verdict->has_value());
  CHECK((*verdict)->numbers.present == 4s);
  CHECK((*verdict)->kind == VerdictKind::truncated);
}

TEST_CASE("recordings whose metadata names two calls are two calls, whatever their folder") {
  World world;
  world.put_recording("20260302/aHR0cHM6Ly9hcGk+eA==/r1/", 2, call_guid);
  world.put_recording("20260302/aHR0cHM6Ly9hcGk+eA==/r2/", 2,
                      "9d6a6a0e-5e0b-4a3b-9c1d-0123456789ab");
  CHECK(world.run().counts.adopted == 2);
  const auto recordings = world.recordings();
  REQUIRE(recordings.size() == 2);
  CHECK(recordings[0].call != recordings[1].call);
}

TEST_CASE("rows of imports of long ago go when another one is asked for") {
  World world;
  world.put_recording("20260302/c1/r1/");
  const auto old = world.ask("2026-03-02", "2026-03-02");
  CHECK(world.done(old).counts.adopted == 1);
  world.runtime.clock().set_wall(world.runtime.clock().wall_now() + std::chrono::days(89));
  world.ask("2026-03-03", "2026-03-03");
  CHECK(world.wait(world.imports.find(old)).has_value());

  world.runtime.clock().set_wall(world.runtime.clock().wall_now() + std::chrono::days(2));
  world.ask("2026-03-04", "2026-03-04");

  CHECK(world.wait(world.imports.find(old)).error().kind == ErrorKind::not_found);
  CHECK(world.items(old).empty());
  CHECK(world.wait(world.imports.list(10))->size() == 2);
  CHECK(world.recordings().size() == 1);
}

TEST_CASE("an imported call is found by its caller, also one that was imported without a number") {
  World world;
  const std::string folder = "20260302/c/some-guid/";
  world.put_recording(folder);
  const auto call = imported_call_id(folder);
  const std::vector<ContextId> found{call};
  const auto of_caller = [&] {
    return *world.wait(world.store.calls_of_caller("4:+15550123", 10));
  };

  world.run();
  CHECK(of_caller() == found);

  // As it was left by a version that stored none.
  const RetentionOutcome forgotten{.call = call, .rows = {.personal = true}};
  REQUIRE(world.wait(world.store.settle_retention(forgotten)).has_value());
  CHECK(of_caller().empty());
  const auto again = world.run();
  CHECK(again.counts.known == 1);
  CHECK(of_caller() == found);
  CHECK(world.verdict_of(folder).number == 1);
}

TEST_CASE("what arrives of an imported call after its erasure is not adopted again") {
  World world;
  const std::string folder = "20260302/c/some-guid/";
  world.put_recording(folder);
  world.run();
  const auto call = imported_call_id(folder);
  Erasure erasure{.id = {"e1"}, .at = at("2026-03-03T00:00:00Z"), .finished_at = {}};
  erasure.calls.push_back({.call = call});
  REQUIRE(world.wait(world.store.add_erasure(erasure, {.kind = "e"})).has_value());
  const RowRemoval rows{.chunks = true, .merges = true, .texts = true, .personal = true};
  const ErasedCall erased{.call = call, .state = ErasureState::erased};
  REQUIRE(world.wait(world.store.save_erased_call({"e1"}, erased, rows)).has_value());

  const auto made = world.run();

  CHECK(made.counts.refused == 1);
  const auto item = world.items(made.id).at(0);
  CHECK(item.detail.find("erased") != std::string::npos);
  CHECK(world.wait(world.store.chunks_of(imported_recording_id(folder)))->empty());
}
