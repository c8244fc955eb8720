// Service-managed recording, from configuration to playing: ACS keeps the files, tells where they
// are by one event, and forgets them after a day.
#include "net/http_server.hpp"
#include "net/router.hpp"
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

Task<net::HttpResponse> plain_ok() { co_return net::HttpResponse{.status = 200}; }

CallPlan one_turn() {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 0, 6));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 90s;
  return plan;
}

WorldOptions managed(AcsOptions acs = {.chunk_length = 5s}) {
  return {
      .acs = std::move(acs), .voice_live = {}, .environment = {{"RECORDING_USE_BYOS", "false"}}};
}

bool was_alerted(const World& world, const std::string& kind) {
  return std::ranges::any_of(world.log.lines(), [&](const auto& line) {
    return line.find("alert:") != std::string::npos && line.find(kind) != std::string::npos;
  });
}

// That the recording as played has every tone the caller said, once and in order.
void check_played(World& world, const CallReport& report) {
  const Reply reply = world.recording_audio();
  REQUIRE(reply.status == 200);
  const StoredSound sound = read_wav(reply.body);
  CHECK(static_cast<double>(sound.samples.size()) / sound.rate_hz ==
        doctest::Approx(seconds(report.recordings[0].length)).epsilon(0.001));
  const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  REQUIRE(heard.size() == 6);
  for (unsigned i = 0; i < 6; ++i) CHECK(heard[i].number == i);
}

boost::json::array files_of(World& world) {
  const std::string id = World::text(world.recordings().front().as_object(), "recordingId");
  const Reply reply = world.api("/api/v1/recordings/" + id + "/files");
  REQUIRE(reply.status == 200);
  return reply.json().at("files").as_array();
}

Reply replay(World& world, const std::string& events, const std::string& key = World::api_key) {
  net::HttpCall call{.method = "POST",
                     .url = std::string(World::service_url) + "/api/v1/events/replay",
                     .body = events};
  call.headers.set("Authorization", "Bearer " + key);
  call.headers.set("Content-Type", "application/json");
  return world.request(std::move(call));
}

}  // namespace

TEST_CASE("a service-managed recording is fetched, found and played from our own store") {
  World world(managed());
  const CallReport report = world.call(one_turn());
  REQUIRE(report.outcome == CallOutcome::completed);
  REQUIRE(report.recordings.size() == 1);
  CHECK(report.recordings[0].chunks.size() >= 2);
  CHECK(report.recordings[0].chunks[0].audio_name.empty());  // nothing was exported
  world.wait_until_found();

  check_played(world, report);
  CHECK_FALSE(was_alerted(world, "file_event_missing"));
  SUBCASE("and a day later, when ACS has nothing any more") {
    world.runtime.advance(25h);
    check_played(world, report);
    CHECK_FALSE(was_alerted(world, "service_copy"));
  }
}

TEST_CASE("ACS's copy is deleted when that is configured, once ours was read back") {
  auto options = managed();
  bool wanted = false;
  SUBCASE("kept by default") {}
  SUBCASE("deleted") {
    wanted = true;
    options.environment["RECORDING_DELETE_AT_ACS"] = "true";
  }
  World world(std::move(options));
  const CallReport report = world.call(one_turn());
  world.wait_until_found();
  for (const auto& file : files_of(world)) {
    CHECK(World::text(file.as_object(), "state") == "fetched");
    CHECK(file.at("deletedAt").is_null() == !wanted);
    CHECK(file.at("hoursLeft").to_number<double>() > 23.9);
    CHECK(file.at("hoursLeft").to_number<double>() <= 24);
  }
  check_played(world, report);
}

TEST_CASE("a first download of 0 bytes, and errors, only delay a service-managed recording") {
  AcsOptions acs{.chunk_length = 5s};
  for (const char* fault : {"storage.get:drop,times=3", "storage.get:status=500,skip=6,times=4"})
    acs.faults.push_back(*parse_fault(fault));
  World world(managed(std::move(acs)));
  const CallReport report = world.call(one_turn());
  world.wait_until_found();
  check_played(world, report);
}

TEST_CASE("a lost file event is an alarm, and its replay mends the recording") {
  AcsOptions acs{.chunk_length = 5s};
  acs.faults.push_back(*parse_fault("event_grid.RecordingFileStatusUpdated:drop"));
  World world(managed(std::move(acs)));
  const CallReport report = world.call(one_turn());
  REQUIRE(world.acs->dead_letters().size() == 1);
  world.runtime.advance(14min);
  CHECK_FALSE(was_alerted(world, "file_event_missing"));
  world.runtime.advance(2min);
  CHECK(was_alerted(world, "file_event_missing"));
  CHECK_FALSE(was_alerted(world, "recording_late"));
  CHECK(World::text(world.recordings().front().as_object(), "discovery") == "searching");
  const std::string letters = world.acs->dead_letters().front();

  CHECK(replay(world, letters, "a-wrong-key-000000").status == 401);
  const Reply replayed = replay(world, letters);
  REQUIRE(replayed.status == 200);
  CHECK(replayed.json().at("stored").as_int64() == 1);
  world.wait_until_found();
  check_played(world, report);

  const Reply again = replay(world, letters);
  REQUIRE(again.status == 200);
  CHECK(again.json().at("stored").as_int64() == 0);
  CHECK(again.json().at("duplicate").as_int64() == 1);
}

TEST_CASE("the dead-letter container is read when it is configured") {
  AcsOptions acs{.chunk_length = 60s};
  acs.faults.push_back(*parse_fault("event_grid.RecordingFileStatusUpdated:drop"));
  auto options = managed(std::move(acs));
  options.environment["EVENT_GRID_DEAD_LETTER_CONTAINER"] = "dead-letters";
  World world(std::move(options));
  const CallReport report = world.call(one_turn());
  const auto folder = world.directory.path() / "dead-letters/topic/sub/2026/3/2/9";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "letter.json") << world.acs->dead_letters().front();
  world.wait_until_found();
  check_played(world, report);
}

TEST_CASE("a redirect to a foreign host is refused, and no signature leaves for it") {
  AcsOptions acs{.chunk_length = 60s};
  acs.faults.push_back(*parse_fault("storage.get:redirect=http://127.0.0.1:9999,times=4"));
  World world(managed(std::move(acs)));
  int knocks = 0;
  net::Router router;
  router.set_fallback([&knocks](net::HttpRequest) {
    ++knocks;
    return plain_ok();
  });
  Counters counters;
  auto foreign =
      net::start_http_server(world.network, world.runtime.executor(), world.runtime.clock(),
                             world.log, counters, router, {.address = "127.0.0.1", .port = 9999});
  REQUIRE(foreign.has_value());

  const CallReport report = world.call(one_turn());
  world.runtime.advance(30s);
  CHECK(was_alerted(world, "recording_download_refused"));
  CHECK(knocks == 0);
  // The redirects were a passing thing.
  world.wait_until_found();
  check_played(world, report);
  CHECK(knocks == 0);
  world.runtime.run((*foreign)->stop(world.runtime.clock().steady_now()));
}

TEST_CASE("a recording whose event never comes expires at ACS, and that is told") {
  AcsOptions acs{.chunk_length = 60s};
  acs.faults.push_back(*parse_fault("event_grid.RecordingFileStatusUpdated:drop"));
  World world(managed(std::move(acs)));
  world.call(one_turn());
  world.runtime.advance(13h);
  CHECK(was_alerted(world, "service_copy_expiring"));
  CHECK_FALSE(was_alerted(world, "service_copy_expired"));
  world.runtime.advance(12h);
  CHECK(was_alerted(world, "service_copy_expired"));
  // Too late: the locations are known, and nothing is there.
  REQUIRE(replay(world, world.acs->dead_letters().front()).status == 200);
  world.runtime.advance(1h);
  CHECK(World::text(world.recordings().front().as_object(), "discovery") == "missing");
}

TEST_CASE("of a chunk that is missing or torn in the customer's container ACS's copy is kept too") {
  AcsOptions acs{.chunk_length = 5s};
  acs.files.missing_chunks = "1";
  acs.files.torn_chunks = "0";
  World world({.acs = std::move(acs), .voice_live = {}, .environment = {}});
  const CallReport report = world.call(one_turn());
  REQUIRE(report.recordings[0].chunks.size() >= 3);
  world.runtime.advance(10min);

  const auto files = files_of(world);
  REQUIRE(files.size() == report.recordings[0].chunks.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    CAPTURE(i);
    const auto& file = files[i].as_object();
    CHECK(World::text(file, "state") == (i < 2 ? "fetched" : "not_needed"));
    CHECK(file.at("chunkIndex").as_int64() == static_cast<std::int64_t>(i));
    if (i < 2) {
      CHECK(World::text(file, "audio").ends_with(fmt::format("/second-copy-{}.wav", i)));
      CHECK(file.at("bytes").as_int64() ==
            static_cast<std::int64_t>(report.recordings[0].chunks[i].bytes));
    }
  }
}

TEST_CASE("what is mended from ACS's second copy is to be heard, every tone of it") {
  AcsOptions acs{.chunk_length = 5s};
  acs.files.missing_chunks = "1";
  World world({.acs = std::move(acs), .voice_live = {}, .environment = {{"TAP_ENABLED", "false"}}});
  const CallReport report = world.call(one_turn());
  REQUIRE(report.recordings[0].chunks.size() >= 3);
  world.runtime.advance(20min);
  const Reply timeline = world.api("/api/v1/calls/" + world.newest_call_id() + "/timeline");
  CAPTURE(timeline.body);
  REQUIRE(timeline.body.find("acs_second_copy") != std::string::npos);
  const Reply audio =
      world.api("/api/v1/calls/" + world.newest_call_id() + "/audio?source=repaired");
  REQUIRE(audio.status == 200);
  const StoredSound sound = read_wav(audio.body);
  const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  REQUIRE(heard.size() == 6);
  for (unsigned i = 0; i < heard.size(); ++i) CHECK(heard[i].number == i);
}

TEST_CASE("a chunk of no bytes is a gap that ACS's second copy mends, every tone of it") {
  World world({.acs = {.chunk_length = 5s}, .environment = {{"TAP_ENABLED", "false"}}});
  CallPlan plan = one_turn();
  plan.recording.chunks = {{.kind = ChunkTroubleKind::empty, .index = 1}};
  const CallReport report = world.call(std::move(plan));
  REQUIRE(report.recordings[0].chunks.size() >= 3);
  const auto verdict = world.verdict();
  CHECK(World::text(verdict, "kind") == "gapped");
  const auto& gaps = verdict.at("gaps").as_array();
  const auto lost = std::ranges::find_if(
      gaps, [](const boost::json::value& gap) { return gap.at("counts").as_bool(); });
  REQUIRE(lost != gaps.end());
  CHECK(World::text(lost->as_object(), "cause") == "chunk_empty");
  CHECK(lost->at("repaired").as_bool());
  CHECK(verdict.at("repairedSeconds").to_number<double>() == doctest::Approx(5).epsilon(0.01));

  const Reply audio =
      world.api("/api/v1/calls/" + world.newest_call_id() + "/audio?source=repaired");
  REQUIRE(audio.status == 200);
  const StoredSound sound = read_wav(audio.body);
  const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  REQUIRE(heard.size() == 6);
  for (unsigned i = 0; i < heard.size(); ++i) CHECK(heard[i].number == i);
}
