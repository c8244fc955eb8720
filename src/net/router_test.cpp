#include "net/router.hpp"

#include "base/invariant.hpp"
#include "net/websocket.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::net;

namespace {

Task<HttpResponse> answer(HttpRequest) { co_return text_response(200, "x"); }
Task<void> hold(HttpRequest, std::unique_ptr<WebSocket>) { co_return; }

Router example() {
  Router router;
  router.add("POST", "/api/callbacks", answer);
  router.add("GET", "/api/callbacks", answer);
  router.add("POST", "/api/callbacks/{contextId}", answer, {.body_bytes_max = 7});
  router.add("GET", "/files/{rest*}", answer);
  router.add_websocket("/ws/{contextId}", nullptr, hold);
  return router;
}

std::string parameter(const Router::Match& match) {
  return match.parameters.empty() ? "none" : match.parameters.front().second;
}

}  // namespace

TEST_CASE("a request goes to the route of its method and path") {
  const Router router = example();

  const auto match = router.match("POST", "/api/callbacks/abc", false);

  REQUIRE(match.handler != nullptr);
  CHECK(match.body_bytes_max == 7);
  CHECK(match.parameters.front().first == "contextId");
  CHECK(parameter(match) == "abc");
}

TEST_CASE("HEAD goes to the GET route") {
  CHECK(example().match("HEAD", "/api/callbacks", false).handler != nullptr);
}

TEST_CASE("a known path with another method says which ones there are, each once") {
  const auto match = example().match("DELETE", "/api/callbacks", false);

  CHECK(match.handler == nullptr);
  CHECK(match.allowed_methods == "POST, GET, HEAD");
  CHECK(example().match("DELETE", "/nowhere", false).allowed_methods.empty());
}

TEST_CASE("an encoded slash stays inside its segment") {
  const Router router = example();

  CHECK(parameter(router.match("POST", "/api/callbacks/a%2Fb", false)) == "a/b");
  CHECK(router.match("POST", "/api%2Fcallbacks", false).handler == nullptr);
  CHECK(router.match("POST", "/api/callback%73", false).handler != nullptr);
}

TEST_CASE("the rest of a path keeps its slashes, encoded ones too") {
  CHECK(parameter(example().match("GET", "/files/a%2Fb/c", false)) == "a/b/c");
  CHECK(parameter(example().match("GET", "/files/a/b%20c.js", false)) == "a/b c.js");
  CHECK(parameter(example().match("GET", "/files/", false)) == "");
}

TEST_CASE("a hostile path matches nothing, not even the fallback") {
  Router router = example();
  router.set_fallback(answer);

  for (const char* path :
       {"/files/../secret", "/files/%2e%2e/secret", "/files/a%00b", "/files/%", "/files/%zz", "",
        "files/a", "/./files/a", "/files/.", "/files/..%2Fsecret", "/files/a%2f.%2fb"}) {
    CAPTURE(path);
    CHECK(router.match("GET", path, false).handler == nullptr);
  }
  CHECK(router.match("GET", "/" + std::string(1000, '/'), false).handler == nullptr);
}

TEST_CASE("an empty segment is no parameter") {
  CHECK(example().match("POST", "/api/callbacks/", false).handler == nullptr);
}

TEST_CASE("a WebSocket route is seen by upgrades only") {
  const Router router = example();

  CHECK(router.match("GET", "/ws/abc", true).websocket != nullptr);
  CHECK(router.match("GET", "/ws/abc", false).websocket == nullptr);
  CHECK(router.match("GET", "/api/callbacks", true).handler != nullptr);
}

TEST_CASE("an upgrade finds its route behind one that takes everything") {
  Router router;
  router.add("GET", "/{rest*}", answer);
  router.add_websocket("/ws", nullptr, hold);
  CHECK(router.match("GET", "/ws", true).websocket != nullptr);
  CHECK(router.match("GET", "/ws", false).handler != nullptr);
  CHECK(router.match("GET", "/other", true).handler != nullptr);
}

TEST_CASE("what no route knows goes to the fallback") {
  Router router = example();
  CHECK(router.match("GET", "/nowhere", false).handler == nullptr);

  router.set_fallback(answer);

  CHECK(router.match("GET", "/nowhere", false).handler != nullptr);
  CHECK(router.match("DELETE", "/api/callbacks", false).handler == nullptr);
}

TEST_CASE("a pattern that takes the rest in its middle is a bug") {
  Router router;
  CHECK_THROWS_AS(router.add("GET", "/{rest*}/x", answer), InvariantBroken);
  CHECK_THROWS_AS(router.add("GET", "x", answer), InvariantBroken);
}
