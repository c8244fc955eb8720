#include "api/retention_routes.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::api;

namespace {

template <class T>
bool is_refused(const Result<T>& parsed) {
  return !parsed && parsed.error().kind == ErrorKind::invalid;
}

}  // namespace

TEST_CASE("what a body asks for is taken as it stands, and nothing else is") {
  const auto run = parse_retention_run(R"({"limit":7,"dryRun":true})");
  REQUIRE(run.has_value());
  CHECK(run->limit == 7);
  CHECK(run->dry_run);
  CHECK(parse_retention_run("")->limit == 100);
  CHECK_FALSE(parse_retention_run("{}")->dry_run);
  for (const auto* body : {"[]", "{", R"({"limit":0})", R"({"limit":"7"})", R"({"dryrun":true})"}) {
    CAPTURE(body);
    CHECK(is_refused(parse_retention_run(body)));
  }
}

TEST_CASE("a hold says who and why, and its end says who") {
  const auto hold = parse_hold_request(R"({"who":"Ms Ito","why":"case 42"})", true);
  REQUIRE(hold.has_value());
  CHECK(hold->why == "case 42");
  CHECK(is_refused(parse_hold_request(R"({"who":"Ms Ito"})", true)));
  CHECK(parse_hold_request(R"({"who":"Ms Ito"})", false).has_value());
  CHECK(is_refused(parse_hold_request(R"({"why":"case 42"})", false)));
  CHECK(is_refused(parse_hold_request(R"({"who":7})", false)));
}

TEST_CASE("an erasure names its caller, and a dry run is never taken for the deed") {
  CHECK(parse_erasure_request(R"({"caller":"+81312345678"})")->caller == "+81312345678");
  CHECK(parse_erasure_request(R"({"caller":"+1","dryRun":true})")->dry_run);
  for (const auto* body : {"", R"({"caller":""})", R"({"caller":"+1","dryRun":"yes"})",
                           R"({"caller":"+1","dry":true})"}) {
    CAPTURE(body);
    CHECK(is_refused(parse_erasure_request(body)));
  }
}

TEST_CASE("a receipt adds up the rows of tries that were interrupted") {
  Erasure erasure{.id = {"e1"}, .caller_key = "abc", .finished_at = {}};
  ErasedCall call{.call = {"c1"}, .state = ErasureState::erased, .why = {}};
  call.blobs = {{.name = "a", .bytes = 5, .etag = "0x1"}};
  call.rows = {{"turns", 2}, {"turns", 1}};
  erasure.calls.push_back(call);

  const auto json = boost::json::parse(erasure_json(erasure, false));

  const auto& shown = json.at("calls").at(0);
  CHECK(shown.at("state") == "erased");
  CHECK(shown.at("rows").at("turns") == 3);
  CHECK(shown.at("blobs").at(0).at("etag") == "0x1");
  CHECK(json.at("finishedAt").is_null());
}
