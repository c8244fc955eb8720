// What is kept of a call: held, deleted by rules, erased by request; all asked for over the API.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fstream>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

std::map<std::string, std::string> with_rules(const contract::TemporaryDirectory& folder) {
  const auto file = folder.path() / "rules.json";
  std::ofstream(file) << R"({"rules":[{"name":"gone","days":2,"action":"delete"}]})";
  return {{"RETENTION_RULES_FILE", file.string()}};
}

AcsOptions short_chunks() { return {.chunk_length = 6s}; }

struct RetentionWorld {
  explicit RetentionWorld(AcsOptions acs = short_chunks())
      : world({.acs = std::move(acs), .environment = with_rules(folder)}) {
    CallPlan plan;
    plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 100, 6));
    plan.hang_up_after_quiet = 3s;
    plan.length_max = 60s;
    REQUIRE(world.call(plan).outcome == CallOutcome::completed);
    world.verdict();
    call = world.newest_call_id();
    caller = World::text(world.newest_call(), "caller");
  }
  Reply post(const std::string& path, const std::string& body) {
    net::HttpCall asking{.method = "POST", .url = World::service_url + path};
    asking.headers.set("Authorization", std::string("Bearer ") + World::api_key);
    asking.body = body;
    return world.request(std::move(asking));
  }
  // Files of the call, in storage.
  std::size_t files() const {
    const auto container = world.directory.path() / "recordings";
    std::size_t count = 0;
    if (!std::filesystem::exists(container)) return 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(container))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  }
  std::filesystem::path first_chunk() const {
    const auto container = world.directory.path() / "recordings";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(container))
      if (entry.path().filename().string().ends_with("0-audiowav.wav")) return entry.path();
    return {};
  }
  std::string recording_path() {
    return "/api/v1/recordings/" +
           World::text(world.recordings().front().as_object(), "recordingId");
  }
  boost::json::object erase(bool dry_run) {
    const boost::json::object wanted{{"caller", caller}, {"dryRun", dry_run}};
    const Reply asked = post("/api/v1/erasures", boost::json::serialize(wanted));
    REQUIRE(asked.status == (dry_run ? 200 : 202));
    auto receipt = asked.json().as_object();
    if (dry_run) return receipt;
    const auto path = "/api/v1/erasures/" + World::text(receipt, "id");
    CHECK(asked.headers.get("Location") == path);
    world.wait_until([&] {
      receipt = world.api(path).json().as_object();
      return !receipt.at("finishedAt").is_null();
    });
    return receipt;
  }

  contract::TemporaryDirectory folder;
  World world;
  std::string call;
  std::string caller;
};

}  // namespace

TEST_CASE("one caller's data is erased, but for what is held, and the receipt says both") {
  RetentionWorld scene;
  auto& world = scene.world;
  REQUIRE(scene.files() > 4);
  const Reply held =
      scene.post("/api/v1/calls/" + scene.call + "/holds", R"({"who":"Ms Ito","why":"case 42"})");
  REQUIRE(held.status == 201);
  // A folder has neither tags nor legal holds, and the hold holds all the same.
  CHECK(World::text(held.json().as_object(), "tags") == "not_supported");

  auto receipt = scene.erase(false);
  auto erased = receipt.at("calls").as_array().at(0).as_object();
  CHECK(World::text(erased, "state") == "refused");
  CHECK(World::text(erased, "reason").find("under hold") != std::string::npos);
  CHECK(scene.files() > 4);
  CHECK_FALSE(world.turns(scene.call).empty());

  const auto hold = World::text(held.json().as_object(), "id");
  REQUIRE(scene.post("/api/v1/holds/" + hold + "/lift", R"({"who":"Ms Ito"})").status == 200);
  const auto planned = scene.erase(true);
  CHECK(World::text(planned.at("calls").as_array().at(0).as_object(), "state") == "waiting");
  CHECK(scene.files() > 4);

  receipt = scene.erase(false);
  erased = receipt.at("calls").as_array().at(0).as_object();
  CHECK(World::text(erased, "state") == "erased");
  CHECK(erased.at("blobs").as_array().size() > 4);
  CHECK(erased.at("rows").as_object().contains("personal"));
  CHECK(erased.at("rows").as_object().contains("journal_raw"));
  CHECK(scene.files() == 0);
  CHECK(world.turns(scene.call).empty());
  CHECK(world.recording_audio().status == 404);
  const auto journal = world.journal(scene.call);
  CHECK(std::ranges::find(journal, "erased by request") != journal.end());
  CHECK(boost::json::serialize(receipt).find(scene.caller.substr(3)) == std::string::npos);
  int hashed_chunks = 0;
  for (const auto& blob : erased.at("blobs").as_array())
    if (World::text(blob.as_object(), "name").ends_with("-audiowav.wav")) {
      CHECK(World::text(blob.as_object(), "sha256").size() == 64);
      ++hashed_chunks;
    }
  CHECK(hashed_chunks >= 2);
  const auto signed_text = world.api("/api/v1/erasures/" + World::text(receipt, "id") + "/receipt");
  REQUIRE(signed_text.status == 200);
  CHECK(signed_text.body.ends_with("\"}}\n"));
  CHECK(signed_text.json().at("software").as_string().starts_with("earshot "));
  CHECK(signed_text.body.find(scene.caller.substr(3)) == std::string::npos);
  CHECK(world.api("/api/v1/erasures/no-such/receipt").status == 404);
  CHECK(World::text(world.newest_call(), "caller").empty());
}

TEST_CASE("what comes of a call after its erasure leaves nothing behind") {
  auto acs = short_chunks();
  acs.faults.push_back(*parse_fault("event_grid.RecordingFileStatusUpdated:drop"));
  RetentionWorld scene(std::move(acs));
  auto& world = scene.world;
  world.wait_until_found();
  const auto chunk = scene.first_chunk();
  REQUIRE_FALSE(chunk.empty());
  const auto copy = scene.folder.path() / "late.wav";
  std::filesystem::copy_file(chunk, copy);
  const auto receipt = scene.erase(false);
  CHECK(scene.files() == 0);
  const auto first = world.api("/api/v1/erasures/" + World::text(receipt, "id") + "/receipt").body;

  // ACS exports the chunk once more, and tells where its own copy is.
  std::filesystem::create_directories(chunk.parent_path());
  std::filesystem::copy_file(copy, chunk);
  REQUIRE(world.acs->dead_letters().size() == 1);
  REQUIRE(scene.post("/api/v1/events/replay", world.acs->dead_letters().front()).status == 200);
  const auto dropped = [&] {
    const auto journal = world.journal(scene.call);
    return std::ranges::find(journal, "event after the erasure dropped") != journal.end();
  };
  world.wait_until(dropped);
  REQUIRE(scene.post("/api/v1/calls/" + scene.call + "/verify", "").status == 409);
  world.runtime.advance(58min);
  CHECK(scene.files() == 1);
  world.runtime.advance(3min);

  CHECK(scene.files() == 0);
  CHECK(world.turns(scene.call).empty());
  CHECK(world.api(scene.recording_path() + "/files").json().at("files").as_array().empty());
  CHECK(world.api(scene.recording_path()).json().at("chunks").as_array().empty());
  CHECK(World::text(world.newest_call(), "caller").empty());
  const auto path = "/api/v1/erasures/" + World::text(receipt, "id");
  const auto look = world.api(path + "-2").json().as_object();
  CHECK(World::text(look, "addsTo") == World::text(receipt, "id"));
  const auto& found = look.at("calls").as_array().at(0).at("blobs").as_array();
  REQUIRE(found.size() == 1);
  CHECK(World::text(found[0].as_object(), "name").ends_with("0-audiowav.wav"));
  CHECK(world.api(path + "-2/receipt").status == 200);
  CHECK(world.api(path + "/receipt").body == first);
}

TEST_CASE("a rule deletes what is of age, and a dry run says so before") {
  RetentionWorld scene;
  auto& world = scene.world;
  const auto steps = [&](const Reply& reply) {
    REQUIRE(reply.status == 200);
    std::size_t count = 0;
    for (const auto& call : reply.json().at("calls").as_array())
      count += call.at("steps").as_array().size();
    return count;
  };
  CHECK(steps(world.api("/api/v1/retention/plan")) == 0);
  const auto files = scene.files();
  world.stop_service();
  world.runtime.clock().set_wall(world.runtime.clock().wall_now() + std::chrono::days(3));
  world.start_service();

  // The bridge's own copy was on its way up to storage: what of it arrives goes an hour later.
  world.wait_until([&] { return scene.files() == 0; }, 3h);

  CHECK(files > 4);
  CHECK(steps(scene.post("/api/v1/retention/run", "{}")) == 0);
  CHECK(world.recording_audio().status == 404);
  const auto journal = world.journal(scene.call);
  CHECK(std::ranges::find(journal, "retention carried out") != journal.end());
}

TEST_CASE("rules are tried before the service begins with them") {
  RetentionWorld scene;
  auto& world = scene.world;
  world.runtime.clock().set_wall(world.runtime.clock().wall_now() + std::chrono::days(3));
  const auto files = scene.files();
  const Reply tried = scene.post("/api/v1/retention/plan",
                                 R"({"rules":[{"name":"tried","days":2,"action":"delete"}]})");
  REQUIRE(tried.status == 200);
  CHECK(tried.json().at("dryRun") == true);
  REQUIRE(tried.json().at("calls").as_array().size() == 1);
  CHECK(tried.json().at("calls").at(0).at("steps").at(0).at("rule") == "tried");
  CHECK(scene.files() == files);
  const Reply wrong =
      scene.post("/api/v1/retention/plan", R"({"rules":[{"name":"a","days":-1},{"name":"b c"}]})");
  CHECK(wrong.status == 400);
  const auto detail = World::text(wrong.json().as_object(), "detail");
  CHECK(detail.find("\"a\"") != std::string::npos);
  CHECK(detail.find("\"b c\"") != std::string::npos);
}

TEST_CASE("the policy for a storage that has no tags deletes nothing") {
  RetentionWorld scene;
  const Reply policy = scene.world.api("/api/v1/retention/policy");
  REQUIRE(policy.status == 200);
  CHECK(World::text(policy.json().as_object(), "tagRights") == "not_supported");
  CHECK(policy.body.find("\"delete\"") == std::string::npos);
  CHECK(policy.json().at("notes").as_array().size() == 1);
}
