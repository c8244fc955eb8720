#include "app/config.hpp"
#include "tests/contract/temporary_directory.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>

using namespace earshot;
using namespace earshot::app;

namespace {

constexpr const char* id =
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Communication/CommunicationServices/";

struct Place {
  ConfigResult load(const std::string& json, Environment more = {}) {
    const auto path = directory.path() / "resources.json";
    std::ofstream(path) << json;
    std::filesystem::permissions(path, std::filesystem::perms(mode));
    Environment environment{
        {"ACS_CONNECTION_STRING",
         "endpoint=https://weu.communication.azure.com/;accesskey=MDEyMzQ1Njc4OWFiY2RlZg=="},
        {"ACS_TOKEN_AUDIENCE", "0a1b2c3d-0000-4000-8000-000000000001"},
        {"ACS_LABEL", "weu"},
        {"ACS_RESOURCE_ID", std::string(id) + "voice-weu"},
        {"CALLBACK_URI_HOST", "https://voice.example.com/"},
        {"AZURE_VOICE_LIVE_ENDPOINT", "https://demo.services.ai.azure.com"},
        {"EVENT_GRID_SECRET", "0123456789abcdef"},
        {"EARSHOT_API_KEY", "0123456789abcdef0123"},
        {"ACS_RESOURCES_FILE", path.string()}};
    for (auto& [name, value] : more) environment[name] = value;
    return load_config(environment, {});
  }
  contract::TemporaryDirectory directory;
  unsigned mode = 0600;
};

std::string jpe(const std::string& more = {}) {
  return R"({"label": "jpe",
    "resourceId": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Communication/CommunicationServices/voice-jpe",
    "connectionString": "endpoint=https://jpe.communication.azure.com/;accesskey=c2VjcmV0LWtleQ==",
    "tokenAudience": ["0a1b2c3d-0000-4000-8000-000000000002"])" +
         more + "}";
}
std::string file_of(const std::string& entries) { return R"({"resources": [)" + entries + "]}"; }

bool has_fault(const ConfigResult& result, std::string_view words,
               std::string_view variable = "ACS_RESOURCES_FILE") {
  return std::ranges::any_of(result.faults, [&](const ConfigFault& fault) {
    return fault.variable == variable &&
           (fault.problem + fault.remedy).find(words) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("the resource of the variables comes first, those of the file follow") {
  Place place;

  const auto result = place.load(file_of(jpe() + R"(, {"label": "use",
    "resourceId": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Communication/CommunicationServices/voice-use",
    "endpoint": "https://use.communication.azure.com",
    "tokenAudience": "0a1b2c3d-0000-4000-8000-000000000003",
    "tokenIssuer": "https://issuer.example.com",
    "openIdConfigUrl": "https://keys.example.com/openid"})"));

  CHECK(describe_faults(result.faults).starts_with("0 faults"));
  CHECK(result.warnings.empty());
  const auto& resources = result.config.acs_resources;
  REQUIRE(resources.size() == 3);
  CHECK(resources[0].label == "weu");
  CHECK(resources[0].id == std::string(id) + "voice-weu");
  CHECK(resources[1].label == "jpe");
  CHECK(resources[1].connection_string.reveal().find("c2VjcmV0LWtleQ==") != std::string::npos);
  CHECK(resources[1].token_issuer == "https://acscallautomation.communication.azure.com");
  CHECK(resources[1].openid_config_url == resources[0].openid_config_url);
  CHECK(resources[2].connection_string.empty());
  CHECK(resources[2].endpoint == "https://use.communication.azure.com");
  CHECK(resources[2].token_audiences ==
        std::vector<std::string>{"0a1b2c3d-0000-4000-8000-000000000003"});
  CHECK(resources[2].token_issuer == "https://issuer.example.com");
  CHECK(resources[2].openid_config_url == "https://keys.example.com/openid");
}

TEST_CASE("all resources may stand in the file") {
  Place place;

  const auto result = place.load(
      file_of(jpe()),
      {{"ACS_CONNECTION_STRING", ""}, {"ACS_TOKEN_AUDIENCE", ""}, {"ACS_RESOURCE_ID", ""}});

  CHECK(describe_faults(result.faults).starts_with("0 faults"));
  REQUIRE(result.config.acs_resources.size() == 1);
  CHECK(result.config.acs_resources[0].label == "jpe");
}

TEST_CASE("without a file there is the one resource, called default") {
  Place place;

  const auto result =
      place.load("", {{"ACS_RESOURCES_FILE", ""}, {"ACS_LABEL", ""}, {"ACS_RESOURCE_ID", ""}});

  CHECK(result.faults.empty());
  REQUIRE(result.config.acs_resources.size() == 1);
  CHECK(result.config.acs_resources[0].label == "default");
}

TEST_CASE("every fault of the file is named with its place and how to mend it") {
  Place place;

  const auto result = place.load(file_of(R"({"label": "West", "conectionString": "x",
     "endpoint": "http://far.example.com", "resourceId": "voice", "openIdConfigUrl": "ftp://x"},
     7, {"label": "b", "tokenAudience": 5, "connectionString": "a", "endpoint": "b"})"));

  CHECK(has_fault(result, "resources[0].label is none"));
  CHECK(has_fault(result, "resources[0].conectionString is no member"));
  CHECK(has_fault(result, "resources[0].endpoint cannot be used"));
  CHECK(has_fault(result, "resources[0].resourceId is not the id"));
  CHECK(has_fault(result, "resources[0].openIdConfigUrl is no https URL"));
  CHECK(has_fault(result, "resources[0].tokenAudience is missing"));
  CHECK(has_fault(result, "resources[1] is no object"));
  CHECK(has_fault(result, "resources[2].resourceId is missing"));
  CHECK(has_fault(result, "resources[2].tokenAudience is neither"));
  CHECK(has_fault(result, "resources[2] has both"));
  CHECK(has_fault(result, "JSON view"));
}

TEST_CASE("a file that is no list of resources is a fault that says where to look") {
  Place place;

  CHECK(has_fault(place.load("{\"resources\": [\n{,"), "no JSON from line 2 on"));
  CHECK(has_fault(place.load("{} trailing"), "no JSON"));
  for (const auto* text : {"[]", "{}", R"({"resources": []})", R"({"resources": 1})",
                           R"({"resources": [{}], "more": 1})"})
    CHECK(has_fault(place.load(text), "is not {\"resources\""));
  CHECK(has_fault(place.load("", {{"ACS_RESOURCES_FILE", "/nowhere.json"}}), "cannot be read"));
}

TEST_CASE("resources that could be taken for each other are a fault") {
  Place place;

  CHECK(has_fault(place.load(file_of(jpe() + "," + jpe())), "'jpe' is there twice"));
  CHECK(has_fault(place.load(file_of(jpe() + "," + jpe())), "has the id of another"));
  CHECK(has_fault(
      place.load(file_of(jpe()), {{"ACS_TOKEN_AUDIENCE", "0A1B2C3D-0000-4000-8000-000000000002"}}),
      "has a token audience of another"));
  CHECK(has_fault(place.load(file_of(jpe()), {{"ACS_RESOURCE_ID", ""}}), "is missing though",
                  "ACS_RESOURCE_ID"));
  CHECK(has_fault(place.load(file_of(jpe()), {{"ACS_LABEL", "Not one"}}), "no label", "ACS_LABEL"));
}

TEST_CASE("secrets of the file are in no fault and in nothing that is shown") {
  Place place;
  auto broken = jpe();
  broken.replace(broken.find("accesskey="), 10, "acceskey=");

  const auto result = place.load(file_of(broken));

  CHECK(has_fault(result, "resources[0].connectionString cannot be used"));
  CHECK(describe_faults(result.faults).find("c2VjcmV0") == std::string::npos);
}

TEST_CASE("a file that others can read is warned of") {
  Place place;
  place.mode = 0644;

  const auto result = place.load(file_of(jpe()));

  CHECK(result.faults.empty());
  REQUIRE(result.warnings.size() == 1);
  CHECK(result.warnings[0].find("chmod 600") != std::string::npos);
}
