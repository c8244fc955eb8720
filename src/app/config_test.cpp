#include "app/config.hpp"

#include "base/base64.hpp"
#include "tests/contract/temporary_directory.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fstream>
#include <sstream>

using namespace earshot;
using namespace earshot::app;

namespace {

// What a working service needs, and nothing more.
Environment minimal() {
  return {{"ACS_CONNECTION_STRING",
           "endpoint=https://demo.communication.azure.com/;accesskey=MDEyMzQ1Njc4OWFiY2RlZg=="},
          {"CALLBACK_URI_HOST", "https://voice.example.com/"},
          {"AZURE_VOICE_LIVE_ENDPOINT", "https://demo.services.ai.azure.com"},
          {"ACS_TOKEN_AUDIENCE", "0a1b2c3d-0000-4000-8000-000000000001"},
          {"EVENT_GRID_SECRET", "0123456789abcdef"},
          {"EARSHOT_API_KEY", "0123456789abcdef0123"}};
}

bool has_fault(const ConfigResult& result, std::string_view variable, std::string_view words) {
  return std::ranges::any_of(result.faults, [&](const ConfigFault& fault) {
    return fault.variable == variable &&
           (fault.problem + fault.remedy).find(words) != std::string::npos;
  });
}

ConfigResult with(std::string name, std::string value) {
  Environment environment = minimal();
  environment[std::move(name)] = std::move(value);
  return load_config(environment, {});
}

}  // namespace

TEST_CASE("the few settings that matter are enough, and the rest has sensible defaults") {
  const auto result = load_config(minimal(), {});

  CHECK(describe_faults(result.faults).find("0 faults") == 0);
  CHECK(result.config.callback_uri_host == "https://voice.example.com");
  CHECK(result.config.recording_use_byos);
  CHECK(result.config.assistant_name == "Richard");
  CHECK(result.config.greeting_wait == 3s);
  CHECK(result.config.media_socket_auth == MediaSocketAuth::jwt_and_secret);
  CHECK_FALSE(result.config.allow_unauthenticated_callbacks);
  CHECK(result.config.storage_folder == "data/recordings");
}

TEST_CASE("every fault is reported at once, with how to mend it") {
  const auto result = load_config({{"PORT", "eighty"}, {"RECORDING_FORMAT", "ogg"}}, {});

  CHECK(has_fault(result, "PORT", "not a whole number"));
  CHECK(has_fault(result, "RECORDING_FORMAT", "wav, mp3"));
  CHECK(has_fault(result, "ACS_CONNECTION_STRING", "Keys"));
  CHECK(has_fault(result, "ACS_TOKEN_AUDIENCE", "immutableResourceId"));
  CHECK(has_fault(result, "EARSHOT_API_KEY", "openssl rand"));
}

TEST_CASE("the audience is not asked for when callbacks are open, which is warned of") {
  Environment environment = minimal();
  environment.erase("ACS_TOKEN_AUDIENCE");
  environment["ALLOW_UNAUTHENTICATED_CALLBACKS"] = "true";

  const auto result = load_config(environment, {});

  CHECK(result.faults.empty());
  REQUIRE(result.warnings.size() == 1);
  CHECK(result.warnings[0].find("anybody") != std::string::npos);
}

TEST_CASE("plain http is taken for the machine itself and for nothing else") {
  CHECK(with("CALLBACK_URI_HOST", "http://127.0.0.1:8080").faults.empty());
  CHECK(has_fault(with("CALLBACK_URI_HOST", "http://voice.example.com"), "CALLBACK_URI_HOST",
                  "use https"));
  CHECK(has_fault(with("CALLBACK_URI_HOST", "ftp://voice.example.com"), "CALLBACK_URI_HOST",
                  "no URL"));
}

TEST_CASE("unmixed mp3 is a fault, since ACS does not record it") {
  Environment environment = minimal();
  environment["RECORDING_FORMAT"] = "mp3";
  environment["RECORDING_CHANNEL_TYPE"] = "unmixed";
  CHECK(has_fault(load_config(environment, {}), "RECORDING_FORMAT", "unmixed"));
}

TEST_CASE("two Event Grid secrets are accepted for rotation, three and short ones are not") {
  CHECK(with("EVENT_GRID_SECRET", "0123456789abcdef, fedcba9876543210")
            .config.event_grid_secrets.size() == 2);
  CHECK(has_fault(with("EVENT_GRID_SECRET", "0123456789abcdef,0123456789abcdef,0123456789abcdef"),
                  "EVENT_GRID_SECRET", "more than two"));
  CHECK(has_fault(with("EVENT_GRID_SECRET", "short"), "EVENT_GRID_SECRET", "16"));
}

TEST_CASE("public keys of earlier signing keys are taken, once each, and nothing that is no key") {
  const std::string one = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
  const std::string two = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
  CHECK(with("EARSHOT_FORMER_KEYS", one + ", " + two + "," + one).config.former_manifest_keys ==
        std::vector<Bytes>{Bytes(32, 1), Bytes(32, 2)});
  CHECK(has_fault(with("EARSHOT_FORMER_KEYS", one + ",c2hvcnQ="), "EARSHOT_FORMER_KEYS",
                  "base64 of 32 bytes"));
  std::string many;
  for (int i = 0; i < 17; ++i) many += one + ",";
  CHECK(has_fault(with("EARSHOT_FORMER_KEYS", many), "EARSHOT_FORMER_KEYS", "more than 16"));
}

TEST_CASE("links have two long secrets at most, and end within a day") {
  CHECK(load_config(minimal(), {}).config.link_max == 24h);
  const std::string long_secret(32, 's');
  CHECK(with("LINK_SECRET", long_secret + "," + long_secret).config.link_secrets.size() == 2);
  CHECK(has_fault(with("LINK_SECRET", long_secret + "," + long_secret + "," + long_secret),
                  "LINK_SECRET", "more than two"));
  CHECK(has_fault(with("LINK_SECRET", "short"), "LINK_SECRET", "32"));
  CHECK(with("LINK_MAX_SECONDS", "900").config.link_max == 15min);
  for (const char* wrong : {"0", "59", "86401", "1h"}) {
    CAPTURE(wrong);
    CHECK(has_fault(with("LINK_MAX_SECONDS", wrong), "LINK_MAX_SECONDS", "86400"));
  }
}

TEST_CASE("instances that may share a database are warned of secrets that each would make itself") {
  Environment environment = minimal();
  environment["EARSHOT_DATABASE_URL"] = "postgresql://earshot@db.example.com/earshot";

  const auto warned = load_config(environment, {});

  CHECK(warned.faults.empty());
  REQUIRE(warned.warnings.size() == 2);
  CHECK(warned.warnings[0].find("LINK_SECRET") != std::string::npos);
  CHECK(warned.warnings[1].find("EARSHOT_SIGNING_KEY") != std::string::npos);

  environment["LINK_SECRET"] = std::string(32, 's');
  CHECK(load_config(environment, {}).warnings.size() == 1);
  environment["EARSHOT_SIGNING_KEY"] = base64::encode(Bytes(32, 7));
  CHECK(load_config(environment, {}).warnings.empty());
  // One file, one instance.
  environment = minimal();
  environment["EARSHOT_DATABASE_URL"] = "sqlite:///var/lib/earshot/earshot.db";
  CHECK(load_config(environment, {}).warnings.empty());
}

TEST_CASE("secrets are shown as stars and never in a fault") {
  Environment environment = minimal();
  environment["AZURE_STORAGE_ACCOUNT_KEY"] = "c2VjcmV0";
  environment["ACS_CONNECTION_STRING"] =
      "endpoint=https://demo.communication.azure.com/;accesskey=not*base64";

  const std::string shown = describe_config(environment, {}) + config_as_json(environment, {}) +
                            describe_faults(load_config(environment, {}).faults);

  CHECK(shown.find("c2VjcmV0") == std::string::npos);
  CHECK(shown.find("not*base64") == std::string::npos);
  CHECK(shown.find("***") != std::string::npos);
}

TEST_CASE("the environment wins over the .env file, which reads quotes, exports and comments") {
  const EnvFile file = parse_env_file(
      "# a comment\nexport PORT=9000\nGREETING=\"Good day\"\nnonsense\nUNHEARD_OF=1\n");
  Environment environment = minimal();
  environment["PORT"] = "9001";

  const auto result = load_config(environment, file);

  CHECK(result.config.port == 9001);
  CHECK(result.config.greeting == "Good day");
  CHECK(has_fault(result, ".env line 4", "NAME=value"));
  CHECK(result.unknown == std::vector<std::string>{"UNHEARD_OF"});
}

TEST_CASE("the report's variables are all there, and the example names every setting once") {
  const std::string example = env_example();
  for (const char* name :
       {"RECORDING_USE_BYOS", "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_CONTAINER",
        "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT_KEY", "RECORDING_FORMAT",
        "RECORDING_CHANNEL_TYPE", "CALLBACK_URI_HOST", "RECORDING_SUPPRESS_8522_WARN"}) {
    CAPTURE(name);
    CHECK(example.find(std::string("\n#") + name + "=") != std::string::npos);
    CHECK(configuration_document().find(std::string("`") + name + "`") != std::string::npos);
  }
}

TEST_CASE("a notice that must come first and is none is a fault that says how to mend it") {
  auto environment = minimal();
  environment["RECORDING_CONSENT"] = "notice-first";
  const auto loaded = load_config(environment, {});
  CHECK(loaded.faults.empty());
  CHECK(loaded.config.recording_consent == RecordingConsent::notice_first);
  environment["RECORDING_NOTICE"] = "-";
  CHECK(has_fault(load_config(environment, {}), "RECORDING_CONSENT", "set RECORDING_NOTICE"));
  CHECK(has_fault(with("RECORDING_CONSENT", "both"), "RECORDING_CONSENT",
                  "record-first|notice-first"));
}

TEST_CASE("the documents made from the table are the table's own") {
  const auto content = [](const char* path) {
    std::ostringstream text;
    text << std::ifstream(std::string(EARSHOT_SOURCE_DIR) + path).rdbuf();
    return text.str();
  };
  // Made anew by: earshot config --markdown > docs/configuration.md, and
  // earshot config --env-example > .env.example
  CHECK(content("/docs/configuration.md") == configuration_document());
  CHECK(content("/.env.example") == env_example());
}

TEST_CASE("a variable that is wrong is not called missing as well") {
  for (const auto& [name, value] :
       {std::pair{"CALLBACK_URI_HOST", "ftp://x"}, std::pair{"ACS_CONNECTION_STRING", "nonsense"},
        std::pair{"AZURE_VOICE_LIVE_ENDPOINT", "http://far.example.com"},
        std::pair{"EARSHOT_API_KEY", "short"}, std::pair{"EVENT_GRID_SECRET", "short"}}) {
    CAPTURE(name);
    CHECK(with(name, value).faults.size() == 1);
  }
  Environment environment = minimal();
  environment.erase("ACS_CONNECTION_STRING");
  environment["ACS_ENDPOINT"] = "http://far.example.com";
  CHECK(load_config(environment, {}).faults.size() == 1);
}

TEST_CASE("every fault in the rules of retention is a fault of the configuration") {
  CHECK(
      has_fault(with("RETENTION_RULES_FILE", "/no/such/file"), "RETENTION_RULES_FILE", "no file"));
  const contract::TemporaryDirectory folder;
  const auto file = (folder.path() / "rules.json").string();
  std::ofstream(file) << R"({"rules":[{"name":"a","days":0,"action":"burn"},{"name":"b c"}]})";
  const auto wrong = with("RETENTION_RULES_FILE", file);
  CHECK(has_fault(wrong, "RETENTION_RULES_FILE", "rule \"a\" needs an action"));
  CHECK(has_fault(wrong, "RETENTION_RULES_FILE", "rule \"b c\" needs an action"));
  std::ofstream(file) << R"({"rules":[{"name":"a","days":9,"action":"delete"}]})";
  const auto right = with("RETENTION_RULES_FILE", file);
  CHECK(right.faults.empty());
  CHECK(right.config.retention.rules.size() == 1);
}
