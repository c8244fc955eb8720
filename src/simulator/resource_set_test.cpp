#include "simulator/resource_set.hpp"

#include "net/testing/memory_network.hpp"
#include "net/testing/test_runtime.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::simulator;

namespace {

Result<std::vector<AcsOptions>> options_for(const std::vector<std::string>& texts,
                                            AcsOptions shared = {.port = 7788}) {
  std::vector<ResourceWish> wishes;
  wishes.reserve(texts.size());
  for (const auto& text : texts) {
    auto wish = parse_resource(text);
    if (!wish) return Failure(wish.error());
    wishes.push_back(std::move(*wish));
  }
  return options_of_each(shared, wishes);
}

}  // namespace

TEST_CASE("resources get ports, keys, audiences and topics of their own by their place") {
  const auto all = options_for({"weu:number=+15550199", "jpe:number=+15550299,number=+15550298"});
  REQUIRE(all.has_value());
  REQUIRE(all->size() == 2);
  const AcsOptions& weu = (*all)[0];
  const AcsOptions& jpe = (*all)[1];
  CHECK(weu.port == 7788);
  CHECK(jpe.port == 7789);
  CHECK(jpe.label == "jpe");
  CHECK(jpe.numbers == std::vector<std::string>{"+15550299", "+15550298"});
  CHECK(weu.access_key_base64 == AcsOptions{}.access_key_base64);
  CHECK(weu.access_key_base64 != jpe.access_key_base64);
  CHECK(weu.identity.audience != jpe.identity.audience);
  CHECK(jpe.events.topic.ends_with("/simulator-jpe"));
}

TEST_CASE("a resource may be told everything") {
  const auto all = options_for(
      {"weu:number=+15550199",
       "jpe:port=9000,key=c2VjcmV0LWtleS0x,audience=a-1,topic=/x/y,url=https://jpe,number=+1"});
  REQUIRE(all.has_value());
  const AcsOptions& jpe = (*all)[1];
  CHECK(jpe.port == 9000);
  CHECK(jpe.access_key_base64 == "c2VjcmV0LWtleS0x");
  CHECK(jpe.identity.audience == "a-1");
  CHECK(jpe.events.topic == "/x/y");
  CHECK(jpe.public_url == "https://jpe");
}

TEST_CASE("resources that cannot be meant, or not be told apart, are refused") {
  for (const char* text : {"", "weu", "weu:", ":number=+1", "WEU:number=+1",
                           "weu:number=", "weu:port=0,number=+1", "weu:port=x,number=+1",
                           "weu:key=!!,number=+1", "weu:colour=red,number=+1", "weu:number=+1,,"}) {
    CAPTURE(text);
    const auto wish = parse_resource(text);
    REQUIRE_FALSE(wish.has_value());
    CHECK(wish.error().kind == ErrorKind::invalid);
  }
  const std::string weu = "weu:number=+1";
  for (const char* other : {"weu:number=+2", "jpe:number=+1", "jpe:number=+2,port=7788",
                            "jpe:number=+2,audience=0a1b2c3d-0000-4000-8000-000000000001"}) {
    CAPTURE(other);
    CHECK_FALSE(options_for({weu, other}).has_value());
  }
  CHECK_FALSE(options_for({weu}, {.port = 7788, .public_url = "http://x"}).has_value());
}

TEST_CASE("a number finds its resource, and an application is told of all of them") {
  net::TestRuntime runtime;
  net::MemoryNetwork network;
  SeededRandom random(1);
  NullLog log;
  Counters counters;
  const auto http = net::make_http_client(network, runtime.executor(), runtime.clock());
  const SimulatorServices services{
      network, runtime.executor(), runtime.clock(), random, log, counters, *http};
  const auto none = [] { return std::unique_ptr<ChunkStore>(); };

  const ResourceSet two(services, *options_for({"weu:number=+1", "jpe:number=+2"}), none);
  CHECK(two.of_number("+2") == two.all()[1].get());
  CHECK(two.of_number("+3") == nullptr);
  CHECK(two.numbers_text() == "weu +1, jpe +2");
  const auto told = two.environment("/tmp/r.json");
  REQUIRE(told.size() == 2);
  CHECK(told[0].second == "127.0.0.1:7788,127.0.0.1:7789");
  CHECK(told[1] == std::pair<std::string, std::string>{"ACS_RESOURCES_FILE", "/tmp/r.json"});
  const auto file = boost::json::parse(two.resources_file());
  REQUIRE(file.at("resources").as_array().size() == 2);
  const auto& jpe = file.at("resources").as_array()[1];
  CHECK(jpe.at("label").as_string() == "jpe");
  CHECK(jpe.at("connectionString").as_string().starts_with("endpoint=http://127.0.0.1:7789/;"));
  CHECK(jpe.at("openIdConfigUrl").as_string().starts_with("http://127.0.0.1:7789/"));

  const ResourceSet one(services, *options_for({}), none);
  CHECK(one.of_number("+3") == &one.first());
  CHECK(one.environment({}) == one.first().environment());
}
