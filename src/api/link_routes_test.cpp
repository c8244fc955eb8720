#include "api/link_routes.hpp"

#include "api/merge_routes.hpp"
#include "api/rest_api.hpp"
#include "api/testing/fixed_source.hpp"
#include "blob/memory_blob_store.hpp"
#include "net/testing/test_runtime.hpp"
#include "store/memory_store.hpp"
#include "store/memory_tap_spool.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::api;

namespace {

constexpr const char* key = "0123456789abcdef0123";
constexpr const char* host = "https://voice.example.com";
constexpr const char* call_id = "5f1e0c00-1111-4222-8333-444455556666";

struct NoOperations : calls::CallOperations {
  Task<Result<void>> hang_up(ContextId) override { return refuse(); }
  Task<Result<void>> pause_recording(ContextId) override { return refuse(); }
  Task<Result<void>> resume_recording(ContextId) override { return refuse(); }
  Task<Result<void>> stop_recording(ContextId) override { return refuse(); }
  std::vector<calls::CallDiagnosticsRow> diagnostics() const override { return {}; }
  Task<Result<void>> refuse() { co_return fail(ErrorKind::conflict, "not here"); }
};

struct NoAlerts : AlertSink {
  void raise(const Alert&) override {}
};

struct FixedBlobLinks : BlobLinks {
  Task<Result<BlobLink>> make_link(BlobLinkRequest request) override {
    asked = request;
    if (!possible) co_return fail(ErrorKind::conflict, "storage can make no links");
    co_return BlobLink{.url = Secret("https://storage.example.com/" + request.name.text + "?sig=s"),
                       .expires_at = request.expires_at};
  }
  bool possible = true;
  BlobLinkRequest asked;
};

struct World {
  World() {
    const auto as_it_is = [](net::HttpHandler handler) { return handler; };
    api.add_routes(router, as_it_is);
    merge_routes.add_routes(router, as_it_is);
    routes.add_routes(router, as_it_is);
    Changes changes;
    Call call;
    call.id = {call_id};
    call.phase = CallPhase::ended;
    changes.calls.push_back(call);
    for (const char* id : {"eyJyZWMi", "eyJvdGhlciI"}) {
      const Recording recording{.id = {id}, .call = call.id};
      changes.recordings.push_back(recording);
      changes.chunks.push_back(
          {.recording = recording.id,
           .audio = {"20260302/x/y/0-audiowav.wav"},
           .metadata = {"20260302/x/y/0-acsmetadata.json"},
           .bytes = 54,
           .format = {.sample_rate_hz = 16000, .channels = 1, .bits_per_sample = 16},
           .data_offset = 44,
           .data_bytes = 10});
    }
    REQUIRE(runtime.run_for(store.commit(std::move(changes))).has_value());
  }
  net::HttpResponse send(std::string method, std::string target, std::string body = "",
                         net::HttpHeaders headers = {}) {
    net::HttpRequest request{.method = std::move(method), .target = std::move(target)};
    request.path = request.target.substr(0, request.target.find('?'));
    request.headers = std::move(headers);
    request.body = std::move(body);
    const auto match = router.match(request.method, request.path, false);
    if (match.handler == nullptr) return net::text_response(405, match.allowed_methods);
    request.path_parameters = match.parameters;
    return runtime.run_for((*match.handler)(std::move(request)));
  }
  net::HttpResponse ask_link(const std::string& body, const std::string& recording = "eyJyZWMi") {
    return send("POST", "/api/v1/recordings/" + recording + "/links", body,
                {{"Authorization", std::string("Bearer ") + key}});
  }
  // The target of the link that was made.
  std::string link(const std::string& body) {
    const auto response = ask_link(body);
    REQUIRE(response.status == 200);
    const std::string url(boost::json::parse(response.body).at("url").as_string());
    REQUIRE(url.starts_with(host));
    return url.substr(std::string(host).size());
  }
  std::vector<JournalEntry> journal() { return *runtime.run_for(store.journal_of({call_id})); }

  net::TestRuntime runtime;
  SeededRandom random{1};
  store::MemoryStore store{random};
  Counters counters;
  MemoryLog log;
  NoOperations operations;
  FixedSource source;
  blob::MemoryBlobStore blobs{runtime.clock()};
  store::MemoryTapSpool spool;
  const recording::AudioOpener::Services opening{store, source, blobs, spool};
  recording::RecordingQueries recordings{opening};
  recording::AudioOpener opener{opening};
  recording::Merges merges{
      {store, store, recordings, opener, blobs, runtime.clock(), counters, log}};
  NoAlerts alerts;
  InlineOffload offload;
  recording::CallVerifier verifier{
      {store, source, spool, blobs, store, alerts, runtime.clock(), counters, log, offload}};
  SignedLinks links{{Secret(std::string(32, 's'))}, host, runtime.clock(), counters};
  RestApi api{{.store = store,
               .lists = store,
               .counters = counters,
               .log = log,
               .operations = operations,
               .recordings = recordings,
               .verifier = verifier,
               .links = &links},
              Secret(key),
              "0.1.0"};
  MergeRoutes merge_routes{merges, Secret(key), counters, log, &links};
  FixedBlobLinks blob_links;
  LinkRoutes routes{{store, recordings, merges, blob_links, links, runtime.clock(), counters, log},
                    Secret(key),
                    std::chrono::seconds(3600)};
  net::Router router;
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a link opens the audio without the key, whole and in ranges, until it ends") {
  World world;
  const auto made = world.ask_link(R"({"what":"audio","source":"acs","expiresInSeconds":60})");
  REQUIRE(made.status == 200);
  CHECK(made.headers.get("Cache-Control") == "no-store");
  CHECK(has(made.body, R"("expiresAt":"2026-03-02T09:16:00.000000Z")"));
  const auto target = world.link(R"({"expiresInSeconds":60})");
  CHECK(target.starts_with("/api/v1/recordings/eyJyZWMi/audio?source=acs&expires="));

  CHECK(world.send("GET", target).status == 200);
  CHECK(world.send("HEAD", target).status == 200);
  const auto part = world.send("GET", target, "", {{"Range", "bytes=46-48"}});
  CHECK(part.status == 206);
  CHECK(part.headers.get("Content-Range") == "bytes 46-48/54");

  world.runtime.advance(60s);
  const auto late = world.send("GET", target);
  CHECK(late.status == 403);
  CHECK(has(late.body, "link_expired"));
  // Who has the key needs no link.
  CHECK(world.send("GET", target, "", {{"X-Api-Key", key}}).status == 200);
}

TEST_CASE("a link opens nothing else, and lets nothing be done") {
  World world;
  const auto target = world.link(R"({"channels":0})");
  const auto query = target.substr(target.find('?'));

  for (const char* other :
       {"/api/v1/recordings/eyJvdGhlciI/audio", "/api/v1/recordings/eyJyZWMi/merges/1/audio"}) {
    CAPTURE(other);
    const auto refused = world.send("GET", other + query);
    CHECK(refused.status == 403);
    CHECK(has(refused.body, "link_invalid"));
  }
  for (const char* other : {"/api/v1/recordings/eyJyZWMi", "/api/v1/recordings/eyJyZWMi/manifest",
                            "/api/v1/recordings", "/metrics"}) {
    CAPTURE(other);
    CHECK(world.send("GET", other + query).status == 401);
  }
  CHECK(world.send("POST", "/api/v1/recordings/eyJyZWMi/stop" + query).status == 401);
  CHECK(world.send("POST", "/api/v1/recordings/eyJyZWMi/links" + query).status == 401);
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"})
    CHECK(world.send(method, target).status == 405);
}

TEST_CASE("another source, other channels or a later end are refused") {
  World world;
  const auto target = world.link(R"({"source":"acs","channels":0})");
  const auto changed = [&](std::string_view from, std::string_view to) {
    auto other = target;
    other.replace(other.find(from), from.size(), to);
    return world.send("GET", other);
  };
  CHECK(world.send("GET", target).status == 200);
  for (const auto& [from, to] : {std::pair{"source=acs", "source=tap"},
                                 {"channels=0", "channels=1"},
                                 {"&channels=0", ""},
                                 {"expires=1", "expires=2"}}) {
    CAPTURE(to);
    const auto refused = changed(from, to);
    CHECK(refused.status == 403);
    CHECK(has(refused.body, "link_invalid"));
    CHECK_FALSE(has(refused.body, "signature="));
  }
  // No link at all is a request without the key.
  CHECK(world.send("GET", target.substr(0, target.find("&expires"))).status == 401);
}

TEST_CASE("a link to a chunk or its metadata is storage's own, for that blob") {
  World world;
  const auto response = world.ask_link(R"({"what":"chunk","chunkIndex":0,"expiresInSeconds":120})");
  REQUIRE(response.status == 200);
  CHECK(has(response.body, "https://storage.example.com/20260302/x/y/0-audiowav.wav?sig=s"));
  CHECK(world.blob_links.asked.file_name == "0-audiowav.wav");
  CHECK(world.blob_links.asked.expires_at == world.runtime.clock().wall_now() + 120s);
  REQUIRE(world.ask_link(R"({"what":"metadata","chunkIndex":0})").status == 200);
  CHECK(world.blob_links.asked.name.text == "20260302/x/y/0-acsmetadata.json");
  CHECK(world.ask_link(R"({"what":"chunk","chunkIndex":1})").status == 404);

  world.blob_links.possible = false;
  const auto refused = world.ask_link(R"({"what":"chunk","chunkIndex":0})");
  CHECK(refused.status == 409);
  CHECK(has(refused.body, "storage can make no links"));
}

TEST_CASE("each link is in the journal and counted, and none is in a log") {
  World world;
  const auto target = world.link(R"({"expiresInSeconds":60})");
  REQUIRE(world.ask_link(R"({"what":"chunk","chunkIndex":0})").status == 200);
  CHECK(world.send("GET", target).status == 200);
  CHECK(world.send("GET", target + "x").status == 403);
  world.runtime.advance(1h);
  CHECK(world.send("GET", target).status == 403);

  const auto journal = world.journal();
  REQUIRE(journal.size() == 2);
  CHECK(journal[0].type == "link made");
  CHECK(journal[0].detail ==
        R"({"recording":"eyJyZWMi","what":"audio acs all","until":"2026-03-02T09:16:00.000000Z"})");
  CHECK(has(journal[1].detail, R"("what":"chunk 0")"));
  const auto metrics = world.counters.render();
  CHECK(has(metrics, R"(earshot_links_made_total{what="audio"} 1)"));
  CHECK(has(metrics, R"(earshot_links_made_total{what="chunk"} 1)"));
  CHECK(has(metrics, "earshot_links_used_total 1"));
  CHECK(has(metrics, R"(earshot_links_refused_total{why="expired"} 1)"));
  CHECK(has(metrics, R"(earshot_links_refused_total{why="invalid"} 1)"));
  const auto signature = target.substr(target.find("&signature=") + 11);
  CHECK(world.log.contains("link made"));
  for (const auto& secret : {signature, std::string("signature"), std::string("sig=s")}) {
    CHECK_FALSE(world.log.contains(secret));
    for (const auto& entry : journal) CHECK_FALSE(has(entry.detail, secret));
  }
}

TEST_CASE("what cannot be had is told before a link to it is given") {
  World world;
  CHECK(world.ask_link("{}", "nobody").status == 404);
  CHECK(world.ask_link(R"({"source":"tap"})").status == 404);
  CHECK(world.ask_link(R"({"what":"merge","number":1})").status == 404);
  CHECK(world.send("POST", "/api/v1/recordings/eyJyZWMi/links", "{}").status == 401);
  for (const char* body :
       {"no json", "[]", R"({"what":"call"})", R"({"what":1})", R"({"what":"chunk"})",
        R"({"what":"merge"})", R"({"what":"merge","number":0})",
        R"({"what":"chunk","chunkIndex":-1})", R"({"what":"chunk","chunkIndex":"0"})",
        R"({"what":"chunk","chunkIndex":0,"source":"acs"})", R"({"source":"mine"})",
        R"({"channels":"both"})", R"({"chunkIndex":0})", R"({"expiresInSeconds":0})",
        R"({"expiresInSeconds":3601})", R"({"expiresInSeconds":"900"})",
        R"({"expiresInSeconds":1e9})"}) {
    CAPTURE(body);
    CHECK(world.ask_link(body).status == 400);
  }
  CHECK(world.journal().empty());
}
