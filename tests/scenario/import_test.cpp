// Recordings that the database has never seen, adopted from the container that they lie in.
#include "base/crypto.hpp"
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

CallPlan short_call() {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 100, 6));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 60s;
  return plan;
}

struct ImportWorld : World {
  using World::World;
  Reply post(const std::string& path, const std::string& body) {
    net::HttpCall call{.method = "POST", .url = service_url + path};
    call.headers.set("Authorization", std::string("Bearer ") + api_key);
    call.body = body;
    return request(std::move(call));
  }
  // Everything that lies there, of any date; as it is when it is over.
  boost::json::object import_all() {
    const Reply asked =
        post("/api/v1/imports",
             fmt::format(R"({{"from":"{}"}})",
                         to_compact_date(runtime.clock().wall_now() - std::chrono::days(2))));
    REQUIRE(asked.status == 202);
    const std::string path(asked.headers.get("Location"));
    wait_until([&] { return text(api(path).json().as_object(), "state") == "done"; });
    return api(path).json().as_object();
  }
  // The same container, and a database that has seen nothing.
  void lose_database() {
    stop_service();
    set_data_dir(directory.path() / "another");
    start_service();
    REQUIRE(recordings().empty());
  }
  static std::int64_t number(const boost::json::object& object, const char* name) {
    return object.at(name).to_number<std::int64_t>();
  }
};

}  // namespace

TEST_CASE("recordings of a lost database are imported, and sound as they did") {
  AcsOptions acs{.chunk_length = 6s};
  SUBCASE("in folders as the field has seen them") {}
  SUBCASE("in folders as they are documented") {
    acs.files.document_id_in_name = true;
    acs.files.call_id_segment = true;
    acs.files.folder = RecordingFolder::prefix_and_guid;
  }
  ImportWorld world({.acs = acs});
  const auto report = world.call(short_call());
  REQUIRE(report.outcome == CallOutcome::completed);
  world.wait_until_found();
  const auto before = world.recording(report.recordings.at(0).recording_id);
  const std::string heard = world.recording_audio().body;
  REQUIRE(report.recordings.at(0).chunks.size() >= 2);
  // What is known is left alone.
  CHECK(world.number(world.import_all(), "known") == 1);
  CHECK(world.recordings().size() == 1);

  world.lose_database();
  const auto made = world.import_all();

  CHECK(world.number(made, "adopted") == 1);
  CHECK(world.number(made, "refused") == 0);
  CHECK(world.number(made, "bytesRead") < static_cast<std::int64_t>(heard.size()) / 2);
  REQUIRE(world.recordings().size() == 1);
  const auto after = world.recordings().at(0).as_object();
  CHECK(after.at("chunks").as_array().size() == before.at("chunks").as_array().size());
  CHECK(after.at("durationSeconds") == before.at("durationSeconds"));
  CHECK(world.recording_audio(World::text(after, "recordingId")).body == heard);
  const auto call = world.newest_call();
  CHECK(call.at("imported").as_bool());
  const auto verdict = world.api("/api/v1/calls/" + world.newest_call_id() + "/verdict");
  REQUIRE(verdict.status == 200);
  CHECK(verdict.body.find("no bridge heard it") != std::string::npos);
  CHECK_FALSE(call.at("verdict").as_object().at("corroborated").as_bool());

  CHECK(world.number(world.import_all(), "adopted") == 0);
  CHECK(world.recordings().size() == 1);
  // Long after, nobody waits for anything of it, and nothing is told.
  world.runtime.advance(3h);
  CHECK(world.api("/api/v1/alerts").json().at("alerts").as_array().empty());
  CHECK(world.post("/api/v1/calls/" + world.newest_call_id() + "/hang-up", "").status == 409);
}

TEST_CASE("an imported recording gets its manifest when it is asked for, on ACS's word alone") {
  ImportWorld world;
  const auto report = world.call(short_call());
  REQUIRE(report.outcome == CallOutcome::completed);
  static_cast<void>(world.verdict());
  const std::string heard = world.recording_audio().body;
  // The manifest of its first life would be taken for the new one's.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.directory.path()))
    if (entry.path().filename().string().starts_with("manifest"))
      std::filesystem::remove(entry.path());
  world.lose_database();
  CHECK(world.number(world.import_all(), "adopted") == 1);
  const auto recording = World::text(world.recordings().at(0).as_object(), "recordingId");
  const auto path = "/api/v1/recordings/" + recording + "/manifest";
  CHECK(world.api(path).status == 404);
  const auto call = world.newest_call_id();
  const auto verdict = world.api("/api/v1/calls/" + call + "/verdict").body;

  CHECK(world.post("/api/v1/calls/" + call + "/verify", "").status == 202);
  world.wait_until([&] { return world.api(path).status == 200; });

  const auto manifest = world.api(path).json().as_object();
  CHECK(manifest.at("imported").as_bool());
  CHECK(boost::json::serialize(manifest.at("verdict").at("witnesses")) == R"(["acs"])");
  const auto& audio = manifest.at("audio").as_array().at(0).as_object();
  CHECK(World::text(audio, "sha256") == crypto::to_hex(crypto::sha256(as_bytes(heard))));
  const auto journal = world.journal(call);
  CHECK(std::ranges::find(journal, "manifest of an imported call written") != journal.end());
  // The verdict is its import's still.
  CHECK(world.api("/api/v1/calls/" + call + "/verdict").body == verdict);
}

TEST_CASE("an import that is asked for wrongly is refused with what to write") {
  ImportWorld world;
  for (const char* body :
       {"", "{}", "[]", R"({"from":"yesterday"})", R"({"from":"20251301"})", R"({"from":20250801})",
        R"({"from":"20250801","to":"20250701"})", R"({"from":"29990801"})",
        R"({"from":"20250801","dryRun":"yes"})", R"({"from":"20250801","prefix":"x"})"}) {
    CAPTURE(std::string(body));
    CHECK(world.post("/api/v1/imports", body).status == 400);
  }
  CHECK(world.api("/api/v1/imports/no-such").status == 404);
  CHECK(world.api("/api/v1/imports?limit=0").status == 400);
  CHECK(world.api("/api/v1/imports").json().at("imports").as_array().empty());
}
