// What a start that fails leaves behind.

#include "tests/scenario/world.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::scenario;

namespace {

app::Config config_on_the_same_port(World& world) {
  app::Environment environment;
  for (const auto& [name, value] : world.acs->environment()) environment[name] = value;
  environment["AZURE_VOICE_LIVE_ENDPOINT"] = world.acs->base_url();
  environment["AZURE_VOICE_LIVE_API_KEY"] = "voice-live-key";
  environment["EVENT_GRID_SECRET"] = World::event_grid_secret;
  environment["CALLBACK_URI_HOST"] = World::service_url;
  environment["EARSHOT_API_KEY"] = World::api_key;
  environment["PORT"] = std::to_string(World::service_port);
  environment["AZURE_STORAGE_FOLDER"] = (world.directory.path() / "recordings").string();
  environment["EARSHOT_DATA_DIR"] = (world.directory.path() / "second").string();
  auto loaded = app::load_config(environment, {});
  const std::string faults =
      loaded.faults.empty() ? std::string() : app::describe_faults(loaded.faults);
  REQUIRE_MESSAGE(loaded.faults.empty(), faults);
  return std::move(loaded.config);
}

}  // namespace

TEST_CASE("a process whose port is taken says so, and ends what it had begun") {
  World world;
  InlineOffload offload;
  Counters counters;
  app::Outside outside{.network = world.network,
                       .workers = {&world.runtime.executor()},
                       .clock = world.runtime.clock(),
                       .random = world.random,
                       .log = world.log,
                       .counters = counters,
                       .offload = offload};

  const auto second =
      world.runtime.run_for(app::start_service(config_on_the_same_port(world), std::move(outside)));

  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().message.find("listening on") != std::string::npos);
  CHECK_FALSE(world.log.contains("task group destroyed with tasks running"));
  world.runtime.advance(1min);  // nothing of it is left to run
}
