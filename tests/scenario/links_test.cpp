// Somebody who has no API key listens to a recording by a link.
#include "tests/scenario/world.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

struct LinkWorld : World {
  explicit LinkWorld(WorldOptions options = {.acs = {.chunk_length = 6s}})
      : World(std::move(options)) {
    CallPlan plan;
    plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 100, 6));
    plan.hang_up_after_quiet = 3s;
    plan.length_max = 60s;
    const auto report = call(std::move(plan));
    REQUIRE(report.outcome == CallOutcome::completed);
    wait_until_found();
    base = "/api/v1/recordings/" + report.recordings.at(0).recording_id;
  }
  Reply post(const std::string& path, const std::string& body) {
    net::HttpCall call{.method = "POST", .url = service_url + base + path};
    call.headers.set("Authorization", std::string("Bearer ") + api_key);
    call.body = body;
    return request(std::move(call));
  }
  std::string link(const std::string& body) {
    const Reply reply = post("/links", body);
    REQUIRE(reply.status == 200);
    return text(reply.json().as_object(), "url");
  }
  Reply follow(const std::string& url, const std::string& range = {},
               const std::string& method = "GET") {
    net::HttpCall call{.method = method, .url = url};
    if (!range.empty()) call.headers.set("Range", "bytes=" + range);
    return request(std::move(call));
  }
  bool logged(const std::string& words) const { return log.contains(words); }
  std::string base;
};

}  // namespace

TEST_CASE("by a link the whole recording is downloaded without the key, and by no other request") {
  LinkWorld world;
  const std::string url = world.link(R"({"source":"acs"})");
  CHECK(url.starts_with(World::service_url));

  const Reply whole = world.follow(url);
  REQUIRE(whole.status == 200);
  CHECK(whole.body == world.recording_audio().body);
  CHECK(world.follow(url, "100-199").body == whole.body.substr(100, 100));
  const Reply head = world.follow(url, "", "HEAD");
  CHECK(head.status == 200);
  CHECK(head.headers.get("Content-Length") == std::to_string(whole.body.size()));

  CHECK(world.follow(url + "0").status == 403);
  CHECK(world.follow(url, "", "DELETE").status == 405);
  world.runtime.advance(15min);
  CHECK(world.follow(url).status == 403);
  CHECK(world.journal().back() == "link made");
  // Neither the address nor what makes it good is in a log, of any level.
  CHECK(world.logged("link made"));
  CHECK_FALSE(world.logged("signature"));
  CHECK_FALSE(world.logged(url.substr(url.find("signature=") + 10)));
  CHECK_FALSE(world.logged("expires="));
}

TEST_CASE("links to mended audio and to a merged file survive a restart of the service") {
  LinkWorld world;
  REQUIRE(world.verdict().size() > 0);
  REQUIRE(world.post("/merge", R"({"source":"repaired"})").status == 202);
  world.wait_until([&] {
    return World::text(world.api(world.base + "/merges/1").json().as_object(), "state") == "done";
  });
  const std::string mended = world.link(R"({"source":"repaired","expiresInSeconds":3600})");
  const std::string merged = world.link(R"({"what":"merge","number":1,"expiresInSeconds":3600})");

  CHECK(merged.find("/merges/1/audio?of=") != std::string::npos);

  world.stop_service();
  world.start_service();

  const Reply view = world.follow(mended);
  const Reply file = world.follow(merged);
  REQUIRE(view.status == 200);
  CHECK(view.body == world.api(world.base + "/audio?source=repaired").body);
  CHECK(file.body == view.body);
  auto of_the_other = merged;
  of_the_other.replace(of_the_other.find("/merges/1/"), 10, "/");
  CHECK(world.follow(of_the_other).status == 403);
}

TEST_CASE("a replica with the same secret opens a link, one with another does not") {
  const std::string secret(32, 's');
  LinkWorld world({.environment = {{"LINK_SECRET", secret}}});
  const std::string url = world.link("{}");
  CHECK(world.follow(url).status == 200);

  world.stop_service();
  world.set_environment("LINK_SECRET", std::string(32, 'n') + "," + secret);
  world.start_service();
  CHECK(world.follow(url).status == 200);

  world.stop_service();
  world.set_environment("LINK_SECRET", std::string(32, 'n'));
  world.start_service();
  CHECK(world.follow(url).status == 403);
}

TEST_CASE("where recordings lie in a directory, a chunk has no link and the audio's is named") {
  LinkWorld world;
  const Reply refused = world.post("/links", R"({"what":"chunk","chunkIndex":0})");
  CHECK(refused.status == 409);
  CHECK(refused.body.find("signed link to the recording's audio") != std::string::npos);
}
