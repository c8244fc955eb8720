#include "api/rest_api.hpp"

#include "api/testing/fixed_source.hpp"
#include "blob/memory_blob_store.hpp"
#include "net/testing/test_runtime.hpp"
#include "store/memory_store.hpp"
#include "store/memory_tap_spool.hpp"

#include <algorithm>
#include <cctype>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::api;

namespace {

constexpr const char* key = "0123456789abcdef0123";

// Refuses everything but remembers what it was asked.
class FixedOperations : public calls::CallOperations {
 public:
  Task<Result<void>> hang_up(ContextId) override { return refuse("hang_up"); }
  Task<Result<void>> pause_recording(ContextId) override { return refuse("pause"); }
  Task<Result<void>> resume_recording(ContextId) override { return refuse("resume"); }
  Task<Result<void>> stop_recording(ContextId) override { return refuse("stop"); }
  std::vector<calls::CallDiagnosticsRow> diagnostics() const override { return {}; }
  std::string asked;

 private:
  Task<Result<void>> refuse(std::string verb) {
    asked = verb;
    co_return fail(ErrorKind::conflict, "the call is over");
  }
};

struct NoAlerts : AlertSink {
  void raise(const Alert&) override {}
};

struct World {
  World() {
    RestApiServices services{.store = store,
                             .lists = store,
                             .counters = counters,
                             .log = log,
                             .operations = operations,
                             .recordings = recordings,
                             .verifier = verifier,
                             .manifest_public_keys = {Bytes(32, 1), Bytes(32, 2)}};
    services.not_ready = [this] { return draining ? "the service is draining" : ""; };
    api = std::make_unique<RestApi>(std::move(services), Secret(key), "0.1.0");
    api->add_routes(router, [](net::HttpHandler handler) { return handler; });
  }
  net::HttpResponse ask(std::string method, std::string target, net::HttpHeaders headers = {}) {
    net::HttpRequest request{.method = method, .target = target};
    request.path = target.substr(0, target.find('?'));
    request.headers = std::move(headers);
    const auto match = router.match(request.method, request.path, false);
    REQUIRE(match.handler != nullptr);
    request.path_parameters = match.parameters;
    return runtime.run_for((*match.handler)(std::move(request)));
  }
  net::HttpResponse ask_with_key(std::string method, std::string target,
                                 net::HttpHeaders headers = {}) {
    headers.set("Authorization", std::string("Bearer ") + key);
    return ask(std::move(method), std::move(target), std::move(headers));
  }
  std::string body_of(net::HttpResponse& response) {
    std::string body = response.body;
    while (response.stream) {
      auto piece = runtime.run_for(response.stream->next());
      REQUIRE(piece.has_value());
      if (piece->empty()) break;
      body += *piece;
    }
    return body;
  }
  void commit(Changes changes) {
    REQUIRE(runtime.run_for(store.commit(std::move(changes))).has_value());
  }

  net::TestRuntime runtime;
  SeededRandom random{1};
  store::MemoryStore store{random};
  Counters counters;
  NullLog log;
  FixedOperations operations;
  FixedSource source;
  blob::MemoryBlobStore blobs{runtime.clock()};
  store::MemoryTapSpool spool;
  recording::RecordingQueries recordings{{store, source, blobs, spool}};
  NoAlerts alerts;
  InlineOffload offload;
  recording::CallVerifier verifier{
      {store, source, spool, blobs, store, alerts, runtime.clock(), counters, log, offload}};
  bool draining = false;
  std::unique_ptr<RestApi> api;
  net::Router router;
};

Changes one_call() {
  Changes changes;
  Call call;
  call.id = {"5f1e0c00-1111-4222-8333-444455556666"};
  call.phase = CallPhase::connected;
  call.received_at = *parse_iso8601("2026-03-02T09:15:30Z");
  changes.calls.push_back(call);
  changes.personal.push_back({call.id, "4:+15550100", "4:+15550199", "O\"Brien"});
  Recording recording;
  recording.id = {"eyJyZWMi"};
  recording.call = call.id;
  recording.requested_at = call.received_at;
  changes.recordings.push_back(recording);
  Chunk chunk;
  chunk.recording = recording.id;
  chunk.audio = {"20260302/x/y/0-audiowav.wav"};
  chunk.bytes = 54;
  chunk.format = {.sample_rate_hz = 16000, .channels = 1, .bits_per_sample = 16};
  chunk.data_offset = 44;
  chunk.data_bytes = 10;
  changes.chunks.push_back(chunk);
  return changes;
}

}  // namespace

TEST_CASE("every route of the API and the metrics are shut without the key, and open with it") {
  World world;
  for (const char* path :
       {"/api/v1/calls", "/api/v1/calls/x", "/api/v1/calls/x/verdict", "/api/v1/calls/x/timeline",
        "/api/v1/recordings", "/api/v1/recordings/x/audio", "/api/v1/diagnostics", "/metrics"}) {
    CAPTURE(path);
    CHECK(world.ask("GET", path).status == 401);
    CHECK(world.ask("GET", path, {{"Authorization", "Bearer wrong"}}).status == 401);
    CHECK(world.ask("GET", path, {{"X-Api-Key", key}}).status != 401);
  }
  CHECK(world.ask("GET", "/health").status == 200);
  CHECK(world.ask("GET", "/readyz").status == 200);
}

TEST_CASE("the scheme of the key is the same in upper and lower case, the key is not") {
  World world;
  const std::string path = "/api/v1/calls";
  const auto status = [&](const std::string& authorization) {
    return world.ask("GET", path, {{"Authorization", authorization}}).status;
  };
  for (const char* scheme : {"Bearer ", "bearer ", "BEARER "}) {
    CAPTURE(scheme);
    CHECK(status(scheme + std::string(key)) != 401);
  }
  std::string shouted = key;
  std::ranges::transform(shouted, shouted.begin(), [](unsigned char c) { return std::toupper(c); });
  REQUIRE(shouted != key);
  for (const auto& bad : {"Bearer" + std::string(key), "Basic " + std::string(key),
                          std::string("bearer "), std::string("bear"), "bearer " + shouted}) {
    CAPTURE(bad);
    CHECK(status(bad) == 401);
  }
}

TEST_CASE("a draining service says that it is not ready") {
  World world;
  world.draining = true;
  CHECK(world.ask("GET", "/readyz").status == 503);
}

TEST_CASE("calls are listed with their parties and recordings") {
  World world;
  world.commit(one_call());

  auto response = world.ask_with_key("GET", "/api/v1/calls?limit=10");

  CHECK(response.status == 200);
  CHECK(response.body.find(R"("contextId":"5f1e0c00-1111-4222-8333-444455556666")") !=
        std::string::npos);
  CHECK(response.body.find(R"("callerName":"O\"Brien")") != std::string::npos);
  CHECK(response.body.find(R"("caller":"+1)") != std::string::npos);
  CHECK(response.body.find(R"("recordingId":"eyJyZWMi")") != std::string::npos);
}

TEST_CASE("wrong parameters are told with what they take") {
  World world;
  for (const char* query :
       {"limit=0", "limit=501", "limit=ten", "state=asleep", "from=yesterday"}) {
    CAPTURE(query);
    auto response = world.ask_with_key("GET", std::string("/api/v1/calls?") + query);
    CHECK(response.status == 400);
    CHECK(response.body.find("takes") != std::string::npos);
  }
}

TEST_CASE("what is not there is 404 and what the state forbids is 409") {
  World world;
  CHECK(world.ask_with_key("GET", "/api/v1/calls/nobody").status == 404);
  CHECK(world.ask_with_key("GET", "/api/v1/recordings/none/audio").status == 404);
  CHECK(world.ask_with_key("POST", "/api/v1/calls/nobody/hang-up").status == 409);
  CHECK(world.ask_with_key("POST", "/api/v1/recordings/none/pause").status == 404);
}

TEST_CASE("audio comes whole, in ranges, and not past its end") {
  World world;
  world.commit(one_call());
  const std::string path = "/api/v1/recordings/eyJyZWMi/audio";

  auto whole = world.ask_with_key("GET", path);
  CHECK(whole.status == 200);
  CHECK(whole.headers.get("Content-Type") == "audio/wav");
  CHECK(whole.stream_length == 54);
  const std::string body = world.body_of(whole);
  CHECK(body.substr(0, 4) == "RIFF");
  CHECK(body.substr(44) == "0123456789");

  auto part = world.ask_with_key("GET", path, {{"Range", "bytes=46-48"}});
  CHECK(part.status == 206);
  CHECK(part.headers.get("Content-Range") == "bytes 46-48/54");
  CHECK(world.body_of(part) == "234");

  CHECK(world.ask_with_key("GET", path, {{"Range", "bytes=54-"}}).status == 416);
  const std::string etag(whole.headers.get("ETag"));
  CHECK(world.ask_with_key("GET", path, {{"Range", "bytes=0-0"}, {"If-Range", etag}}).status ==
        206);
  CHECK(
      world.ask_with_key("GET", path, {{"Range", "bytes=0-0"}, {"If-Range", "\"other\""}}).status ==
      200);
}

TEST_CASE("a verdict comes with its evidence, by number, and is pending until there is one") {
  World world;
  Changes changes = one_call();
  Call& call = changes.calls.front();
  call.phase = CallPhase::ended;
  call.connected_at = call.received_at;
  call.ended_at = call.received_at + 40s;
  const std::string path = "/api/v1/calls/" + call.id.text;
  Verdict first{.call = call.id, .number = 1, .at = call.received_at + 1min};
  first.kind = VerdictKind::gapped;
  first.by_acs = first.by_bridge = true;
  first.numbers.lost = 2500ms;
  first.gaps.push_back({.from = 10s, .to = 12500ms, .cause = GapCause::chunk_missing});
  first.findings.push_back({.kind = FindingKind::missing_index,
                            .recording = {},
                            .chunk = ChunkIndex{1},
                            .party = {},
                            .detail = "chunk 1 is not there, chunk 2 is"});
  first.timeline = {
      .to = 40s,
      .spans = {
          {.from = 10s, .to = 12500ms, .kind = SpanKind::gap, .cause = GapCause::chunk_missing}}};
  world.commit(std::move(changes));
  CHECK(world.ask_with_key("GET", path + "/verdict").body.find(R"("kind":"pending")") !=
        std::string::npos);
  CHECK(world.ask_with_key("GET", path).body.find(R"("verdict":{"kind":"pending"})") !=
        std::string::npos);
  Verdict second{.call = first.call, .number = 2, .at = first.at + 1h};
  second.kind = VerdictKind::complete;
  second.by_acs = true;
  Changes given;
  given.verdicts = {first, second};
  world.commit(std::move(given));

  const auto newest = world.ask_with_key("GET", path + "/verdict");
  CHECK(newest.status == 200);
  CHECK(newest.body.find(R"("kind":"complete")") != std::string::npos);
  CHECK(newest.body.find(R"("witnesses":["acs"],"corroborated":false)") != std::string::npos);
  const auto earlier = world.ask_with_key("GET", path + "/verdict?number=1");
  CHECK(earlier.body.find(R"("kind":"gapped")") != std::string::npos);
  CHECK(earlier.body.find(R"("cause":"chunk_missing")") != std::string::npos);
  CHECK(earlier.body.find("chunk 1 is not there, chunk 2 is") != std::string::npos);
  CHECK(world.ask_with_key("GET", path + "/timeline?number=1").body.find(R"("kind":"gap")") !=
        std::string::npos);
  CHECK(world.ask_with_key("GET", path + "/verdict?number=3").status == 404);
  CHECK(world.ask_with_key("GET", path + "/verdict?number=first").status == 400);
  CHECK(world.ask_with_key("GET", "/api/v1/recordings/eyJyZWMi").body.find(R"("number":2)") !=
        std::string::npos);
}

TEST_CASE("a call that is over can be judged again, one that lasts cannot") {
  World world;
  Changes changes = one_call();
  const std::string path = "/api/v1/calls/" + changes.calls.front().id.text + "/verify";
  Call call = changes.calls.front();
  world.commit(std::move(changes));
  CHECK(world.ask_with_key("POST", path).status == 409);
  CHECK(world.ask_with_key("POST", "/api/v1/calls/unknown/verify").status == 404);
  call.version = 1;
  call.phase = CallPhase::ended;
  Changes over;
  over.calls.push_back(call);
  world.commit(std::move(over));
  CHECK(world.ask_with_key("POST", path).status == 202);
  const auto due = world.runtime.run_for(world.store.next_due());
  CHECK((due && due->has_value()));
}

TEST_CASE(
    "a call's audio is all that was recorded of it, and the source and channels can be chosen") {
  World world;
  world.commit(one_call());
  const std::string call = "/api/v1/calls/5f1e0c00-1111-4222-8333-444455556666/audio";
  const std::string recording = "/api/v1/recordings/eyJyZWMi/audio";

  auto of_call = world.ask_with_key("GET", call);
  CHECK(of_call.status == 200);
  CHECK(world.body_of(of_call).substr(44) == "0123456789");
  CHECK(world.ask_with_key("GET", recording + "?channels=0").status == 200);
  CHECK(world.ask_with_key("GET", recording + "?channels=mixed").status == 200);
  // The file is mixed, and has one channel only.
  CHECK(world.ask_with_key("GET", recording + "?channels=caller").status == 409);
  CHECK(world.ask_with_key("GET", recording + "?channels=1").status == 404);
  CHECK(world.ask_with_key("GET", recording + "?source=tap").status == 404);
  CHECK(world.ask_with_key("GET", recording + "?source=repaired").status == 409);
  for (const char* query : {"source=best", "channels=left", "channels=-1", "channels=64"}) {
    CAPTURE(query);
    auto response = world.ask_with_key("GET", recording + "?" + query);
    CHECK(response.status == 400);
    CHECK(response.body.find("takes") != std::string::npos);
  }
  CHECK(world.ask("GET", call).status == 401);
}

TEST_CASE("the key of manifests is told, and one that is not written yet is 404") {
  World world;
  world.commit(one_call());

  auto keys = world.ask_with_key("GET", "/api/v1/keys");
  CHECK(keys.status == 200);
  const auto present =
      keys.body.find(R"("publicKey":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")");
  const auto former =
      keys.body.find(R"("publicKey":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=")");
  REQUIRE(present != std::string::npos);
  REQUIRE(former != std::string::npos);
  CHECK(present < former);

  const std::string path = "/api/v1/recordings/eyJyZWMi/manifest";
  CHECK(world.ask_with_key("GET", path).status == 404);
  CHECK(world.ask_with_key("GET", path + "?number=none").status == 400);
  // The recording's folder is not known, so it stands beside the bridge's witnesses.
  BlobWrite write{.name = {"20260302/earshot/5f1e0c00-1111-4222-8333-444455556666/manifest-3.json"},
                  .bytes = {'{', '}'}};
  REQUIRE(world.runtime.run_for(world.blobs.put(std::move(write))).has_value());
  auto third = world.ask_with_key("GET", path + "?number=3");
  CHECK(third.status == 200);
  CHECK(third.body == "{}");
}
