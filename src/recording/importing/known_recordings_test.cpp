// What an import must leave to a recording of ours that is not found yet.
#include "recording/importing/known_recordings.hpp"

#include "recording/testing/import_world.hpp"

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {
using World = ImportWorld;
}  // namespace

TEST_CASE("a recording of ours that is not found yet is not imported as somebody's") {
  World world;
  // Of the same caller and minute, under ids that nobody knows: its search has not got there yet.
  const std::string folder = "20260302/who-knows/some-guid/";
  const auto put = [&](const char* participant) {
    world.put_file(folder + "0-audiowav.wav", seconds_of_wav(2));
    world.put_file(folder + "0-acsmetadata.json",
                   World::metadata("2026-03-02T09:15:00.5Z", 40'000, 0, "x", participant));
  };
  SUBCASE("its caller takes part, and it is looked for") {
    put("4:+15550123");
    world.store_call();
    const auto id = world.ask("2026-03-02", "2026-03-02");
    CHECK(world.done(id).counts.known == 1);
  }
  SUBCASE("its call has not ended, as far as we know") {
    put("4:+15550123");
    world.recording.discovery = Discovery::not_started;
    world.recording.phase = RecordingPhase::active;
    world.recording.ended_at.reset();
    world.call.phase = CallPhase::connected;
    world.call.ended_at.reset();
    world.store_call();
    CHECK(world.run().counts.known == 1);
  }
  SUBCASE("its search is over, and found nothing: it begins again") {
    put("4:+15550123");
    world.recording.discovery = Discovery::missing;
    world.store_call();
    CHECK(world.run().counts.searched == 1);
    CHECK(world.searches() == 1);
  }
  SUBCASE("ACS told of its document, and of another caller") {
    put("4:+15550777");
    world.recording.discovery = Discovery::missing;
    world.store_call();
    Changes changes;
    FileLocation told{.recording = world.recording.id};
    told.content = "https://a.blob.core.windows.net/recordings/" + folder + "0-audiowav.wav";
    changes.file_locations.push_back(told);
    REQUIRE(world.wait(world.store.commit(std::move(changes))).has_value());
    CHECK(world.run().counts.searched == 1);
  }
  CHECK(world.recordings().size() == 1);
}

TEST_CASE("what may be a recording that is still looked for is left, with the reason") {
  World world;
  const std::string folder = "20260302/who-knows/some-guid/";
  std::string why;
  SUBCASE("nothing tells its caller") {
    world.put_file(folder + "0-audiowav.wav", seconds_of_wav(2));
    world.put_file(folder + "0-acsmetadata.json",
                   World::metadata("2026-03-02T09:15:00.5Z", 40'000, 0, "x", "8:acs:bot"));
    why = "nothing in the folder tells its caller";
  }
  SUBCASE("two of one caller overlap") {
    world.put_file(folder + "0-audiowav.wav", seconds_of_wav(2));
    world.put_file(folder + "0-acsmetadata.json",
                   World::metadata("2026-03-02T09:15:00.5Z", 40'000, 0, "x"));
    auto second = world.recording;
    second.id = {"second"};
    world.siblings = {second};
    why = "and 1 more";
  }
  world.store_call();
  const auto before = world.recordings().size();

  const auto id = world.ask("2026-03-02", "2026-03-02");
  const auto made = world.done(id);

  CHECK(made.counts.left == 1);
  CHECK(made.counts.adopted == 0);
  CHECK(world.recordings().size() == before);
  const auto items = world.items(id);
  REQUIRE(items.size() == 1);
  CHECK(items[0].outcome == ImportOutcome::left);
  CHECK(items[0].detail.find(why) != std::string::npos);
  CHECK(items[0].detail.find("import this date again") != std::string::npos);
  CHECK(items[0].detail.find("1555") == std::string::npos);

  // When nobody looks for them any more, it is a recording of its own.
  Changes changes;
  for (const auto& one : world.recordings())
    changes.discoveries.push_back(
        {.recording = one.id, .discovery = Discovery::missing, .folder = {}, .discovered_at = {}});
  REQUIRE(world.wait(world.store.commit(std::move(changes))).has_value());
  CHECK(world.run().counts.adopted == 1);
}

TEST_CASE("a recording of another caller or another time is nobody's, whatever is looked for") {
  World world;
  world.store_call();
  world.put_file("20260302/a/x/0-audiowav.wav", seconds_of_wav(2));
  world.put_file("20260302/a/x/0-acsmetadata.json",
                 World::metadata("2026-03-02T09:15:00.5Z", 2'000, 0, "x", "4:+15550777"));
  world.put_file("20260302/b/x/0-audiowav.wav", seconds_of_wav(2));
  world.put_file("20260302/b/x/0-acsmetadata.json",
                 World::metadata("2026-03-02T11:15:00.5Z", 2'000, 0, "x", "4:+15550123"));

  CHECK(world.run().counts.adopted == 2);
}
