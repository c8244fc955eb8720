#include "net/http_message.hpp"

#include <doctest/doctest.h>

using namespace earshot::net;

TEST_CASE("header names compare without case and keep their order") {
  HttpHeaders headers{{"Content-Type", "a"}, {"x-one", "1"}, {"X-ONE", "2"}};

  CHECK(headers.get("content-type") == "a");
  CHECK(headers.get("X-One") == "1");
  CHECK_FALSE(headers.find("x-on").has_value());
  CHECK(headers.get("absent").empty());
}

TEST_CASE("setting a header replaces every field of that name") {
  HttpHeaders headers{{"A", "1"}, {"b", "2"}, {"a", "3"}};

  headers.set("a", "4");

  CHECK(headers.size() == 2);
  CHECK(headers.get("A") == "4");
}

TEST_CASE("a query parameter is the first of its name, decoded") {
  HttpRequest request;
  request.target = "/x?k=a%2Bb+c&k=second&empty=&bare";

  CHECK(request.query("k") == "a+b c");
  CHECK(request.query("empty") == "");
  CHECK(request.query("bare") == "");
  CHECK_FALSE(request.query("K").has_value());
}
