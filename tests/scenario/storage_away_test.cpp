// Whole calls while the storage of recordings is away: nobody on the phone notices, and nothing is
// lost by it.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

CallPlan two_turns() {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 0, 6));
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 6, 4));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 90s;
  return plan;
}

std::ptrdiff_t alerts_of(World& world, const std::string& call, std::string_view kind) {
  const Reply reply = world.api("/api/v1/alerts");
  REQUIRE(reply.status == 200);
  const auto body = reply.json();
  return std::ranges::count_if(body.at("alerts").as_array(), [&](const boost::json::value& one) {
    const auto& alert = one.as_object();
    return World::text(alert, "contextId") == call && World::text(alert, "kind") == kind;
  });
}

std::size_t stored(World& world, const std::string& call, std::string_view kind) {
  const auto names = world.blob_service.names(World::container);
  return static_cast<std::size_t>(std::ranges::count_if(names, [&](const std::string& name) {
    return name.find("/earshot/" + call + "/") != std::string::npos &&
           name.find(kind) != std::string::npos;
  }));
}

std::ptrdiff_t left_in_spool(World& world, const std::string& call) {
  namespace fs = std::filesystem;
  std::error_code none;
  const fs::directory_iterator files(world.data_dir() / "tap" / call, none);
  return std::ranges::count_if(files, [](const auto& entry) {
    return entry.path().extension() == ".tap" || entry.path().extension() == ".ledger";
  });
}

boost::json::object newest_verdict(World& world, const std::string& call) {
  const Reply reply = world.api("/api/v1/calls/" + call + "/verdict");
  REQUIRE(reply.status == 200);
  return reply.json().as_object();
}

// `alarmed`: how often it was said that there is no recording.
void check_whole(World& world, const CallReport& report, const std::string& call,
                 std::ptrdiff_t alarmed) {
  CAPTURE(call);
  CHECK(report.outcome == CallOutcome::completed);
  CHECK(report.end_reason == "the caller hung up");
  CHECK(report.frames_lost == 0);
  CHECK(report.sockets_opened == 1);
  const auto verdict = newest_verdict(world, call);
  CHECK(World::text(verdict, "kind") == "complete");
  CHECK(verdict.at("corroborated").as_bool());
  CHECK(stored(world, call, "/tap-") == 1);
  CHECK(stored(world, call, "/ledger-") == 1);
  CHECK(left_in_spool(world, call) == 0);
  // Whoever is on call hears of it, once.
  CHECK(alerts_of(world, call, "recording_late") == 1);
  CHECK(alerts_of(world, call, "verdict_missing") == alarmed);
  CHECK(alerts_of(world, call, "recording_missing") == 0);
  CHECK(alerts_of(world, call, "recording_incomplete") == 0);
}

}  // namespace

TEST_CASE("storage that is away for an hour drops no call, and everything is there afterwards") {
  Duration written_later{};
  SUBCASE("for us alone: ACS writes its chunks all the same") {}
  SUBCASE("for ACS too, which writes when it is back") { written_later = 70min; }
  CallPlan plan = two_turns();
  if (written_later > Duration::zero())
    for (int index = 0; index < 20; ++index)
      plan.recording.chunks.push_back(
          {.kind = ChunkTroubleKind::late, .index = index, .delay = written_later});
  World world({.acs = {.chunk_length = 5s}, .blob_service = true});

  // One call is going on when it goes, and one is answered while it is away.
  const auto during = world.place(plan);
  world.runtime.advance(8s);
  const auto first = world.newest_call_id();
  CHECK(World::text(world.newest_call(), "state") == "connected");
  world.blob_service.set_away(true);
  const SteadyTime back = world.runtime.clock().steady_now() + 1h;
  world.wait_until([&] { return World::text(world.newest_call(), "state") == "ended"; });
  const auto within = world.place(plan);
  world.runtime.advance(8s);
  const auto second = world.newest_call_id();
  REQUIRE(second != first);
  world.wait_until([&] { return World::text(world.newest_call(), "state") == "ended"; });

  world.wait_until([&] { return world.runtime.clock().steady_now() >= back; }, 2h);
  CHECK(world.blob_service.use().refused > 0);
  CHECK(stored(world, first, "/") == 0);
  world.blob_service.set_away(false);
  world.runtime.advance(written_later + 20min);

  // Where the chunks lay there when storage came back, nobody was told that there were none.
  const std::ptrdiff_t alarmed = written_later > Duration::zero() ? 1 : 0;
  const auto names = world.blob_service.names(World::container);
  CHECK(std::ranges::count_if(
            names, [](const std::string& name) { return name.ends_with("/manifest.json"); }) >= 2);
  check_whole(world, world.finish(during), first, alarmed);
  check_whole(world, world.finish(within), second, alarmed);
}
