#include "calls/call_links.hpp"

#include "calls/known_calls.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::calls;

TEST_CASE("a call's addresses name the call and carry its key") {
  const Call call{.id = {"id"}, .link_key = "key"};

  CHECK(callback_uri("https://a.example/", call) == "https://a.example/api/callbacks/id?k=key");
  CHECK(recording_state_uri("https://a.example", call) ==
        "https://a.example/api/callbacks?c=id&k=key");
  CHECK(media_uri("https://a.example", call) == "wss://a.example/ws/id?k=key");
}

TEST_CASE("media goes unencrypted only where the host is plain http") {
  const Call call{.id = {"id"}, .link_key = "key"};

  CHECK(media_uri("http://127.0.0.1:8080", call) == "ws://127.0.0.1:8080/ws/id?k=key");
}

TEST_CASE("the oldest known call is forgotten first") {
  KnownCalls known(2);
  known.remember({.id = {"a"}, .link_key = "1"});
  known.remember({.id = {"b"}, .link_key = "2", .resource = "weu"});
  known.remember({.id = {"a"}, .link_key = "1"});

  known.remember({.id = {"c"}, .link_key = "3"});

  CHECK_FALSE(known.find({"a"}).has_value());
  REQUIRE(known.find({"b"}).has_value());
  CHECK(known.find({"b"})->link_key == "2");
  CHECK(known.find({"b"})->resource == "weu");
  REQUIRE(known.find({"c"}).has_value());
  CHECK(known.find({"c"})->link_key == "3");
}
