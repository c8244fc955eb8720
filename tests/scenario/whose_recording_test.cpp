// Folders that bear no id of ours, as the documentation has them, while no event tells where the
// files are: whose recording is which is known by its caller and its time alone.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <set>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace json = boost::json;

namespace {

CallPlan call_from(const char* number) {
  CallPlan plan;
  plan.from = number;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 100, 6));
  plan.hang_up_at = 20s;
  plan.length_max = 60s;
  return plan;
}

CallPlan with_trouble(CallPlan plan, ChunkTroubleKind kind, Duration delay = {}) {
  plan.recording.chunks.push_back({.kind = kind, .index = 0, .delay = delay});
  return plan;
}

struct NamelessWorld : World {
  NamelessWorld() : World({.acs = options()}) {}
  static AcsOptions options() {
    AcsOptions acs{.send_file_event = false};
    acs.files.document_id_in_name = true;
    acs.files.call_id_segment = true;
    acs.files.folder = RecordingFolder::prefix_and_guid;
    return acs;
  }
  json::object shown(const CallReport& report) {
    return recording(report.recordings.at(0).recording_id);
  }
  std::string discovery(const CallReport& report) { return text(shown(report), "discovery"); }
  std::set<std::string> files(const CallReport& report) {
    std::set<std::string> names;
    for (const auto& chunk : shown(report).at("chunks").as_array())
      names.insert(text(chunk.as_object(), "audio"));
    return names;
  }
  std::set<std::string> alerts() {
    std::set<std::string> kinds;
    for (const auto& alert : api("/api/v1/alerts").json().at("alerts").as_array())
      kinds.insert(text(alert.as_object(), "kind"));
    return kinds;
  }
  json::object import_all() {
    net::HttpCall call{.method = "POST", .url = std::string(service_url) + "/api/v1/imports"};
    call.headers.set("Authorization", std::string("Bearer ") + api_key);
    const auto from = to_compact_date(runtime.clock().wall_now() - std::chrono::days(1));
    call.body = fmt::format(R"({{"from":"{}"}})", from);
    const Reply asked = request(std::move(call));
    REQUIRE(asked.status == 202);
    const std::string path(asked.headers.get("Location"));
    wait_until([&] { return text(api(path).json().as_object(), "state") == "done"; });
    return api(path).json().as_object();
  }
  static std::int64_t number(const json::object& object, const char* name) {
    return object.at(name).to_number<std::int64_t>();
  }
};

}  // namespace

TEST_CASE("an import does not take what a call of a moment ago left behind") {
  NamelessWorld world;
  // The first look finds nothing, and the next one comes a minute later.
  const auto report = world.call(with_trouble(call_from("+15550101"), ChunkTroubleKind::late, 20s));
  REQUIRE(report.outcome == CallOutcome::completed);
  world.runtime.advance(25s);
  REQUIRE(world.discovery(report) == "searching");

  const auto made = world.import_all();

  CHECK(world.number(made, "adopted") == 0);
  CHECK(world.number(made, "known") == 1);
  world.wait_until([&] { return world.discovery(report) == "found"; });
  CHECK(world.recordings().size() == 1);
  CHECK(world.number(world.import_all(), "known") == 1);
}

TEST_CASE("of two overlapping calls of one number, the lost recording does not take the other's") {
  NamelessWorld world;
  auto first = call_from("+15550101");
  auto second = call_from("+15550101");
  SUBCASE("the first one's is lost") {
    first = with_trouble(std::move(first), ChunkTroubleKind::lost);
  }
  SUBCASE("the second one's is lost") {
    second = with_trouble(std::move(second), ChunkTroubleKind::lost);
  }
  SUBCASE("none is lost") {}
  const bool first_lost = !first.recording.chunks.empty();
  const bool second_lost = !second.recording.chunks.empty();
  const auto one = world.place(std::move(first));
  world.runtime.advance(10s);
  const auto other = world.place(std::move(second));
  const auto reports = std::pair(world.finish(one), world.finish(other));
  REQUIRE(reports.first.outcome == CallOutcome::completed);
  REQUIRE(reports.second.outcome == CallOutcome::completed);

  world.runtime.advance(7min);

  CHECK(world.discovery(reports.first) == (first_lost ? "searching" : "found"));
  CHECK(world.discovery(reports.second) == (second_lost ? "searching" : "found"));
  const auto files = world.files(reports.first);
  CHECK(files.size() == (first_lost ? 0 : 1));
  CHECK(world.files(reports.second).size() == (second_lost ? 0 : 1));
  for (const auto& file : world.files(reports.second)) CHECK_FALSE(files.contains(file));
  CHECK(world.alerts().contains("recording_late") == (first_lost || second_lost));
}

TEST_CASE("of two calls of one number that begin together, neither takes a folder silently") {
  NamelessWorld world;
  const auto one = world.place(with_trouble(call_from("+15550101"), ChunkTroubleKind::lost));
  world.runtime.advance(1s);
  const auto other = world.place(call_from("+15550101"));
  const auto reports = std::pair(world.finish(one), world.finish(other));
  REQUIRE(reports.first.outcome == CallOutcome::completed);

  world.runtime.advance(7min);

  CHECK(world.files(reports.first).empty());
  CHECK(world.files(reports.second).empty());
  CHECK(world.alerts().contains("recording_folder_in_doubt"));
  CHECK_FALSE(world.alerts().contains("recording_late"));
  const auto made = world.import_all();
  CHECK(world.number(made, "left") == 1);
  CHECK(world.number(made, "adopted") == 0);
  const auto& item = made.at("items").as_array().at(0).as_object();
  CHECK(World::text(item, "detail").find("of the same caller and time") != std::string::npos);
}
