#include "domain/acs_resources.hpp"

#include <doctest/doctest.h>

using namespace earshot;

namespace {

std::string id_of(std::string_view name) {
  return "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Communication/"
         "CommunicationServices/" +
         std::string(name);
}

const AcsResources two{{{"weu", id_of("voice-weu")}, {"jpe", id_of("voice-jpe")}}};

}  // namespace

TEST_CASE("an event is of the resource that its topic names, in whichever case Azure writes it") {
  CHECK(two.label_of(id_of("voice-jpe")) == "jpe");
  CHECK(two.label_of(id_of("VOICE-weu") + "/") == "weu");
  CHECK(two.label_of("/SUBSCRIPTIONS/S/resourcegroups/RG/providers/microsoft.communication/"
                     "communicationservices/voice-jpe") == "jpe");
}

TEST_CASE("of several resources an unknown topic is none, and a part of an id is unknown") {
  CHECK_FALSE(two.label_of(id_of("voice-use")).has_value());
  CHECK_FALSE(two.label_of(id_of("voice-jpe2")).has_value());
  CHECK_FALSE(two.label_of("voice-jpe").has_value());
  CHECK_FALSE(two.label_of("").has_value());
}

TEST_CASE("where one resource is left and its id is known, the others' events are not of it") {
  const AcsResources one{{{"west", id_of("west")}}};
  CHECK(one.label_of(id_of("west")) == "west");
  CHECK_FALSE(one.label_of(id_of("east")).has_value());
}

TEST_CASE("where there is one resource without an id, every event is of it") {
  const AcsResources one{{{"default", ""}}};

  CHECK(one.label_of(id_of("whatever")) == "default");
  CHECK(one.label_of("") == "default");
}

TEST_CASE("a stored label finds its resource, or none when that is configured no longer") {
  CHECK(two.place_of("jpe") == 1);
  CHECK_FALSE(two.place_of("use").has_value());
  CHECK_FALSE(two.place_of(unknown_resource_label(id_of("weu"))).has_value());
}

TEST_CASE("a call stored before resources had labels is the first resource's") {
  CHECK(two.place_of("") == 0);
}

TEST_CASE("a label is short and plain, so that it can name a metric") {
  CHECK(is_resource_label("default"));
  CHECK(is_resource_label("west-europe-2"));
  for (const auto* text : {"", "-a", "a-", "West", "a b", "ü", "?a", "a_b"})
    CHECK_FALSE(is_resource_label(text));
  CHECK_FALSE(is_resource_label(std::string(33, 'a')));
}

TEST_CASE("what is stored of an unknown resource is no label, and not of any length") {
  CHECK(unknown_resource_label(id_of("voice-use")) == "?voice-use");
  CHECK(unknown_resource_label("") == "?");
  CHECK(unknown_resource_label(std::string(500, 'x')).size() == 65);
  CHECK_FALSE(is_resource_label(unknown_resource_label(id_of("voice-use"))));
}
