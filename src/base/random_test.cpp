#include "base/random.hpp"

#include <doctest/doctest.h>
#include <set>

using namespace earshot;

TEST_CASE("a made UUID is a UUID of version 4") {
  SeededRandom random(7);
  for (int i = 0; i < 100; ++i) {
    const std::string id = make_uuid(random);
    CAPTURE(id);
    CHECK(is_uuid(id));
    CHECK(id[14] == '4');
    CHECK(std::string_view("89ab").find(id[19]) != std::string_view::npos);
  }
}

TEST_CASE("UUIDs and tokens of one generator differ") {
  SeededRandom random(7);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(make_uuid(random));
    seen.insert(make_token(random));
  }
  CHECK(seen.size() == 2000);
}

TEST_CASE("the same seed gives the same ids") {
  SeededRandom one(42);
  SeededRandom two(42);
  CHECK(make_uuid(one) == make_uuid(two));
}

TEST_CASE("what only resembles a UUID is not one") {
  CHECK(is_uuid("5F1E0C00-1111-4222-8333-444455556666"));
  for (const char* text :
       {"", "5f1e0c00-1111-4222-8333-44445555666", "5f1e0c00-1111-4222-8333-4444555566666",
        "5f1e0c00-1111-4222-8333-44445555666g", "5f1e0c00a1111-4222-8333-444455556666",
        "5f1e0c00-1111-4222-8333-44445555-666", "{f1e0c00-1111-4222-8333-44445555666}"}) {
    CAPTURE(text);
    CHECK_FALSE(is_uuid(text));
  }
}

TEST_CASE("a token is 43 characters that need no escaping in a URL") {
  SystemRandom random;
  const std::string token = make_token(random);
  CHECK(token.size() == 43);
  CHECK(
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
      std::string::npos);
}

TEST_CASE("a random fraction is at least zero and below one") {
  SeededRandom random(3);
  for (int i = 0; i < 1000; ++i) {
    const double value = random.next_unit();
    CHECK(value >= 0.0);
    CHECK(value < 1.0);
    CHECK(random.next_below(5) < 5);
  }
}
