#include "cli/pause_outcome.hpp"

#include <doctest/doctest.h>

using namespace earshot::cli;
namespace json = boost::json;
using Kind = PauseOutcome::Kind;

namespace {

json::object call(const char* recording, const char* state = "connected") {
  return {{"state", state}, {"recordingState", recording}};
}

json::object journal(std::initializer_list<json::object> entries) {
  json::array all;
  for (const auto& entry : entries) all.push_back(entry);
  return {{"journal", std::move(all)}};
}

json::object entry(int number, const char* type, json::object detail = {}) {
  return {{"number", number}, {"type", type}, {"detail", std::move(detail)}};
}

}  // namespace

TEST_CASE("a pause is confirmed when the recording is paused, and waited for until then") {
  const auto asked = journal({entry(4, "recording started"), entry(5, "pause asked for")});
  CHECK(last_entry(asked) == 5);
  CHECK(last_entry(journal({})) == 0);
  CHECK(pause_outcome(PauseVerb::pause, call("active"), asked, 4).kind == Kind::waiting);
  CHECK(pause_outcome(PauseVerb::pause, call("paused"), asked, 4).kind == Kind::confirmed);
  CHECK(pause_outcome(PauseVerb::resume, call("paused"), asked, 4).kind == Kind::waiting);
  CHECK(pause_outcome(PauseVerb::resume, call("active"), asked, 4).kind == Kind::confirmed);
}

TEST_CASE("what ACS refused is told with its reason, and an earlier refusal is not this one's") {
  const auto failed =
      journal({entry(5, "pause asked for"), entry(6, "pause failed", {{"error", "400: not now"}})});
  const auto outcome = pause_outcome(PauseVerb::pause, call("active"), failed, 4);
  CHECK(outcome.kind == Kind::failed);
  CHECK(outcome.reason == "400: not now");
  CHECK(pause_outcome(PauseVerb::pause, call("active"), failed, 6).kind == Kind::waiting);
  CHECK(pause_outcome(PauseVerb::resume, call("paused"), failed, 4).kind == Kind::waiting);
  const auto refused =
      journal({entry(7, "resume refused", {{"reason", "the notice was not played"}})});
  CHECK(pause_outcome(PauseVerb::resume, call("paused"), refused, 6).reason ==
        "the notice was not played");
}

TEST_CASE("a call that ends meanwhile confirms nothing") {
  const auto outcome = pause_outcome(PauseVerb::pause, call("stopped", "ended"), journal({}), 0);
  CHECK(outcome.kind == Kind::failed);
  CHECK(outcome.reason == "the call has ended");
}
