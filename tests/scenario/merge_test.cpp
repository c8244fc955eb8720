// Audio written out as one file, asked for over the API.
#include "tests/scenario/world.hpp"

#include <cmath>
#include <doctest/doctest.h>

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

struct MergeWorld : World {
  explicit MergeWorld(WorldOptions options = {.acs = {.chunk_length = 6s}})
      : World(std::move(options)) {
    report = call(short_call());
    REQUIRE(report.outcome == CallOutcome::completed);
    wait_until_found();
    base = "/api/v1/recordings/" + report.recordings.at(0).recording_id;
  }
  Reply post(const std::string& body, const std::string& path = "/merge") {
    net::HttpCall call{.method = "POST", .url = service_url + base + path};
    call.headers.set("Authorization", std::string("Bearer ") + api_key);
    call.body = body;
    return request(std::move(call));
  }
  boost::json::object merge(int number) {
    const Reply reply = api(base + "/merges/" + std::to_string(number));
    REQUIRE(reply.status == 200);
    return reply.json().as_object();
  }
  boost::json::object done(int number) {
    wait_until([&] { return text(merge(number), "state") == "done"; });
    return merge(number);
  }
  Reply range(const std::string& path, const std::string& bytes) {
    net::HttpCall call{.method = "GET", .url = service_url + base + path};
    call.headers.set("Authorization", std::string("Bearer ") + api_key);
    call.headers.set("Range", "bytes=" + bytes);
    return request(std::move(call));
  }
  CallReport report;
  std::string base;
};

}  // namespace

TEST_CASE("a merge is made by a job and downloaded, byte for byte what the view gives") {
  MergeWorld world;
  REQUIRE(world.report.recordings.at(0).chunks.size() >= 2);
  const Reply asked = world.post(R"({"source":"acs","channels":"all"})");
  REQUIRE(asked.status == 202);
  CHECK(asked.headers.get("Location") == world.base + "/merges/1");
  const auto merge = world.done(1);

  const Reply view = world.recording_audio();
  const Reply file = world.api(world.base + "/merges/1/audio");
  REQUIRE(file.status == 200);
  CHECK(file.body == view.body);
  CHECK(file.headers.get("Content-Type") == "audio/wav");
  const auto& result = merge.at("result").as_object();
  CHECK(result.at("bytes").to_number<std::size_t>() == view.body.size());
  CHECK(result.at("sampleRateHz").to_number<int>() == 16'000);
  CHECK(World::text(result, "sha256").size() == 64);
  CHECK(merge.at("bytesDone").to_number<std::size_t>() == view.body.size());

  // By its ETag, as links ask for it, it is this file or none.
  std::string etag(file.headers.get("ETag"));
  std::erase(etag, '"');
  CHECK(world.api(world.base + "/merges/1/audio?of=" + etag).status == 200);
  CHECK(world.api(world.base + "/merges/1/audio?of=another").status == 404);

  const Reply part = world.range("/merges/1/audio", "100-199");
  CHECK(part.status == 206);
  CHECK(part.body == view.body.substr(100, 100));
  CHECK(world.api(world.base + "/merges/1/audio", "HEAD").body.empty());

  // The file beside the chunks is none of them.
  CHECK(world.recording(world.report.recordings.at(0).recording_id)
            .at("chunkCount")
            .to_number<std::size_t>() == world.report.recordings.at(0).chunks.size());
  const Reply again = world.post("");
  CHECK(again.status == 200);
  CHECK(again.json().at("number").to_number<int>() == 1);
  const Reply list = world.api(world.base + "/merges");
  CHECK(list.json().at("merges").as_array().size() == 1);
}

TEST_CASE("what is mended and what the bridge kept are merged too, by channel") {
  MergeWorld world;
  REQUIRE(world.verdict().size() > 0);
  REQUIRE(world.post(R"({"source":"repaired"})").status == 202);
  REQUIRE(world.post(R"({"source":"tap","channels":0})").status == 202);
  CHECK(World::text(world.done(2), "channels") == "0");
  (void)world.done(1);
  CHECK(world.api(world.base + "/merges/1/audio").body ==
        world.api(world.base + "/audio?source=repaired").body);
  CHECK(world.api(world.base + "/merges/2/audio").body ==
        world.api(world.base + "/audio?source=tap&channels=0").body);
}

TEST_CASE("a merge that was asked for before the service ended is made by the next one") {
  MergeWorld world;
  REQUIRE(world.post("{}").status == 202);
  world.stop_service();
  world.start_service();
  (void)world.done(1);
  CHECK(world.api(world.base + "/merges/1/audio").body == world.recording_audio().body);
}

TEST_CASE("an mp3 recording is merged into a WAV, with every tone in its place") {
  MergeWorld world({.acs = {.chunk_length = 6s}, .environment = {{"RECORDING_FORMAT", "mp3"}}});
  const auto& recorded = world.report.recordings.at(0);
  REQUIRE(recorded.chunks.size() >= 2);
  REQUIRE(world.post("{}").status == 202);
  const auto merge = world.done(1);
  CHECK(World::text(merge.at("result").as_object(), "contentType") == "audio/wav");
  const StoredSound sound = read_wav(world.api(world.base + "/merges/1/audio").body);
  CHECK(sound.rate_hz == 16'000);

  // What the encoder put around each chunk is gone, but for a frame's rest at its end.
  const double began = seconds(recorded.started_at);
  CHECK(std::abs(static_cast<double>(sound.samples.size()) / sound.rate_hz -
                 seconds(recorded.length)) < 0.04 * static_cast<double>(recorded.chunks.size()));
  const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  REQUIRE(heard.size() >= 6);
  CHECK(heard.front().number == 100);
  CHECK(heard.back().number == 105);
  for (const auto& tone : heard)
    CHECK(std::abs(tone.start_s + began -
                   (spoken_at_s(world.report, "tones 100") + (tone.number - 100) * 0.5)) < 0.5);

  // By channel, on the call's clock and by verdict too; the view says who can.
  REQUIRE(world.verdict().size() > 0);
  const Reply view = world.api(world.base + "/audio?channels=0");
  CHECK(view.status == 409);
  CHECK(view.body.find("merge") != std::string::npos);
  REQUIRE(world.post(R"({"channels":0})").status == 202);
  REQUIRE(world.post(R"({"source":"repaired"})").status == 202);
  (void)world.done(2);
  const auto repaired = world.done(3);
  CHECK(repaired.at("bytesTotal").to_number<std::size_t>() > 0);
  const StoredSound mended = read_wav(world.api(world.base + "/merges/3/audio").body);
  const auto again = decode_tones(mended.samples, mended.rate_hz, Party::caller);
  REQUIRE(again.size() >= 6);
  CHECK(again.front().number == 100);
  CHECK(again.back().number == 105);
}

TEST_CASE("a merge that cannot be is refused, with the reason") {
  MergeWorld world;
  for (const char* body :
       {"{", "[]", "7", R"({"source":"moon"})", R"({"source":7})", R"({"channels":"left"})",
        R"({"channels":-1})", R"({"channels":1.5})", R"({"sources":"acs"})"}) {
    CAPTURE(body);
    const Reply refused = world.post(body);
    CHECK(refused.status == 400);
    CHECK_FALSE(World::text(refused.json().as_object(), "detail").empty());
  }
  CHECK(world.post(R"({"channels":"caller"})").status == 409);
  CHECK(world.post(R"({"channels":7})").status == 404);
  CHECK(world.post(std::string(1 << 20, ' ')).status == 413);
  for (const char* none : {"/merges/1", "/merges/1/audio", "/merges/0", "/merges/x", "/merges/-1",
                           "/merges/99999999999999"})
    CHECK(world.api(world.base + none).status == 404);
  CHECK(world.api("/api/v1/recordings/nobody/merges").status == 404);
  CHECK(world.api(world.base + "/merges").json().at("merges").as_array().empty());

  net::HttpCall keyless{.method = "POST", .url = World::service_url + world.base + "/merge"};
  CHECK(world.request(std::move(keyless)).status == 401);
}
